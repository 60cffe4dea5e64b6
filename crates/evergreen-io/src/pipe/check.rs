//! Whether something is a pipe, and the end of it that it is said to be.

use std::fmt::Display;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::Path;

use evergreen_loop::build::Direction;
use rustix::fs::{FileType, OFlags, fcntl_getfl, stat};

use crate::kind::{in_words, kind_of};

/// Refuses a descriptor that is no pipe, and the wrong end of one.
pub(super) fn check(fd: impl AsFd, direction: Direction) -> io::Result<()> {
    let fd = fd.as_fd();
    let name = format!("descriptor {}", fd.as_raw_fd());
    check_kind(kind_of(fd)?, &name)?;
    let access = fcntl_getfl(fd)? & OFlags::RWMODE;
    let (wrong, way_out) = match direction {
        Direction::Read => (OFlags::WRONLY, "only be written to: make it a Sender"),
        Direction::Write => (OFlags::RDONLY, "only be read from: make it a Receiver"),
    };
    if access == wrong {
        return Err(refused(format!("{name} is the end of a pipe that can {way_out}")));
    }
    Ok(())
}

/// Refuses what was opened by name and is no FIFO.
pub(super) fn check_path(fd: BorrowedFd<'_>, path: &Path) -> io::Result<()> {
    check_kind(kind_of(fd)?, format_args!("{path:?}"))
}

/// The same of what could not be opened.
pub(super) fn refusal_at(path: &Path) -> Option<io::Error> {
    let kind = FileType::from_raw_mode(stat(path).ok()?.st_mode);
    check_kind(kind, format_args!("{path:?}")).err()
}

fn check_kind(kind: FileType, name: impl Display) -> io::Result<()> {
    let way_out = match kind {
        FileType::Fifo => return Ok(()),
        FileType::RegularFile | FileType::Directory => "use `fs`",
        FileType::Socket => "make it a socket of `net`",
        _ => "make it an AsyncFd",
    };
    Err(refused(format!("{name} is {}, not a pipe: {way_out}", in_words(kind))))
}

fn refused(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
