//! Opening once more what a descriptor leads to, so that it can be non-blocking for us alone.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use evergreen_loop::build::Direction;
use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::pty::ptsname;
use rustix::termios::ttyname;

/// Gives an error where that cannot be, or would give something else.
pub(super) fn reopen(
    fd: BorrowedFd<'_>,
    kind: FileType,
    direction: Direction,
) -> io::Result<OwnedFd> {
    let access = match direction {
        Direction::Read => OFlags::RDONLY,
        Direction::Write => OFlags::WRONLY,
    };
    match kind {
        FileType::Fifo => pipe(fd, access | FLAGS),
        _ => reopen_terminal(fd, access),
    }
}

const FLAGS: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// By its name, as libuv does. The same one must stand behind the name.
pub(crate) fn reopen_terminal(fd: BorrowedFd<'_>, access: OFlags) -> io::Result<OwnedFd> {
    // The name of the other side, the master, stands for a new terminal.
    if ptsname(fd, Vec::new()).is_ok() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let name = ttyname(fd, Vec::new())?;
    let ours = open(&*name, access | FLAGS, Mode::empty())?;
    let (device, found) = (fstat(fd)?.st_rdev, fstat(&ours)?.st_rdev);
    if device == found { Ok(ours) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// A pipe has no name but this.
#[cfg(target_os = "linux")]
fn pipe(fd: BorrowedFd<'_>, flags: OFlags) -> io::Result<OwnedFd> {
    use std::os::fd::AsRawFd;
    let name = format!("/proc/self/fd/{}", fd.as_raw_fd());
    Ok(open(name, flags, Mode::empty())?)
}

#[cfg(not(target_os = "linux"))]
fn pipe(_: BorrowedFd<'_>, _: OFlags) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}
