//! What may be given where an address is wanted.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use crate::resolve::{Query, getaddrinfo, literal, number, refused};

/// An address, or a name and a port.
///
/// As text it is `host:port`, with the port as a number: `example.com:80`, `127.0.0.1:80`,
/// `[::1]:80`, `[fe80::1%eth0]:80`. Addresses never leave the loop's thread. Names are asked of the
/// loop's [`Resolver`](crate::resolve::Resolver), and only the task that asks waits.
///
/// It is implemented for what tokio's has it for, and cannot be for other types.
pub trait ToSocketAddrs {
    #[doc(hidden)]
    fn target(&self) -> io::Result<Target>;
}

/// What was given, taken apart.
#[doc(hidden)]
#[derive(Debug)]
pub enum Target {
    Addresses(Vec<SocketAddr>),
    Name(String, u16),
}

impl Target {
    fn of_host(host: &str, port: u16) -> io::Result<Self> {
        Ok(match literal::address(host, port)? {
            Some(address) => Self::Addresses(vec![address]),
            None => Self::Name(host.to_owned(), port),
        })
    }

    fn of_text(text: &str) -> io::Result<Self> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Addresses(vec![address]));
        }
        let (host, port) = take_apart(text)?;
        Self::of_host(host, port)
    }
}

/// The host, without brackets, and the port.
fn take_apart(text: &str) -> io::Result<(&str, u16)> {
    let is_ip = |text: &str| text.parse::<IpAddr>().is_ok();
    // As the standard library has it, the last part of `::1:80` is a port; that of `::1` cannot be.
    let parts = text.rsplit_once(':').filter(|(host, _)| is_ip(host) || !is_ip(text));
    match parts {
        _ if text.ends_with(']') => Err(malformed(text, "has no port")),
        _ if text.is_empty() => Err(malformed(text, "is empty")),
        None | Some((_, "")) => Err(malformed(text, "has no port")),
        Some(("", _)) => Err(malformed(text, "has no host")),
        Some((host, port)) => Ok((without_brackets(text, host)?, port_of(text, port)?)),
    }
}

fn without_brackets<'a>(text: &str, host: &'a str) -> io::Result<&'a str> {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        None if host.contains(['[', ']']) => Err(malformed(text, "has half a pair of brackets")),
        None => Ok(host),
        Some(address) if address.contains(':') => Ok(address),
        Some(_) => Err(malformed(text, "has brackets around what is no IPv6 address")),
    }
}

fn port_of(text: &str, port: &str) -> io::Result<u16> {
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    let fault = if is_number { "has a port above 65535" } else { "has a port that is no number" };
    number(port).ok_or_else(|| malformed(text, fault))
}

fn malformed(text: &str, fault: &str) -> io::Error {
    refused(text, &format!("{fault}: write it as host:port, or as [address]:port for IPv6"))
}

/// The addresses that a name stands for, by the [`Resolver`](crate::resolve::Resolver) of this
/// thread's loop. What is an address already comes back at once.
///
/// ```
/// use evergreen_io::net::lookup_host;
///
/// let found: Vec<_> = evergreen_loop::block_on(lookup_host("[::1]:80"))?.collect();
/// assert_eq!(found, ["[::1]:80".parse().expect("an address")]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// [`io::ErrorKind::InvalidInput`] if it is malformed; what the resolver says; if a name is given and
/// this thread has no loop.
///
/// # Kill safety
///
/// The answer is not waited for any more.
pub async fn lookup_host<T: ToSocketAddrs>(
    host: T,
) -> io::Result<impl Iterator<Item = SocketAddr>> {
    Ok(look_up(host.target()?).await?.into_iter())
}

/// The addresses that something stands for; at least one.
pub(crate) async fn resolve(what: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    let addresses = look_up(what.target()?).await?;
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "there is no address to use"));
    }
    Ok(addresses)
}

/// Does something with each address until it works.
pub(super) async fn first<R>(
    addresses: impl ToSocketAddrs,
    mut make: impl FnMut(SocketAddr) -> io::Result<R>,
) -> io::Result<R> {
    let mut result = Err(io::ErrorKind::InvalidInput.into());
    for address in resolve(addresses).await? {
        result = make(address);
        if result.is_ok() {
            break;
        }
    }
    result
}

async fn look_up(target: Target) -> io::Result<Vec<SocketAddr>> {
    let (host, port) = match target {
        Target::Addresses(addresses) => return Ok(addresses),
        Target::Name(host, port) => (host, port),
    };
    let answer = getaddrinfo(Query::stream(&*host, port)).await?;
    if answer.is_empty() {
        let message = format!("`{host}` has no address");
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    Ok(answer.into_iter().map(|info| info.address).collect())
}

macro_rules! address {
    ($($type:ty),*) => { $(
        impl ToSocketAddrs for $type {
            fn target(&self) -> io::Result<Target> {
                Ok(Target::Addresses(vec![SocketAddr::from(*self)]))
            }
        }
    )* };
}

address!(SocketAddr, SocketAddrV4, SocketAddrV6, (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

macro_rules! text {
    ($($type:ty),*) => { $(
        impl ToSocketAddrs for $type {
            fn target(&self) -> io::Result<Target> {
                Target::of_text(self)
            }
        }
    )* };
}

text!(str, String);

impl ToSocketAddrs for (&str, u16) {
    fn target(&self) -> io::Result<Target> {
        Target::of_host(self.0, self.1)
    }
}

impl ToSocketAddrs for (String, u16) {
    fn target(&self) -> io::Result<Target> {
        Target::of_host(&self.0, self.1)
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {
    fn target(&self) -> io::Result<Target> {
        (**self).target()
    }
}

impl ToSocketAddrs for [SocketAddr] {
    fn target(&self) -> io::Result<Target> {
        Ok(Target::Addresses(self.to_vec()))
    }
}
