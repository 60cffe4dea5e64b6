//! A TCP connection.

use std::io;
use std::net::{self, SocketAddr};
use std::task::{Context, Poll};

use evergreen_loop::build::Direction;
use socket2::{SockAddr, Socket};

use super::address::{ToSocketAddrs, resolve};
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

connection!(TcpStream, net::TcpStream, SocketAddr, Kind::TcpStream, tcp);

impl TcpStream {
    /// Connects to an address. Of several, the first that answers is taken.
    ///
    /// # Errors
    ///
    /// That of the last address: refused, unreachable, timed out; if the address is malformed or
    /// unknown; if this thread has no loop.
    ///
    /// # Kill safety
    ///
    /// The attempt is given up and its socket closed.
    pub async fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        let mut result = Err(io::ErrorKind::InvalidInput.into());
        for address in resolve(address).await? {
            result = TcpSocket::for_address(address)?.connect(address).await;
            if result.is_ok() {
                break;
            }
        }
        result
    }

    /// Connects a socket that is non-blocking.
    pub(super) async fn connect_socket(socket: Socket, address: SocketAddr) -> io::Result<Self> {
        begin_to_connect(&socket, &address.into())?;
        let stream = Self::registered(socket.into())?;
        stream.source.clear_ready(Direction::Write);
        stream.writable().await?;
        match stream.take_error()? {
            Some(error) => Err(error),
            None => Ok(stream),
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
fn begin_to_connect(socket: &Socket, address: &SockAddr) -> io::Result<()> {
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
