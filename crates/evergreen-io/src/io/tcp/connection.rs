//! A connection that a TCP server has accepted.

use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;

use super::server::TcpServer;
use super::socket::with_socket;
use crate::io::base_stream::BaseStream;
use crate::io::core::StreamCore;
use crate::io::error::TcpError;
use crate::io::server::Accepted;
use crate::net::{TcpListener, TcpStream};

/// A connection that a [`TcpServer`] has accepted. As Python evergreen's `TCPConnection`; a clone is
/// another handle of the same.
#[derive(Clone)]
pub struct TcpConnection(Rc<Accepted<TcpListener>>);

impl TcpConnection {
    pub(super) const fn new(accepted: Rc<Accepted<TcpListener>>) -> Self {
        Self(accepted)
    }

    /// The server that has accepted it; `None` once either is closed.
    pub fn server(&self) -> Option<TcpServer> {
        self.0.server().map(TcpServer)
    }

    /// The address of this end, asked for once.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`](crate::io::StreamError::Closed), and what the system says.
    pub fn local_addr(&self) -> Result<SocketAddr, TcpError> {
        self.0.names.local(&self.0.core, &self.0.socket)
    }

    /// The address of the client.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`](crate::io::StreamError::Closed).
    pub fn peer_addr(&self) -> Result<SocketAddr, TcpError> {
        self.0.names.peer(&self.0.core, &self.0.socket)
    }

    /// Whether small writes go out at once (`TCP_NODELAY`), instead of waiting until what was sent
    /// before has arrived. They wait unless it is set.
    ///
    /// # Errors
    ///
    /// As [`local_addr`](Self::local_addr).
    pub fn nodelay(&self) -> Result<bool, TcpError> {
        with_socket(&self.0.core, &self.0.socket, TcpStream::nodelay)
    }

    /// Sets it.
    ///
    /// # Errors
    ///
    /// As [`local_addr`](Self::local_addr).
    pub fn set_nodelay(&self, on: bool) -> Result<(), TcpError> {
        with_socket(&self.0.core, &self.0.socket, |socket| socket.set_nodelay(on))
    }
}

impl BaseStream for TcpConnection {
    type Error = TcpError;

    fn stream_core(&self) -> &StreamCore {
        &self.0.core
    }
}

impl fmt::Debug for TcpConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TcpConnection").field(self.stream_core()).finish()
    }
}
