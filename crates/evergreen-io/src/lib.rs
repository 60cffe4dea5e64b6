//! Sockets and streams on the evergreen event loop.
//!
//! The names are tokio's, the stream traits those of `futures-io`. A socket is registered once with
//! its loop, in edge mode, and readiness is cached, so an echo costs a wait, a read and a write.
//!
//! ```
//! use evergreen_io::net::{TcpListener, TcpStream};
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//!
//! evergreen_loop::block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     let server = evergreen_task::spawn(async move {
//!         let (mut stream, _) = listener.accept().await?;
//!         let mut request = [0; 5];
//!         stream.read_exact(&mut request).await?;
//!         stream.write_all(&request).await
//!     });
//!     let mut client = TcpStream::connect(address).await?;
//!     client.write_all(b"hello").await?;
//!     let mut answer = String::new();
//!     client.read_to_string(&mut answer).await?;
//!     assert_eq!(answer, "hello");
//!     server.await.expect("no panic")
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Features
//!
//! None is on by default.
//!
//! - `tokio-io`: tokio's `AsyncRead` and `AsyncWrite` on every stream, so that h2, tokio-util and what
//!   else stands on those traits runs here. No runtime of tokio's comes with it.
//! - `hyper`: hyper's `Read` and `Write` on TCP and Unix streams, its executor and its timer.
//! - `async-io`: `TryFrom` between sockets and `async_io::Async`, both ways. That crate and those upon
//!   it run on this loop as they are, but wait in a thread of their own.
//!
//! # Where to start reading
//!
//! `source` is readiness; `net` are the sockets on it, `pipe` the pipes, `process` the children,
//! `stdio` the standard streams. `resolve` finds the addresses of names, `fs` are files and
//! directories. `io` are the streams of Python evergreen, `lib` its blocking modules.

mod async_fd;
#[cfg(feature = "async-io")]
mod async_io;
mod copy;
pub mod fs;
#[cfg(feature = "hyper")]
pub mod hyper;
mod in_words;
pub mod io;
mod kind;
/// Python's modules that block, as Python evergreen has them: here each call parks its task only.
///
/// New code has more from [`net`], which registers a socket once, and is faster for it.
/// There is no `ssl` here: TLS comes with `futures-rustls` on a [`TcpStream`](net::TcpStream).
pub mod lib {
    pub mod select;
    pub mod socket;
    pub mod time;
    mod watch;
}
pub mod net;
mod no_result;
pub mod pipe;
pub mod process;
mod ready;
pub mod resolve;
pub mod signal;
mod source;
pub mod stdio;
mod stream;
#[cfg(feature = "tokio-io")]
mod tokio_io;

pub use async_fd::{
    AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdRegisterError, TryIoError,
};
pub use copy::{copy, copy_bidirectional};
pub use evergreen_loop::build::Interest;
pub use ready::Ready;
