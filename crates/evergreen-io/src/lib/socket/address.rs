//! The addresses that sockets of several families have.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, SocketAddrAny};
use socket2::SockAddr;

use super::Socket;
use crate::net::{address_of, system_address, unix_name, unix_peer};
use crate::resolve::{Query, getaddrinfo, literal, refused};

/// An address of whatever family: what Python has a tuple or a path for.
///
/// It is made `from` what else stands for one:
///
/// ```
/// use evergreen_io::lib::socket::Address;
/// use std::path::Path;
///
/// assert_eq!(Address::from(("localhost", 80)), Address::Host("localhost".to_owned(), 80));
/// assert_eq!(Address::from(Path::new("/run/x")), Address::Path("/run/x".into()));
/// assert!(matches!(Address::from(([127, 0, 0, 1], 80)), Address::Ip(_)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// Of IPv4 or IPv6.
    Ip(SocketAddr),
    /// A name, or an address as text, and a port. An empty one is any address of this host. It is
    /// what may be given; a socket never has it.
    Host(String, u16),
    /// Of a Unix socket. Behind a zero byte, on Linux, it is an abstract name.
    Path(PathBuf),
    /// A Unix socket has no name before it is bound, and the sender of a stream is not told.
    Unnamed,
}

impl Address {
    /// What the system has told.
    pub(super) fn told(address: Option<SocketAddrAny>) -> io::Result<Self> {
        let Some(address) = address else { return Ok(Self::Unnamed) };
        if address.address_family() == AddressFamily::UNIX {
            let name = unix_name(&unix_peer(Some(address))?);
            return Ok(name.map_or(Self::Unnamed, Self::Path));
        }
        Ok(SocketAddr::try_from(address).map_or(Self::Unnamed, Self::Ip))
    }

    /// As a socket of some family takes it, if no resolver needs to be asked.
    pub(super) fn known(
        &self,
        family: impl FnOnce() -> io::Result<i32>,
    ) -> io::Result<Option<SockAddr>> {
        Ok(Some(match self {
            Self::Ip(address) => (*address).into(),
            Self::Host(host, port) if host.is_empty() => {
                SocketAddr::new(any(family()?), *port).into()
            },
            Self::Host(host, port) => return Ok(literal::address(host, *port)?.map(Into::into)),
            Self::Path(path) => system_address(&address_of(path)?)?,
            Self::Unnamed => {
                let message = "an address without a name: nobody can be reached there";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            },
        }))
    }

    /// As the socket takes it.
    pub(super) async fn resolve(&self, socket: &Socket) -> io::Result<SockAddr> {
        if let Some(address) = self.known(|| socket.family())? {
            return Ok(address);
        }
        let Self::Host(host, port) = self else { unreachable!("all others are known") };
        let (family, socktype) = (socket.family()?, socket.kind()?);
        let query = Query { family, socktype, ..Query::stream(host, *port) };
        let found = getaddrinfo(query).await?;
        let first = found.first().ok_or_else(|| refused(host, "has no address"))?;
        Ok(first.address.into())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Host(host, port) => write!(f, "{host}:{port}"),
            Self::Path(path) => f.write_str(&path.display().to_string().replace('\0', "@")),
            Self::Unnamed => f.write_str("an address without a name"),
        }
    }
}

const fn any(family: i32) -> IpAddr {
    if family == libc::AF_INET6 {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    } else {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    }
}

macro_rules! ip {
    ($($type:ty),*) => { $(
        impl From<$type> for Address {
            fn from(address: $type) -> Self {
                Self::Ip(address.into())
            }
        }
    )* };
}

ip!(SocketAddr, SocketAddrV4, SocketAddrV6, (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

impl From<([u8; 4], u16)> for Address {
    fn from(address: ([u8; 4], u16)) -> Self {
        Self::Ip(address.into())
    }
}

impl From<(&str, u16)> for Address {
    fn from((host, port): (&str, u16)) -> Self {
        Self::Host(host.to_owned(), port)
    }
}

impl From<(String, u16)> for Address {
    fn from((host, port): (String, u16)) -> Self {
        Self::Host(host, port)
    }
}

impl From<&Path> for Address {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_owned())
    }
}

impl From<PathBuf> for Address {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}
