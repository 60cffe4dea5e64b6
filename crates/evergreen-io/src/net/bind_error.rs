//! Why an address could not be taken, and what to do.

use std::fmt;
use std::io;

use crate::in_words::in_words;

pub(crate) fn at(address: &dyn fmt::Display, error: io::Error) -> io::Error {
    let way_out = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another socket has it: choose another port, or 0 for a free one"
        },
        io::ErrorKind::AddrNotAvailable => "no interface here has this address",
        io::ErrorKind::PermissionDenied => "this user may not take it: choose a port from 1024 up",
        _ if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EAFNOSUPPORT)) => {
            "the socket is for the other version of IP, or is bound already"
        },
        _ => return error,
    };
    named(address, error, way_out)
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
