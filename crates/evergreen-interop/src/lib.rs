//! Crates that know nothing of evergreen, unchanged on its streams. What the tests and the examples
//! here share.

pub mod http;
pub mod tls;
