//! Addresses that are written out: nobody is asked for them.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

use super::query::{AddrInfo, Query, check_text, family, number, refused};

/// What an address may be for, in the order in which the system tells.
const KINDS: [(i32, i32); 3] = [
    (libc::SOCK_STREAM, libc::IPPROTO_TCP),
    (libc::SOCK_DGRAM, libc::IPPROTO_UDP),
    (libc::SOCK_RAW, 0),
];

/// The answer, if an address was given and it fits.
pub(super) fn answer(query: &Query) -> io::Result<Option<Vec<AddrInfo>>> {
    let (Some(host), Some(port)) = (&query.host, query.port()) else { return Ok(None) };
    let Some(address) = address(host, port)? else { return Ok(None) };
    if query.family != 0 && query.family != family(&address) {
        // Flags tell whether it may be mapped into the other family.
        return Ok(None);
    }
    let mut canonical_name = (query.flags & libc::AI_CANONNAME != 0).then(|| host.clone());
    let answer: Vec<_> = KINDS
        .into_iter()
        .filter(|kind| fits(*kind, query))
        .map(|(socktype, protocol)| AddrInfo {
            socktype,
            protocol,
            canonical_name: canonical_name.take(),
            ..AddrInfo::from(address)
        })
        .collect();
    Ok(if answer.is_empty() { None } else { Some(answer) })
}

/// Whether a kind is asked for. Questions about raw sockets alone are left to the system, which has
/// no services for them.
const fn fits((socktype, protocol): (i32, i32), query: &Query) -> bool {
    match (query.socktype, query.protocol) {
        (0, 0) => true,
        _ if socktype == libc::SOCK_RAW => false,
        (0, wanted) => wanted == protocol,
        (wanted, 0) => wanted == socktype,
        wanted => wanted.0 == socktype && wanted.1 == protocol,
    }
}

/// The address that `host` is, if it is one. The zone of an IPv6 address is kept.
pub(crate) fn address(host: &str, port: u16) -> io::Result<Option<SocketAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(Some(SocketAddr::new(ip, port)));
    }
    let Some((ip, zone)) = host.split_once('%') else { return Ok(None) };
    let Ok(ip) = ip.parse::<Ipv6Addr>() else { return Ok(None) };
    check_text(zone)?;
    let unknown = |error| refused(host, &format!("has a zone that is no interface here: {error}"));
    let scope = match number(zone) {
        Some(scope) => Some(scope),
        None => interface(zone).map_err(unknown)?,
    };
    Ok(scope.map(|scope| SocketAddrV6::new(ip, port, 0, scope).into()))
}

/// The number of a network interface: a call that does not block.
#[cfg(target_os = "linux")]
fn interface(name: &str) -> io::Result<Option<u32>> {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
    Ok(Some(rustix::net::netdevice::name_to_index(&socket, name)?))
}

/// Left to the resolver.
#[cfg(not(target_os = "linux"))]
const fn interface(_: &str) -> io::Result<Option<u32>> {
    Ok(None)
}
