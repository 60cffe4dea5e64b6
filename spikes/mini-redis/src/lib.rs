//! mini-redis, unchanged, on an evergreen loop: the tests here, and the stand-in for tokio that it is
//! built with.
