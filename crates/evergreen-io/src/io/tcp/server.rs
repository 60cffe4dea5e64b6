//! A TCP server.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::connection::TcpConnection;
use super::names::Names;
use crate::io::error::TcpError;
use crate::io::literals::bind_first;
use crate::io::server::{HandleConnection, Listener, ServerCore, server};
use crate::net::{TcpListener, TcpStream, ToSocketAddrs};

/// A TCP server that has each connection handled in a task of its own. As Python evergreen's
/// `TCPServer`; a clone is another handle of the same, and dropping the last one closes it.
#[derive(Clone)]
pub struct TcpServer(pub(super) Rc<ServerCore<TcpListener>>);

impl TcpServer {
    /// A server that is not bound. Each connection is given to `handler`.
    ///
    /// ```
    /// use evergreen_io::io::{BaseStream, TcpConnection, TcpServer};
    ///
    /// let echo = TcpServer::new(async |client: TcpConnection| loop {
    ///     match client.read_until(b"\n").await {
    ///         Ok(line) if !line.is_empty() => client.write(&line).map(drop)?,
    ///         ended => return ended.map(drop),
    ///     }
    /// });
    /// # drop(echo);
    /// ```
    pub fn new(handler: impl HandleConnection<TcpConnection>) -> Self {
        Self(ServerCore::handling(handler, TcpConnection::new))
    }

    /// Binds it to an address, and listens there; port 0 lets the system choose. A name is not
    /// resolved here: see [`lookup_host`](crate::net::lookup_host). Connections wait until it
    /// [serves](Self::serve).
    ///
    /// # Errors
    ///
    /// [`StreamError::AlreadyBound`](crate::io::StreamError::AlreadyBound),
    /// [`StreamError::Closed`](crate::io::StreamError::Closed); if the address is malformed, a name,
    /// in use or forbidden; if this thread has no loop.
    pub fn bind(&self, address: impl ToSocketAddrs) -> Result<(), TcpError> {
        self.0.check_unbound()?;
        self.0.bound(bind_first(address, TcpListener::bind_to)?);
        Ok(())
    }

    /// The address that it is bound to, with the port that the system chose.
    ///
    /// # Errors
    ///
    /// [`StreamError::NotBound`](crate::io::StreamError::NotBound),
    /// [`StreamError::Closed`](crate::io::StreamError::Closed).
    pub fn local_addr(&self) -> Result<SocketAddr, TcpError> {
        Ok(self.0.listener()?.local_addr()?)
    }
}

server!(TcpServer, TcpConnection, TcpError, TcpListener);

impl Listener for TcpListener {
    type Stream = TcpStream;
    type Names = Names;

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, Names)>> {
        self.poll_accept(cx).map_ok(|(stream, peer)| (stream, Names::of_peer(peer)))
    }

    fn stop_accepting(&self) {
        self.stop_accepting();
    }
}
