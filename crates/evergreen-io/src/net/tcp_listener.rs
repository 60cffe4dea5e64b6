//! Listening for TCP connections.

use std::io;
use std::net::{self, SocketAddr};

use rustix::net::SocketAddrAny;

use super::accept::{Accepted, Acceptor};
use super::address::{ToSocketAddrs, first};
use super::kind::Kind;
use super::listener::listener;
use super::tcp_options::option;
use super::tcp_socket::TcpSocket;
use super::tcp_stream::TcpStream;
use crate::source::Source;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A TCP socket that accepts connections.
///
/// It belongs to the loop of the thread that made it, and may be used from any.
///
/// ```no_run
/// use evergreen_io::net::TcpListener;
/// use futures_lite::io::copy;
///
/// evergreen_loop::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:7").await?;
///     while let Ok((stream, _peer)) = listener.accept().await {
///         evergreen_task::spawn(async move { copy(&stream, &mut &stream).await });
///     }
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct TcpListener {
    acceptor: Acceptor<net::TcpListener>,
}

listener!(TcpListener, net::TcpListener, TcpStream, SocketAddr, Kind::TcpListener, peer);

impl TcpListener {
    /// Listens on an address, with `SO_REUSEADDR`. Port 0 lets the system choose. Of several
    /// addresses the first that works is taken. For other options see [`TcpSocket`].
    ///
    /// # Errors
    ///
    /// If the address is malformed, unknown, in use or forbidden; if this thread has no loop.
    ///
    /// # Kill safety
    ///
    /// Nothing is bound if it does not return.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        first(address, Self::bind_to).await
    }

    pub(crate) fn bind_to(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::for_address(address)?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    }

    option!(ttl);
}

fn peer(address: Option<SocketAddrAny>) -> io::Result<SocketAddr> {
    let address = address.and_then(|address| SocketAddr::try_from(address).ok());
    address.ok_or_else(|| io::ErrorKind::InvalidData.into())
}
