//! TCP, with tokio's names.

mod address;
mod split;
mod tcp_listener;
mod tcp_stream;

#[doc(hidden)]
pub use address::Target;
pub use address::ToSocketAddrs;
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use tcp_listener::TcpListener;
pub use tcp_stream::TcpStream;
