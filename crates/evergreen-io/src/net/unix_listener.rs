//! Listening for connections on a Unix socket.

use std::io;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use super::accept::{Accepted, Acceptor};
use super::bind_error;
use super::kind::Kind;
use super::listener::listener;
use super::unix_addr::{Named, address_of, peer};
use super::unix_stream::UnixStream;
use crate::source::Source;

/// A Unix socket that accepts connections.
///
/// It belongs to the loop of the thread that made it, and may be used from any. Its file stays
/// when it is dropped: remove it before the next one is bound.
///
/// ```
/// use evergreen_io::net::{UnixListener, UnixStream};
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
///
/// let path = std::env::temp_dir().join(format!("evergreen-doc-{}.socket", std::process::id()));
/// evergreen_loop::block_on(async {
///     let listener = UnixListener::bind(&path)?;
///     let mut client = UnixStream::connect(&path).await?;
///     client.write_all(b"hello").await?;
///     client.close().await?;
///     let (mut server, _) = listener.accept().await?;
///     let mut word = String::new();
///     server.read_to_string(&mut word).await?;
///     assert_eq!(word, "hello");
///     std::fs::remove_file(&path)
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct UnixListener {
    acceptor: Acceptor<net::UnixListener>,
}

listener!(UnixListener, net::UnixListener, UnixStream, SocketAddr, Kind::UnixListener, peer);

impl UnixListener {
    /// Listens on a path, where a file is made. On Linux a path that begins with a zero byte is an
    /// abstract name instead, which has no file.
    ///
    /// # Errors
    ///
    /// If the path is too long or has a zero byte inside, exists, lies in no directory, or is
    /// forbidden; if this thread has no loop.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::bind_addr(&address_of(path.as_ref())?)
    }

    /// Listens on an address, as the standard library has it.
    ///
    /// # Errors
    ///
    /// As [`UnixListener::bind`].
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        let bound = net::UnixListener::bind_addr(address);
        let listener = bound.map_err(|error| bind_error::at_path(&Named(address), error))?;
        listener.set_nonblocking(true)?;
        Self::registered(listener)
    }
}
