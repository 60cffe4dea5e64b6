//! Which kind of socket a descriptor is, where one comes from outside.

use std::fmt;
use std::io;
use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::net::sockopt::socket_type;
use rustix::net::{AddressFamily, SocketType, getsockname};

/// What a descriptor has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    TcpStream,
    TcpListener,
    UnixStream,
    UnixListener,
    UdpSocket,
    UnixDatagram,
}

impl Kind {
    /// An error that says what the descriptor is instead.
    pub(crate) fn check(self, io: &impl AsFd) -> io::Result<()> {
        let actual = match socket_type(io) {
            Err(Errno::NOTSOCK) => return Err(self.is_not(&"no socket: see AsyncFd and fs")),
            Err(error) => return Err(error.into()),
            Ok(actual) => actual,
        };
        match (actual == SocketType::DGRAM, self.is_datagram()) {
            (false, true) => return Err(self.is_not(&"a socket for a stream, not for messages")),
            (_, false) if actual != SocketType::STREAM => {
                return Err(self.is_not(&"a socket for messages, not for a stream"));
            },
            _ => {},
        }
        let family = getsockname(io)?.address_family();
        let unix = family == AddressFamily::UNIX;
        match (self.is_unix(), self.listens(), listens(io)?) {
            (wanted, ..) if wanted != unix => Err(self.is_not(&Family(family, actual))),
            (_, true, Some(false)) => {
                Err(self.is_not(&"a socket that does not listen: use listen"))
            },
            (_, false, Some(true)) => Err(self.is_not(&"a socket that listens: use a listener")),
            _ => Ok(()),
        }
    }

    const fn is_unix(self) -> bool {
        matches!(self, Self::UnixStream | Self::UnixListener | Self::UnixDatagram)
    }

    const fn is_datagram(self) -> bool {
        matches!(self, Self::UdpSocket | Self::UnixDatagram)
    }

    const fn listens(self) -> bool {
        matches!(self, Self::TcpListener | Self::UnixListener)
    }

    fn is_not(self, actual: &dyn fmt::Display) -> io::Error {
        let message = format!("the descriptor of this {self:?} is {actual}");
        io::Error::new(io::ErrorKind::InvalidInput, message)
    }
}

/// Whether the socket listens, where the system can say.
fn listens(io: &impl AsFd) -> io::Result<Option<bool>> {
    #[cfg(not(target_vendor = "apple"))]
    return Ok(Some(rustix::net::sockopt::socket_acceptconn(io)?));
    #[cfg(target_vendor = "apple")]
    return Ok(None);
}

struct Family(AddressFamily, SocketType);

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            AddressFamily::UNIX => f.write_str("a Unix socket"),
            AddressFamily::INET | AddressFamily::INET6 if self.1 == SocketType::DGRAM => {
                f.write_str("a UDP socket")
            },
            AddressFamily::INET | AddressFamily::INET6 => f.write_str("a TCP socket"),
            other => write!(f, "a socket of family {}", other.as_raw()),
        }
    }
}
