//! A TCP socket that is set up step by step.

use std::io;
use std::net::{self, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use socket2::{Domain, Socket, Type};

use super::bind_error;
use super::connect::blame;
use super::tcp_listener::TcpListener;
use super::tcp_options::option;
use super::tcp_stream::{TcpStream, begin_to_connect};

/// A TCP socket that is neither connected nor listening yet, for options that have to be set
/// before.
///
/// One loop for each core, each with a listener of its own on one address:
///
/// ```
/// use evergreen_io::net::TcpSocket;
///
/// fn listen(port: u16) -> std::io::Result<evergreen_io::net::TcpListener> {
///     let socket = TcpSocket::new_v4()?;
///     socket.set_reuseport(true)?;
///     socket.bind(([127, 0, 0, 1], port).into())?;
///     socket.listen(1024)
/// }
///
/// evergreen_loop::block_on(async {
///     let first = listen(0)?;
///     let second = listen(first.local_addr()?.port())?;
///     assert_eq!(first.local_addr()?, second.local_addr()?);
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct TcpSocket {
    socket: Socket,
    /// Others made it, who may have duplicates.
    shared: bool,
}

impl TcpSocket {
    /// A socket for IPv4.
    ///
    /// # Errors
    ///
    /// If the system has no descriptors left.
    pub fn new_v4() -> io::Result<Self> {
        Self::new(Domain::IPV4)
    }

    /// A socket for IPv6.
    ///
    /// # Errors
    ///
    /// If the system has no descriptors left, or no IPv6.
    pub fn new_v6() -> io::Result<Self> {
        Self::new(Domain::IPV6)
    }

    pub(super) fn for_address(address: SocketAddr) -> io::Result<Self> {
        Self::new(Domain::for_address(address))
    }

    fn new(domain: Domain) -> io::Result<Self> {
        Ok(Self { socket: non_blocking(domain)?, shared: false })
    }

    /// Takes over a socket of the standard library, which is not connected.
    ///
    /// A socket that cannot be made non-blocking has every later call fail.
    pub fn from_std_stream(stream: net::TcpStream) -> Self {
        let socket = Socket::from(stream);
        socket.set_nonblocking(true).ok();
        Self { socket, shared: true }
    }

    option!(keepalive);
    option!(reuseaddr);
    option!(reuseport);
    option!(send_buffer_size);
    option!(recv_buffer_size);
    option!(linger);
    option!(nodelay);
    option!(ttl);
    option!(tos);

    /// The network device it is bound to, by name.
    ///
    /// # Errors
    ///
    /// What the system says.
    #[cfg(target_os = "linux")]
    pub fn device(&self) -> io::Result<Option<Vec<u8>>> {
        self.socket.device()
    }

    /// Binds it to a network device, or to none (`SO_BINDTODEVICE`). Such as `Some(b"eth0")`.
    ///
    /// # Errors
    ///
    /// What the system says: `ENODEV` if there is no such device.
    #[cfg(target_os = "linux")]
    pub fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
        self.socket.bind_device(interface)
    }

    /// The address it is bound to.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()?.as_socket().ok_or_else(|| io::ErrorKind::Unsupported.into())
    }

    /// The error that the socket has run into, if nobody was told of it yet.
    ///
    /// # Errors
    ///
    /// If the system cannot say.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }

    /// Takes an address for its own. Port 0 lets the system choose.
    ///
    /// # Errors
    ///
    /// If the address is in use, forbidden, or of no interface here.
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        let bound = self.socket.bind(&address.into());
        bound.map_err(|error| bind_error::at(&address, Some(address), error))
    }

    /// Connects it.
    ///
    /// # Errors
    ///
    /// With a [`ConnectError`](super::ConnectError) inside: refused, unreachable, timed out, of the
    /// other family. If this thread has no loop.
    ///
    /// # Kill safety
    ///
    /// The attempt is given up and the socket closed.
    pub async fn connect(self, address: SocketAddr) -> io::Result<TcpStream> {
        self.attempt(address).await.map_err(|error| blame(address, error))
    }

    /// The same. Its error does not name the address.
    pub(super) async fn attempt(self, address: SocketAddr) -> io::Result<TcpStream> {
        begin_to_connect(&self.socket, &address.into())?;
        self.into_stream()?.connected().await
    }

    fn into_stream(self) -> io::Result<TcpStream> {
        let socket = self.socket.into();
        if self.shared { TcpStream::shared(socket) } else { TcpStream::registered(socket) }
    }

    /// Has it listen. `backlog` is how many connections may wait to be accepted; the system has a
    /// limit of its own.
    ///
    /// # Errors
    ///
    /// What the system says; if this thread has no loop.
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        self.socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        let socket = self.socket.into();
        if self.shared { TcpListener::shared(socket) } else { TcpListener::registered(socket) }
    }
}

/// A socket for a stream, which does not block from its first moment.
pub(super) fn non_blocking(domain: Domain) -> io::Result<Socket> {
    #[cfg(target_os = "linux")]
    let socket = Socket::new(domain, Type::STREAM.nonblocking(), None)?;
    #[cfg(not(target_os = "linux"))]
    let socket = Socket::new(domain, Type::STREAM, None)?;
    #[cfg(not(target_os = "linux"))]
    socket.set_nonblocking(true)?;
    Ok(socket)
}

impl From<TcpSocket> for OwnedFd {
    fn from(socket: TcpSocket) -> Self {
        socket.socket.into()
    }
}

impl AsFd for TcpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for TcpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
