//! Names of Unix sockets, and who is behind them.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::net::{SocketAddrAny, SocketAddrUnix};
use socket2::SockAddr;

use crate::in_words::in_words;

/// Bytes of the longest path that fits into an address.
const LONGEST: usize =
    if cfg!(any(target_os = "linux", target_os = "android")) { 107 } else { 103 };

/// The address that a path stands for, or an abstract name behind a zero byte.
pub(crate) fn address_of(path: &Path) -> io::Result<SocketAddr> {
    let bytes = path.as_os_str().as_bytes();
    if cfg!(target_os = "linux") {
        if let [0, name @ ..] = bytes {
            return abstract_name(name);
        }
    }
    let fault = if bytes.is_empty() {
        "is empty".to_owned()
    } else if bytes.contains(&0) {
        "has a zero byte inside".to_owned()
    } else if bytes.len() > LONGEST {
        format!(
            "has {} bytes, {LONGEST} are the most: use a shorter or a relative one",
            bytes.len()
        )
    } else {
        return SocketAddr::from_pathname(path);
    };
    let message = format!("the path {path:?} of a Unix socket {fault}");
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

#[cfg(target_os = "linux")]
fn abstract_name(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    SocketAddr::from_abstract_name(name).map_err(|_| {
        let message = format!(
            "the abstract name {:?} of a Unix socket has {} bytes, {LONGEST} are the most",
            OsStr::from_bytes(name),
            name.len()
        );
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })
}

#[cfg(not(target_os = "linux"))]
fn abstract_name(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The bytes of a name: a path, or an abstract name behind a zero byte.
pub(crate) fn name(address: &SocketAddr) -> Option<PathBuf> {
    #[cfg(target_os = "linux")]
    if let Some(name) = std::os::linux::net::SocketAddrExt::as_abstract_name(address) {
        let bytes = [&[0], name].concat();
        return Some(PathBuf::from(OsStr::from_bytes(&bytes)));
    }
    address.as_pathname().map(PathBuf::from)
}

/// An address as the system takes it.
pub(crate) fn system_address(address: &SocketAddr) -> io::Result<SockAddr> {
    match name(address) {
        Some(name) => SockAddr::unix(name),
        None => {
            let message = "the address of a Unix socket has no name: nobody can connect to it";
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        },
    }
}

/// The address of an accepted connection.
pub(crate) fn peer(address: Option<SocketAddrAny>) -> io::Result<SocketAddr> {
    let address = address.and_then(|address| SocketAddrUnix::try_from(address).ok());
    #[cfg(target_os = "linux")]
    if let Some(name @ [_, ..]) = address.as_ref().and_then(SocketAddrUnix::abstract_name) {
        return abstract_name(name);
    }
    let path = address.as_ref().and_then(SocketAddrUnix::path_bytes).unwrap_or_default();
    // Without a path it is an address without a name.
    SocketAddr::from_pathname(OsStr::from_bytes(path.strip_suffix(b"\0").unwrap_or(path)))
}

/// An address as messages show it.
pub(crate) struct Named<'a>(pub(crate) &'a SocketAddr);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match name(self.0) {
            // Quoted and escaped: a name may hold anything.
            Some(name) => write!(f, "{name:?}"),
            None => f.write_str("an address without a name"),
        }
    }
}

pub(super) fn connect_error(address: &SocketAddr, error: io::Error) -> io::Error {
    unreached("connect", address, error)
}

pub(super) fn send_error(address: &SocketAddr, error: io::Error) -> io::Error {
    unreached("send", address, error)
}

fn unreached(call: &str, address: &SocketAddr, error: io::Error) -> io::Error {
    let reason = match error.kind() {
        io::ErrorKind::ConnectionRefused => "nobody listens there (any more)",
        io::ErrorKind::NotFound => "there is no such socket",
        io::ErrorKind::PermissionDenied => "this user may not write to it",
        io::ErrorKind::NotADirectory => "a part of its path is no directory",
        _ if error.raw_os_error() == Some(libc::EPROTOTYPE) => {
            "it is a socket of another kind: see UnixStream and UnixDatagram"
        },
        _ => return error,
    };
    in_words(error, format!("cannot {call} to {}: {reason}", Named(address)))
}

/// Who is at the other end of a Unix connection. As tokio's.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UCred {
    pid: Option<i32>,
    uid: u32,
    gid: u32,
}

#[cfg(target_os = "linux")]
impl UCred {
    /// The effective user.
    pub const fn uid(&self) -> u32 {
        self.uid
    }

    /// The effective group.
    pub const fn gid(&self) -> u32 {
        self.gid
    }

    /// The process; `None` if it cannot be seen from here.
    pub const fn pid(&self) -> Option<i32> {
        self.pid
    }
}

#[cfg(target_os = "linux")]
pub(super) fn peer_cred(io: &impl std::os::fd::AsFd) -> io::Result<UCred> {
    use rustix::process::Pid;
    let peer = rustix::net::sockopt::socket_peercred(io)?;
    // Zero stands for a process of another namespace.
    let pid = Some(Pid::as_raw(Some(peer.pid))).filter(|&pid| pid > 0);
    Ok(UCred { pid, uid: peer.uid.as_raw(), gid: peer.gid.as_raw() })
}
