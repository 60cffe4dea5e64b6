//! A TCP server.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::connection::TcpConnection;
use crate::io::error::TcpError;
use crate::io::server::{HandleConnection, Listener, ServerCore};
use crate::net::{Target, TcpListener, TcpStream, ToSocketAddrs};

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
        let mut refused = io::ErrorKind::InvalidInput.into();
        for address in literals(address)? {
            match TcpListener::bind_to(address) {
                Ok(listener) => {
                    self.0.bound(listener);
                    return Ok(());
                },
                Err(error) => refused = error,
            }
        }
        Err(refused.into())
    }

    /// Accepts connections until the server is closed. As many may wait to be accepted as the system
    /// allows.
    ///
    /// What goes wrong while it accepts is told to the loop's exception handler, and it goes on: at
    /// once where only one connection was concerned, else after at most a second (see
    /// [`TcpListener::accept`]).
    ///
    /// # Errors
    ///
    /// [`StreamError::NotBound`](crate::io::StreamError::NotBound),
    /// [`StreamError::AlreadyServing`](crate::io::StreamError::AlreadyServing),
    /// [`StreamError::Closed`](crate::io::StreamError::Closed).
    ///
    /// # Kill safety
    ///
    /// No connection is lost; it stays bound, and may serve again.
    pub async fn serve(&self) -> Result<(), TcpError> {
        Ok(self.0.serve(None).await?)
    }

    /// As [`serve`](Self::serve), and `backlog` connections may wait to be accepted. Zero is as many
    /// as the system allows.
    ///
    /// # Errors
    ///
    /// As [`serve`](Self::serve).
    ///
    /// # Kill safety
    ///
    /// As [`serve`](Self::serve).
    pub async fn serve_with_backlog(&self, backlog: u32) -> Result<(), TcpError> {
        Ok(self.0.serve(Some(backlog)).await?)
    }

    /// Accepts no more, closes all connections, and has `serve` return. Closing it again does
    /// nothing.
    pub fn close(&self) {
        self.0.close();
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// The connections that are open, in the order in which they were accepted.
    pub fn connections(&self) -> Vec<TcpConnection> {
        self.0.connections().into_iter().map(TcpConnection::new).collect()
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

/// Addresses that need not be looked up.
fn literals(address: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    match address.target()? {
        Target::Addresses(addresses) => Ok(addresses),
        Target::Name(name, _) => {
            let message = format!(
                "`{name}` is a name: resolve it by `net::lookup_host`, and bind to its address"
            );
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        },
    }
}

impl fmt::Debug for TcpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TcpServer").field(&self.0).finish()
    }
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        self.poll_accept(cx).map_ok(|(stream, _)| stream)
    }
}
