//! Listening for connections.

use std::io;
use std::net::{self, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll};

use evergreen_loop::build::{Direction, Interest};
use socket2::{Domain, Socket, Type};

use super::address::{ToSocketAddrs, resolve};
use super::tcp_stream::TcpStream;
use crate::source::Source;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A TCP socket that accepts connections.
///
/// It belongs to the loop of the thread that made it, and may be used from any.
#[derive(Debug)]
pub struct TcpListener {
    source: Source<net::TcpListener>,
}

impl TcpListener {
    /// Listens on an address, with `SO_REUSEADDR`. Port 0 lets the system choose. Of several
    /// addresses the first that works is taken.
    ///
    /// # Errors
    ///
    /// If the address is malformed, unknown, in use or forbidden; if this thread has no loop.
    ///
    /// # Kill safety
    ///
    /// Nothing is bound if it does not return.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let mut result = Err(io::ErrorKind::InvalidInput.into());
        for address in resolve(address).await? {
            result = Self::bind_to(address);
            if result.is_ok() {
                break;
            }
        }
        result
    }

    fn bind_to(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Self::from_std(socket.into())
    }

    /// Takes over a listener of the standard library.
    ///
    /// # Errors
    ///
    /// If it cannot be made non-blocking or registered, or this thread has no loop.
    pub fn from_std(listener: net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self { source: Source::new(listener, Interest::READABLE)? })
    }

    /// Gives the listener back to the standard library. It is non-blocking.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn into_std(self) -> io::Result<net::TcpListener> {
        Ok(self.source.into_io())
    }

    /// Waits for a connection, and gives it with the peer's address.
    ///
    /// # Errors
    ///
    /// What the system says; `ECONNABORTED` and the lack of descriptors pass, the listener stays.
    /// Several tasks may accept at once.
    ///
    /// # Kill safety
    ///
    /// No connection is lost.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.source.io_when_ready(Direction::Read, accept).await?;
        Ok((TcpStream::registered(stream)?, peer))
    }

    /// As [`TcpListener::accept`], to be polled. Only the waker of the last poll is woken.
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        match self.source.poll_io(Direction::Read, cx, accept) {
            Poll::Ready(Ok((stream, peer))) => {
                Poll::Ready(TcpStream::registered(stream).map(|stream| (stream, peer)))
            },
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    /// The address it listens on.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.io().local_addr()
    }
}

/// Accepts a connection that is non-blocking from its first moment.
#[cfg(target_os = "linux")]
fn accept(listener: &net::TcpListener) -> io::Result<(net::TcpStream, SocketAddr)> {
    use rustix::net::{SocketFlags, acceptfrom_with};
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (stream, peer) = acceptfrom_with(listener, flags)?;
    let peer = peer.and_then(|peer| SocketAddr::try_from(peer).ok());
    Ok((stream.into(), peer.ok_or(io::ErrorKind::InvalidData)?))
}

#[cfg(not(target_os = "linux"))]
fn accept(listener: &net::TcpListener) -> io::Result<(net::TcpStream, SocketAddr)> {
    let (stream, peer) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, peer))
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.io().as_fd()
    }
}

impl AsRawFd for TcpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.source.io().as_raw_fd()
    }
}
