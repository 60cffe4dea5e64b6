//! Why an address could not be taken, and what to do.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::in_words::in_words;

/// `ip` is the address if it is one of IP.
pub(crate) fn at(
    address: &dyn fmt::Display,
    ip: Option<SocketAddr>,
    error: io::Error,
) -> io::Error {
    let way_out = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another socket has it: choose another port, or 0 for a free one"
        },
        io::ErrorKind::AddrNotAvailable => "no interface here has this address",
        io::ErrorKind::PermissionDenied => "this user may not take it: choose a port from 1024 up",
        _ if error.raw_os_error() == Some(libc::EINVAL) && ip.is_some_and(lacks_interface) => {
            "a link-local address is one of an interface: name that as well, as in fe80::1%2"
        },
        _ if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EAFNOSUPPORT)) => {
            "the socket is for the other version of IP, or is bound already"
        },
        _ => return error,
    };
    named(address, error, way_out)
}

/// Whether it is an address that each interface may have.
fn lacks_interface(ip: SocketAddr) -> bool {
    let SocketAddr::V6(six) = ip else { return false };
    let is_local = six.ip().is_unicast_link_local() || six.ip().segments()[0] & 0xff0f == 0xff02;
    is_local && six.scope_id() == 0
}

pub(crate) fn at_path(path: &dyn fmt::Display, error: io::Error) -> io::Error {
    let way_out = match error.kind() {
        io::ErrorKind::AddrInUse => "it exists: remove it first, if no server listens there",
        io::ErrorKind::NotFound => "there is no such directory",
        io::ErrorKind::PermissionDenied => "this user may not write there",
        io::ErrorKind::NotADirectory => "a part of its path is no directory",
        _ => return error,
    };
    named(path, error, way_out)
}

fn named(what: &dyn fmt::Display, error: io::Error, way_out: &str) -> io::Error {
    let text = format!("cannot bind to {what}: {error}; {way_out}");
    in_words(error, text)
}
