//! The halves of a Unix connection, and what else belongs to Unix sockets.

#[cfg(target_os = "linux")]
pub use super::unix_addr::UCred;
pub use std::os::unix::net::SocketAddr;

crate::net::halves::halves!(UnixStream, std::os::unix::net::UnixStream, SocketAddr);
