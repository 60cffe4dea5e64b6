//! A TCP connection.

use std::io;
use std::net::{self, SocketAddr};
use std::task::{Context, Poll};

use evergreen_loop::build::Direction;
use socket2::{SockAddr, Socket};

use super::address::{ToSocketAddrs, resolve};
use super::connect::connect;
use super::connection::connection;
use super::kind::Kind;
use super::tcp;
use super::tcp_options::option;
use super::tcp_socket::TcpSocket;
use crate::source::{Source, uninterrupted};

/// A TCP connection: bytes in both directions, by the traits of `futures-io`.
///
/// It belongs to the loop of the thread that made it. It may be sent to, used and dropped on any
/// other; there each wait goes through the loop, which must be running.
///
/// Through the stream traits one task may read and one may write at a time: of several that read,
/// the one that polled last is woken. [`TcpStream::readable`] and [`TcpStream::writable`] may be
/// awaited by any number.
///
/// ```no_run
/// use evergreen_io::net::TcpStream;
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
///
/// evergreen_loop::block_on(async {
///     let mut stream = TcpStream::connect("example.org:80").await?;
///     stream.write_all(b"HEAD / HTTP/1.0\r\n\r\n").await?;
///     let mut answer = String::new();
///     stream.read_to_string(&mut answer).await?;
///     println!("{answer}");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct TcpStream {
    source: Source<net::TcpStream>,
}

connection!(TcpStream, net::TcpStream, SocketAddr, Kind::TcpStream, tcp, Source::new);

impl TcpStream {
    /// Connects to an address. Several race for it, as those of a name with IPv6 and IPv4: each has
    /// a head start of 250 ms, the next begins at once when one fails, and the first that answers
    /// is taken ("Happy Eyeballs", RFC 8305).
    ///
    /// # Errors
    ///
    /// A [`ConnectError`](super::ConnectError) inside if no address answered: refused, unreachable,
    /// timed out. If the address is malformed or unknown; if this thread has no loop.
    ///
    /// # Kill safety
    ///
    /// All attempts are given up and their sockets closed.
    pub async fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        connect(resolve(address).await?).await
    }

    /// Connects to one address.
    pub(super) async fn connect_to(address: SocketAddr) -> io::Result<Self> {
        TcpSocket::for_address(address)?.attempt(address).await
    }

    /// Waits for the connection that was begun.
    pub(super) async fn connected(self) -> io::Result<Self> {
        self.source.clear_ready(Direction::Write);
        self.writable().await?;
        match self.take_error()? {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    option!(nodelay);
    option!(linger);
    option!(ttl);
    #[cfg(target_os = "linux")]
    option!(quickack);

    /// Waits for bytes and looks at them without taking them. Several tasks may do so at once.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.io_when_ready(Direction::Read, |stream| stream.peek(buffer)).await
    }

    /// As [`TcpStream::peek`], to be polled. Only the waker of the last poll is woken, be it this
    /// one or a read's.
    pub fn poll_peek(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.source.poll_io(Direction::Read, cx, |stream| stream.peek(buffer))
    }
}

/// The connection goes on being made after `EINPROGRESS`, and after a signal.
pub(crate) fn begin_to_connect(socket: &Socket, address: &SockAddr) -> io::Result<()> {
    let mut interrupted = false;
    loop {
        let Err(error) = socket.connect(address) else { return Ok(()) };
        match error.raw_os_error() {
            Some(libc::EINTR) => interrupted = true,
            Some(libc::EINPROGRESS) => return Ok(()),
            Some(libc::EALREADY | libc::EISCONN) if interrupted => return Ok(()),
            _ => return Err(error),
        }
    }
}
