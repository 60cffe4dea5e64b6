//! Streams as Python evergreen has them: buffered, read until a delimiter, written without waiting.
//!
//! [`BaseStream`] are the methods that all of them have. They stand on the sockets of
//! [`net`](crate::net), and belong to one loop: their handles are neither `Send` nor `Sync`, a clone
//! is another handle of the same stream, and the last one to be dropped closes it. For
//! datagrams there is [`UdpEndpoint`], for the numbers of what goes wrong [`errno`].
//!
//! # What a stream may hold
//!
//! It reads from the system only while somebody reads from it, so what a peer may have it hold is
//! bounded by what is asked for. What is written and not out yet is held. Each direction holds fewer
//! than 100 MiB, or what [`set_max_buffer`](BaseStream::set_max_buffer) says; as much or more is
//! [`StreamError::BufferFull`]. [`flush`](BaseStream::flush) waits until all is out.

mod base_stream;
mod buffer;
mod byte_queue;
mod core;
mod endpoint;
pub mod errno;
mod error;
mod literals;
mod outbox;
mod pipe;
mod room;
mod server;
mod tcp;
mod tty;
mod udp;
mod unsent;

pub use self::core::StreamCore;
pub use base_stream::{BaseStream, Pattern};
pub use buffer::ReadBuffer;
pub use endpoint::Endpoint;
pub use error::{PipeError, StreamError, TcpError, TtyError, UdpError};
pub use pipe::{PipeClient, PipeConnection, PipeServer, PipeStream};
pub use server::{HandleConnection, Outcome};
pub use tcp::{TcpClient, TcpConnection, TcpServer};
pub use tty::{TtyStream, reset_mode};
pub use udp::UdpEndpoint;

/// A stream holds less than this of each direction, unless it is told otherwise: 100 MiB.
pub const MAX_BUFFER: usize = 100 * 1024 * 1024;
