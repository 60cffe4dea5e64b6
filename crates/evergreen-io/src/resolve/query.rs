//! What is asked of a resolver, and what it answers.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// What a domain name can have at most, written out.
const NAME_LIMIT: usize = 253;

/// How much of a text that was refused is shown.
const SHOWN: usize = 80;

/// A question, as the arguments of `getaddrinfo`. Numbers are those of the C library; zero stands
/// for any.
///
/// ```
/// use evergreen_io::resolve::Query;
///
/// let query = Query {
///     host: Some("example.com".to_owned()),
///     service: Some("https".to_owned()),
///     family: libc::AF_INET6,
///     ..Query::default()
/// };
/// assert_eq!(query.port(), None);
/// assert_eq!(Query::stream("example.com", 443).port(), Some(443));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Query {
    /// A name or an address. None is this host: its loopback addresses, or with `AI_PASSIVE` those
    /// that a server binds to.
    pub host: Option<String>,
    /// A port as number, or the name of a service. None and an empty one are port 0.
    pub service: Option<String>,
    /// `AF_INET` or `AF_INET6`.
    pub family: i32,
    /// `SOCK_STREAM` or `SOCK_DGRAM`.
    pub socktype: i32,
    /// `IPPROTO_TCP` or `IPPROTO_UDP`.
    pub protocol: i32,
    /// `AI_PASSIVE`, `AI_CANONNAME` and others, joined by or.
    pub flags: i32,
}

impl Query {
    /// Addresses of either family, for connections to a port.
    pub fn stream(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: Some(host.into()),
            service: Some(port.to_string()),
            socktype: libc::SOCK_STREAM,
            ..Self::default()
        }
    }

    /// The port, unless it is given by the name of a service.
    pub fn port(&self) -> Option<u16> {
        self.service().map_or(Some(0), number)
    }

    pub(super) fn service(&self) -> Option<&str> {
        self.service.as_deref().filter(|service| !service.is_empty())
    }

    /// Refuses what no resolver could answer.
    pub(super) fn check(&self) -> io::Result<()> {
        if let Some(service) = self.service() {
            check_text(service)?;
            let digits = service.strip_prefix('-').unwrap_or(service);
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            if self.port().is_none() && is_number {
                return Err(refused(service, "is no port: the last one is 65535"));
            }
        } else if self.host.is_none() {
            let neither = "there is neither a host nor a service to look up";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, neither));
        }
        self.host.as_deref().map_or(Ok(()), check_text)
    }

    /// Refuses a host that is no address and can be no name. Zones are the system's to judge.
    pub(super) fn check_name(&self) -> io::Result<()> {
        let is_address = |host: &str| host.contains('%') || host.parse::<IpAddr>().is_ok();
        match self.host.as_deref() {
            Some("") => Err(refused("", "is no host name: there is nothing in it")),
            Some(host) if host.contains(':') && !is_address(host) => {
                Err(refused(host, "is no IPv6 address, and a name has no colon"))
            },
            Some(host) if host.trim_end_matches('.').len() > NAME_LIMIT => {
                let why = format!("is no host name: {} bytes, {NAME_LIMIT} at most", host.len());
                Err(refused(host, &why))
            },
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Query {
    /// The host, with the service if it has a name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.host.as_deref().unwrap_or("this host"))?;
        match self.service() {
            Some(service) if self.port().is_none() => write!(f, ":{service}"),
            _ => Ok(()),
        }
    }
}

/// Refuses what the C library would cut short.
pub(super) fn check_text(text: &str) -> io::Result<()> {
    if text.contains('\0') { Err(refused(text, "has a NUL byte in it")) } else { Ok(()) }
}

/// The error about a text that cannot be used.
pub(crate) fn refused(text: &str, why: &str) -> io::Error {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    let message = format!("`{}` {why}", shown.escape_debug());
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// A number of digits alone: `parse` takes a sign too.
pub(crate) fn number<T: FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// One address of an answer, and the socket that it is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AddrInfo {
    /// `AF_INET` or `AF_INET6`.
    pub family: i32,
    /// `SOCK_STREAM`, `SOCK_DGRAM` or `SOCK_RAW`.
    pub socktype: i32,
    /// `IPPROTO_TCP`, `IPPROTO_UDP`, or another one of raw sockets.
    pub protocol: i32,
    /// The name that the host has besides; if it was asked for, and for the first address alone.
    pub canonical_name: Option<String>,
    /// The address, with the port.
    pub address: SocketAddr,
}

impl From<SocketAddr> for AddrInfo {
    /// The address, for connections.
    fn from(address: SocketAddr) -> Self {
        let (socktype, protocol) = (libc::SOCK_STREAM, libc::IPPROTO_TCP);
        Self { family: family(&address), socktype, protocol, canonical_name: None, address }
    }
}

pub(super) const fn family(address: &SocketAddr) -> i32 {
    match address {
        SocketAddr::V4(_) => libc::AF_INET,
        SocketAddr::V6(_) => libc::AF_INET6,
    }
}
