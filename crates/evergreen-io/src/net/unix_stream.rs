//! A connection between two processes of one system.

use std::io;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use evergreen_loop::build::Timer;
use socket2::Domain;

use super::connection::connection;
use super::kind::Kind;
use super::pauses::Pauses;
use super::tcp_socket::non_blocking;
use super::unix;
use super::unix_addr::{address_of, connect_error, system_address};
use crate::source::{Source, uninterrupted};

/// A Unix connection: bytes in both directions, by the traits of `futures-io`.
///
/// All that [`TcpStream`](super::TcpStream) says of threads and tasks is true here.
///
/// ```
/// use evergreen_io::net::UnixStream;
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
///
/// evergreen_loop::block_on(async {
///     let (mut ours, mut theirs) = UnixStream::pair()?;
///     ours.write_all(b"hello").await?;
///     drop(ours);
///     let mut word = String::new();
///     theirs.read_to_string(&mut word).await?;
///     assert_eq!(word, "hello");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct UnixStream {
    source: Source<net::UnixStream>,
}

// A read ends with a message that brings descriptors, whatever lies behind it (unix(7)).
connection!(UnixStream, net::UnixStream, SocketAddr, Kind::UnixStream, unix, Source::packets);

impl UnixStream {
    /// Connects to the listener at a path. On Linux a path that begins with a zero byte is an
    /// abstract name instead. While the listener's queue is full it tries again, each time after
    /// twice as long, at most 128 ms.
    ///
    /// # Errors
    ///
    /// If nobody listens there, the path is too long or has a zero byte inside, or is forbidden;
    /// if this thread has no loop.
    ///
    /// # Kill safety
    ///
    /// The attempt is given up and its socket closed.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        let address = address_of(path.as_ref())?;
        Self::connect_addr(&address).await
    }

    /// Connects to an address, as the standard library has it.
    ///
    /// # Errors
    ///
    /// As [`UnixStream::connect`]; if the address has no name.
    ///
    /// # Kill safety
    ///
    /// As [`UnixStream::connect`].
    pub async fn connect_addr(address: &SocketAddr) -> io::Result<Self> {
        let system = system_address(address)?;
        let socket = non_blocking(Domain::UNIX)?;
        let mut pauses = Pauses::new();
        loop {
            match uninterrupted(|| socket.connect(&system)) {
                Ok(()) => return Self::registered(socket.into()),
                // There is no readiness for a place in a queue.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    pauses.wait(Timer::after).await?;
                },
                Err(error) => return Err(connect_error(address, error)),
            }
        }
    }

    /// Two ends of a connection without a name.
    ///
    /// # Errors
    ///
    /// If the system has no descriptors left, or this thread has no loop.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = net::UnixStream::pair()?;
        one.set_nonblocking(true)?;
        other.set_nonblocking(true)?;
        Ok((Self::registered(one)?, Self::registered(other)?))
    }

    /// Who the peer was when it connected, or began to listen.
    ///
    /// # Errors
    ///
    /// What the system says.
    #[cfg(target_os = "linux")]
    pub fn peer_cred(&self) -> io::Result<unix::UCred> {
        super::unix_addr::peer_cred(self.source.io())
    }
}
