//! Names, in the words of `socket`, and a connection to one.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use evergreen_loop::Delay;

use super::Socket;
use super::address::Address;
use crate::resolve::{AddrInfo, Query, getaddrinfo, refused};

/// An IPv4 address of a name: the first one.
///
/// ```
/// use evergreen_io::lib::socket::gethostbyname;
///
/// assert_eq!(evergreen_loop::block_on(gethostbyname("127.0.0.1"))?.to_string(), "127.0.0.1");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// As [`getaddrinfo`].
///
/// # Kill safety
///
/// The answer is not waited for any more.
pub async fn gethostbyname(host: &str) -> io::Result<Ipv4Addr> {
    let (_, _, addresses) = gethostbyname_ex(host).await?;
    Ok(addresses[0])
}

/// The true name of a name, its other names, and its IPv4 addresses; at least one. Nobody is asked
/// for other names, so there are none.
///
/// # Errors
///
/// As [`getaddrinfo`].
///
/// # Kill safety
///
/// The answer is not waited for any more.
pub async fn gethostbyname_ex(host: &str) -> io::Result<(String, Vec<String>, Vec<Ipv4Addr>)> {
    let (family, flags) = (libc::AF_INET, libc::AI_CANONNAME);
    let found = getaddrinfo(Query { family, flags, ..Query::stream(host, 0) }).await?;
    let name = found.iter().find_map(|info| info.canonical_name.clone());
    let addresses: Vec<_> = found.iter().filter_map(ipv4).collect();
    if addresses.is_empty() {
        return Err(refused(host, "has no IPv4 address"));
    }
    Ok((name.unwrap_or_else(|| host.to_owned()), Vec::new(), addresses))
}

const fn ipv4(info: &AddrInfo) -> Option<Ipv4Addr> {
    match info.address {
        SocketAddr::V4(address) => Some(*address.ip()),
        SocketAddr::V6(_) => None,
    }
}

/// Connects to a host and a port by TCP: to each of its addresses in turn, until one answers. The
/// limit is that of each attempt, and of the calls on the socket later; `None` is the process's
/// default. `source` is the address to come from.
///
/// [`TcpStream::connect`](crate::net::TcpStream::connect) has the addresses race instead.
///
/// ```
/// use evergreen_io::lib::socket::{self, Socket, create_connection};
///
/// evergreen_loop::block_on(async {
///     let listener = Socket::new(socket::AF_INET, socket::SOCK_STREAM, 0)?;
///     listener.bind(("127.0.0.1", 0))?;
///     listener.listen(1)?;
///     let client = create_connection(listener.local_addr()?, Some(5.0.into()), None).await?;
///     let (server, peer) = listener.accept().await?;
///     assert_eq!(peer, client.local_addr()?);
///     client.send_all(b"hello").await?;
///     assert_eq!(server.recv(100).await?, b"hello");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// That of the last attempt; of the resolver; [`io::ErrorKind::InvalidInput`] if the limit is
/// negative, or the address is none of IP.
///
/// # Kill safety
///
/// The socket is closed.
pub async fn create_connection(
    address: impl Into<Address>,
    limit: Option<Delay>,
    source: Option<SocketAddr>,
) -> io::Result<Socket> {
    let found = match address.into() {
        Address::Ip(address) => vec![AddrInfo::from(address)],
        Address::Host(host, port) => getaddrinfo(Query::stream(host, port)).await?,
        Address::Path(_) | Address::Unnamed => {
            let message = "create_connection is for TCP: for a path, connect a Socket of AF_UNIX";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        },
    };
    let mut failed =
        io::Error::new(io::ErrorKind::NotFound, "the name has an empty list of addresses");
    for info in found {
        match connected(&info, limit, source).await {
            Err(error) => failed = error,
            socket => return socket,
        }
    }
    Err(failed)
}

async fn connected(
    to: &AddrInfo,
    limit: Option<Delay>,
    source: Option<SocketAddr>,
) -> io::Result<Socket> {
    let socket = Socket::new(to.family, to.socktype, to.protocol)?;
    if limit.is_some() {
        socket.set_timeout(limit)?;
    }
    if let Some(source) = source {
        socket.bind(source)?;
    }
    socket.connect(to.address).await?;
    Ok(socket)
}
