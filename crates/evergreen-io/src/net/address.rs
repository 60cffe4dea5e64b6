//! What may be given where an address is wanted.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use evergreen_loop::{BlockingError, EventLoop};

/// An address, or a name and a port.
///
/// Addresses never leave the loop's thread. Names are looked up on the loop's thread pool, and
/// only the task that asks waits.
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
    fn of_host(host: &str, port: u16) -> Self {
        match host.parse::<IpAddr>() {
            Ok(ip) => Self::Addresses(vec![SocketAddr::new(ip, port)]),
            Err(_) => Self::Name(host.to_owned(), port),
        }
    }

    fn of_text(text: &str) -> io::Result<Self> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Addresses(vec![address]));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(|| invalid(text))?;
        let port = port.parse().map_err(|_| invalid(text))?;
        Ok(Self::of_host(host, port))
    }
}

fn invalid(text: &str) -> io::Error {
    let message = format!("`{text}` is no address: write it as host:port");
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// The addresses that something stands for; at least one.
pub(super) async fn resolve(what: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    let addresses = match what.target()? {
        Target::Addresses(addresses) => addresses,
        Target::Name(host, port) => look_up(host, port).await?,
    };
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "there is no address to use"));
    }
    Ok(addresses)
}

async fn look_up(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    use std::net::ToSocketAddrs;
    let name = host.clone();
    let job = EventLoop::current()?.run_blocking(move || (&*name, port).to_socket_addrs());
    match job.await {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(error)) => Err(io::Error::new(error.kind(), format!("`{host}`: {error}"))),
        Err(BlockingError::Os(error)) => Err(error),
        Err(error) => Err(io::Error::other(error.to_string())),
    }
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
        Ok(Target::of_host(self.0, self.1))
    }
}

impl ToSocketAddrs for (String, u16) {
    fn target(&self) -> io::Result<Target> {
        Ok(Target::of_host(&self.0, self.1))
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
