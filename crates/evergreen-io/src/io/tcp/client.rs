//! A TCP client.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};

use evergreen_sync::locks::Lock;

use super::names::Names;
use super::socket::with_socket;
use crate::io::base_stream::BaseStream;
use crate::io::core::StreamCore;
use crate::io::error::TcpError;
use crate::net::{TcpSocket, TcpStream, ToSocketAddrs, lookup_host};

/// A connection to a TCP server. As Python evergreen's `TCPClient`; a clone is another handle of the
/// same.
///
/// ```
/// use evergreen_io::io::{BaseStream, TcpClient, TcpConnection, TcpServer};
/// use evergreen_task::spawn;
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let server = TcpServer::new(async |peer: TcpConnection| -> Result<(), _> {
///     peer.write(&peer.read_until(b"\n").await?)?;
///     peer.flush().await
/// });
/// server.bind("127.0.0.1:0")?;
/// let address = server.local_addr()?;
/// let serving = spawn({ let server = server.clone(); async move { server.serve().await } });
///
/// let client = TcpClient::new();
/// client.write(b"written before it is connected\n")?;
/// client.connect(address).await?;
/// assert_eq!(client.read_until(b"\n").await?, b"written before it is connected\n");
/// server.close();
/// serving.await.expect("no panic")
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct TcpClient(Rc<Client>);

#[derive(Default)]
struct Client {
    core: StreamCore,
    socket: RefCell<Weak<TcpStream>>,
    names: Names,
    /// Who connects it does so alone.
    connecting: Lock,
}

impl TcpClient {
    /// A client that is not connected. What is written is held until it is.
    pub fn new() -> Self {
        Self::default()
    }

    /// Connects to a server: an address, or a name and a port. Of several addresses the first that
    /// answers is taken, as by [`TcpStream::connect`].
    ///
    /// # Errors
    ///
    /// [`StreamError::AlreadyConnected`](crate::io::StreamError::AlreadyConnected);
    /// [`StreamError::Closed`](crate::io::StreamError::Closed), also if that happens meanwhile. If
    /// the name has no address or no address answers: then what was written is lost, and it may be
    /// tried again.
    ///
    /// # Kill safety
    ///
    /// It is not connected, and may be tried again; what was written is kept.
    pub async fn connect(&self, target: impl ToSocketAddrs) -> Result<(), TcpError> {
        self.connect_by(TcpStream::connect(target)).await
    }

    /// As [`connect`](Self::connect), from an address of this host. Its port may be zero, for any.
    /// Addresses of the other family are left out; the others are tried one after the other, each
    /// as long as the system does.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect); if the source is not of this host, or in use.
    ///
    /// # Kill safety
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_from(
        &self,
        target: impl ToSocketAddrs,
        source: SocketAddr,
    ) -> Result<(), TcpError> {
        self.connect_by(connect_from(target, source)).await
    }

    async fn connect_by(
        &self,
        connecting: impl Future<Output = io::Result<TcpStream>>,
    ) -> Result<(), TcpError> {
        let _alone = self.0.connecting.lock().await;
        self.0.core.check_new()?;
        let connected = self.0.core.unless_closed(connecting).await?;
        let socket = Rc::new(connected.inspect_err(|_| self.0.core.forget_written())?);
        self.0.socket.replace(Rc::downgrade(&socket));
        Ok(self.0.core.connect(socket)?)
    }

    /// The address of this end, asked for once.
    ///
    /// # Errors
    ///
    /// [`StreamError::NotConnected`](crate::io::StreamError::NotConnected),
    /// [`StreamError::Closed`](crate::io::StreamError::Closed).
    pub fn local_addr(&self) -> Result<SocketAddr, TcpError> {
        self.0.names.local(&self.0.core, &self.0.socket.borrow())
    }

    /// The address of the server, asked for once.
    ///
    /// # Errors
    ///
    /// As [`local_addr`](Self::local_addr).
    pub fn peer_addr(&self) -> Result<SocketAddr, TcpError> {
        self.0.names.peer(&self.0.core, &self.0.socket.borrow())
    }

    /// Whether small writes go out at once (`TCP_NODELAY`), instead of waiting until what was sent
    /// before has arrived. They wait unless it is set.
    ///
    /// # Errors
    ///
    /// As [`local_addr`](Self::local_addr).
    pub fn nodelay(&self) -> Result<bool, TcpError> {
        with_socket(&self.0.core, &self.0.socket.borrow(), TcpStream::nodelay)
    }

    /// Sets it.
    ///
    /// # Errors
    ///
    /// As [`local_addr`](Self::local_addr).
    pub fn set_nodelay(&self, on: bool) -> Result<(), TcpError> {
        with_socket(&self.0.core, &self.0.socket.borrow(), |socket| socket.set_nodelay(on))
    }
}

/// Tries one address after the other.
async fn connect_from(target: impl ToSocketAddrs, source: SocketAddr) -> io::Result<TcpStream> {
    let mut failed = None;
    for address in lookup_host(target).await?.filter(|to| to.is_ipv4() == source.is_ipv4()) {
        match bound(source) {
            Ok(socket) => match socket.connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = Some(error),
            },
            // Why the address before did not answer says more.
            Err(error) => return Err(failed.unwrap_or(error)),
        }
    }
    let family = if source.is_ipv4() { "IPv4" } else { "IPv6" };
    let none = || format!("no {family} address to connect to from {source}");
    Err(failed.unwrap_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, none())))
}

/// A socket to connect from there, also if the system still remembers a connection that was.
fn bound(source: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if source.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(source)?;
    Ok(socket)
}

impl BaseStream for TcpClient {
    type Error = TcpError;

    fn stream_core(&self) -> &StreamCore {
        &self.0.core
    }
}

impl fmt::Debug for TcpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TcpClient").field(self.stream_core()).finish()
    }
}
