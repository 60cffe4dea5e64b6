//! mini-redis's own tests, from where cargo keeps its source. `scripts/mini-redis` says where that is.
#![allow(unused_must_use, unused_qualifications, reason = "they are as their authors wrote them")]

macro_rules! source {
    ($file:literal) => {
        include!(concat!(
            env!("MINI_REDIS_SOURCE", "scripts/mini-redis sets it"),
            "/tests/",
            $file
        ));
    };
}

mod buffer {
    source!("buffer.rs");
}

mod client {
    source!("client.rs");
}

mod server {
    source!("server.rs");
}
