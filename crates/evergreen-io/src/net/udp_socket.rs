//! Datagrams over IP.

mod options;

use std::io;
use std::net::{self, IpAddr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};

use evergreen_loop::build::Direction;
use socket2::SockRef;

use super::address::{ToSocketAddrs, first, resolve};
use super::bind_error;
use super::datagram::{datagram, unsent};
use super::kind::Kind;
use super::tcp_options::option;
use crate::in_words::in_words;
use crate::source::Source;

/// A UDP socket.
///
/// It sends to and receives from any address, or, once connected, only one. It belongs to the loop
/// of the thread that made it, and may be used and dropped on any other; any number of tasks may
/// send and receive at once.
///
/// ```
/// use evergreen_io::net::UdpSocket;
///
/// evergreen_loop::block_on(async {
///     let server = UdpSocket::bind("127.0.0.1:0").await?;
///     let client = UdpSocket::bind("127.0.0.1:0").await?;
///     client.connect(server.local_addr()?).await?;
///     client.send(b"question").await?;
///
///     let mut buffer = [0; 1024];
///     let (length, peer) = server.recv_from(&mut buffer).await?;
///     assert_eq!(&buffer[..length], b"question");
///     server.send_to(b"answer", peer).await?;
///     let length = client.recv(&mut buffer).await?;
///     assert_eq!(&buffer[..length], b"answer");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct UdpSocket {
    source: Source<net::UdpSocket>,
}

datagram!(UdpSocket, net::UdpSocket, SocketAddr, Kind::UdpSocket, limit);

impl UdpSocket {
    /// A socket with an address of its own. Port 0 lets the system choose. Of several addresses the
    /// first that works is taken.
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
        let bound = net::UdpSocket::bind(address);
        let socket = bound.map_err(|error| bind_error::at(&address, Some(address), error))?;
        socket.set_nonblocking(true)?;
        Self::registered(socket)
    }

    /// Sends to one address from now on, and receives only from there. Of several the first that
    /// works is taken. Nothing is sent.
    ///
    /// # Errors
    ///
    /// If the address is malformed or unknown, of the other family, or there is no way to it.
    ///
    /// # Kill safety
    ///
    /// The socket is connected or it is not.
    pub async fn connect(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        first(address, |address| {
            let connected = self.source.io().connect(address);
            connected.map_err(|error| self.astray("connect", address, error))
        })
        .await
    }

    /// Sends a datagram to an address; of several to the first. It goes as a whole, and may be
    /// empty.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if it is too large; if the address is malformed, unknown or of
    /// the other family; what the system says, also of datagrams before.
    ///
    /// # Kill safety
    ///
    /// It is sent or it is not.
    pub async fn send_to(&self, bytes: &[u8], address: impl ToSocketAddrs) -> io::Result<usize> {
        let address = resolve(address).await?[0];
        let send = |io: &net::UdpSocket| io.send_to(bytes, address);
        self.sent_to(address, bytes, self.source.io_when_ready(Direction::Write, send).await)
    }

    /// As [`UdpSocket::send_to`], to be polled. Only the waker of the last poll is woken.
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        address: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        let send = |io: &net::UdpSocket| io.send_to(bytes, address);
        let polled = self.source.poll_io(Direction::Write, cx, send);
        polled.map(|sent| self.sent_to(address, bytes, sent))
    }

    /// As [`UdpSocket::send_to`], if there is room for it now.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] if there is none, and those of [`UdpSocket::send_to`].
    pub fn try_send_to(&self, bytes: &[u8], address: SocketAddr) -> io::Result<usize> {
        let send = |io: &net::UdpSocket| io.send_to(bytes, address);
        self.sent_to(address, bytes, self.source.try_io(Direction::Write, send))
    }

    /// The error of what can never be sent, before it is.
    pub(crate) fn check(&self, bytes: &[u8], address: SocketAddr) -> io::Result<()> {
        let code = match address.port() {
            _ if bytes.len() > largest(self.source.io()).0 => libc::EMSGSIZE,
            _ if self.is_apart_from(address) => libc::EAFNOSUPPORT,
            0 => libc::EINVAL,
            _ => return Ok(()),
        };
        self.sent_to(address, bytes, Err(io::Error::from_raw_os_error(code))).map(drop)
    }

    /// Whether the families keep it from an address. A socket for IPv6 reaches IPv4 from an address
    /// that stands for one of IPv4, and may from any.
    fn is_apart_from(&self, address: SocketAddr) -> bool {
        let reaches_both = || SockRef::from(self.source.io()).only_v6().is_ok_and(|only| !only);
        let to_v4 = address.ip().to_canonical().is_ipv4();
        self.local_addr().is_ok_and(|own| match own.ip() {
            IpAddr::V4(_) => address.is_ipv6(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => to_v4 && !reaches_both(),
            IpAddr::V6(own) => own.to_canonical().is_ipv4() != to_v4,
        })
    }

    fn sent_to(
        &self,
        address: SocketAddr,
        bytes: &[u8],
        sent: io::Result<usize>,
    ) -> io::Result<usize> {
        self.sent(bytes, sent.map_err(|error| self.astray("send", address, error)))
    }

    /// Names both ends if there is no way from one to the other. Other errors may be of datagrams
    /// before, to anywhere.
    fn astray(&self, call: &str, address: SocketAddr, error: io::Error) -> io::Error {
        match (error.raw_os_error(), self.local_addr()) {
            (Some(libc::EINVAL | libc::EAFNOSUPPORT | libc::ENETUNREACH), Ok(local)) => {
                let way_out = match address.port() {
                    _ if self.is_apart_from(address) => {
                        "; it is of the other family: use a socket for each"
                    },
                    0 => "; nobody has port 0",
                    _ => "",
                };
                let text = format!("cannot {call} to {address} from {local}: {error}{way_out}");
                in_words(error, text)
            },
            _ => error,
        }
    }
}

/// What the largest datagram is, and of which version: 65,535 bytes, less the headers.
fn largest(socket: &net::UdpSocket) -> (usize, u8) {
    let v6 = socket.local_addr().is_ok_and(|address| address.is_ipv6());
    if v6 { (65_527, 6) } else { (65_507, 4) }
}

fn limit(socket: &net::UdpSocket, length: usize) -> String {
    let (most, version) = largest(socket);
    if length > most {
        return format!("{most} are the most over IPv{version}");
    }
    "the way there takes less in one piece".to_owned()
}

/// Looks at the next datagram without taking it.
macro_rules! peeks {
    ($peek:ident, $poll:ident, $try:ident, $output:ty, $what:literal) => {
        #[doc = concat!("As `", $what, "`, and the datagram stays for the next call.")]
        ///
        /// # Errors
        ///
        #[doc = concat!("As `", $what, "`.")]
        ///
        /// # Kill safety
        ///
        /// No datagram is lost.
        pub async fn $peek(&self, buffer: &mut [u8]) -> io::Result<$output> {
            self.source.io_when_ready(Direction::Read, |io| io.$peek(buffer)).await
        }

        #[doc = concat!("As `", stringify!($peek), "`, to be polled.")]
        pub fn $poll(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<$output>> {
            self.source.poll_io(Direction::Read, cx, |io| io.$peek(buffer))
        }

        #[doc = concat!("As `", stringify!($peek), "`, if there is a datagram now.")]
        ///
        /// # Errors
        ///
        /// [`io::ErrorKind::WouldBlock`] if there is none, and what the system says.
        pub fn $try(&self, buffer: &mut [u8]) -> io::Result<$output> {
            self.source.try_io(Direction::Read, |io| io.$peek(buffer))
        }
    };
}

impl UdpSocket {
    peeks!(peek, poll_peek, try_peek, usize, "recv");
    peeks!(peek_from, poll_peek_from, try_peek_from, (usize, SocketAddr), "recv_from");
}
