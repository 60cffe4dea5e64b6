//! A descriptor of whatever kind can be polled.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::task::{Context, Poll};

use evergreen_loop::build::{Direction, Interest};
use rustix::fs::{FileType, OFlags, fcntl_getfl};
use rustix::io::{Errno, fcntl_dupfd_cloexec, ioctl_fionbio};
use rustix::net::sockopt::socket_type;
use rustix::net::{Shutdown, SocketType, shutdown};

use super::Endpoint;
use crate::kind::{in_words, kind_of};
use crate::source::{Source, is_not_pollable};
use crate::stdio::{Call, duplicate};

/// The first descriptor that is no standard stream.
const FIRST: RawFd = 3;

/// A pipe's end, a socket of any kind, a terminal, a device.
///
/// It may keep packets apart, or give no new edge for what is left: it is read and written until it
/// would block.
pub(in crate::io) struct Descriptor {
    source: Source<OwnedFd>,
    interest: Interest,
    keeps_packets: bool,
    call: Call,
}

impl Descriptor {
    /// Takes over a descriptor, and makes it non-blocking. Of the directions that are wanted those
    /// are used that it is open for.
    pub(in crate::io) fn new(fd: OwnedFd, wanted: Interest) -> io::Result<Self> {
        let taken = Self::taken(beside_standard(fd)?, wanted)?;
        taken.unblock()?;
        Ok(taken)
    }

    /// The same of one that is none of the standard ones, as it is yet. Others may share it: what is
    /// refused stays as it was.
    pub(in crate::io) fn taken(fd: OwnedFd, wanted: Interest) -> io::Result<Self> {
        let (number, kind) = (fd.as_raw_fd(), kind_of(&fd)?);
        if matches!(kind, FileType::RegularFile | FileType::Directory | FileType::BlockDevice) {
            return Err(refused(number, kind, "use `fs`"));
        }
        let interest = open_for(&fd, wanted)?;
        let keeps_packets = keeps_packets(&fd, kind)?;
        let source = source(fd, interest).map_err(|error| {
            let is_of_kind = is_not_pollable(&error);
            if is_of_kind { refused(number, kind, "it never has you wait") } else { error }
        })?;
        Ok(Self { source, interest, keeps_packets, call: Call::Plain })
    }

    /// Makes it non-blocking.
    pub(in crate::io) fn unblock(&self) -> io::Result<()> {
        Ok(ioctl_fionbio(self.source.io(), true)?)
    }

    /// Uses a duplicate, and leaves what others share as it is: the system is asked before each
    /// call.
    pub(in crate::io) fn shared(fd: BorrowedFd<'_>, wanted: Interest) -> io::Result<Self> {
        let fd = duplicate(fd)?;
        let interest = open_for(&fd, wanted)?;
        let source = source(fd, interest)?;
        Ok(Self { source, interest, keeps_packets: false, call: Call::Asked })
    }

    pub(in crate::io) fn fd(&self) -> BorrowedFd<'_> {
        self.source.io().as_fd()
    }
}

fn source(fd: OwnedFd, interest: Interest) -> io::Result<Source<OwnedFd>> {
    Ok(Source::packets(fd, interest)?.shared().asked_first())
}

/// The standard streams stay open (EV-STR-20), or what is opened next would take their place: a
/// duplicate stands for one.
pub(in crate::io) fn beside_standard(fd: OwnedFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() >= FIRST {
        return Ok(fd);
    }
    let duplicate = fcntl_dupfd_cloexec(&fd, FIRST);
    let _stays_open = fd.into_raw_fd();
    Ok(duplicate?)
}

fn refused(number: RawFd, kind: FileType, way_out: &str) -> io::Error {
    let kind = in_words(kind);
    let message = format!("descriptor {number} is {kind}, which cannot be polled: {way_out}");
    io::Error::new(io::ErrorKind::Unsupported, message)
}

fn open_for(fd: &OwnedFd, wanted: Interest) -> io::Result<Interest> {
    let access = fcntl_getfl(fd)? & OFlags::RWMODE;
    Ok(Interest::new(
        wanted.is_readable() && access != OFlags::WRONLY,
        wanted.is_writable() && access != OFlags::RDONLY,
    ))
}

/// Of what is neither a socket nor a pipe, any may be a tun device.
fn keeps_packets(fd: &OwnedFd, kind: FileType) -> io::Result<bool> {
    Ok(match kind {
        FileType::Socket => socket_type(fd)? != SocketType::STREAM,
        FileType::Fifo => is_pipe_of_packets(fd)?,
        _ => true,
    })
}

#[cfg(target_os = "linux")]
fn is_pipe_of_packets(fd: &OwnedFd) -> io::Result<bool> {
    Ok(fcntl_getfl(fd)?.contains(OFlags::DIRECT))
}

#[cfg(not(target_os = "linux"))]
const fn is_pipe_of_packets(_: &OwnedFd) -> io::Result<bool> {
    Ok(false)
}

impl Endpoint for Descriptor {
    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.source.poll_io(Direction::Read, cx, |fd| self.call.read(fd, buffer))
    }

    fn stop_reading(&self) {
        self.source.unpark(Direction::Read);
    }

    fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.source.poll_io(Direction::Write, cx, |fd| self.call.write(fd, bytes))
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.source.try_io(Direction::Write, |fd| self.call.write(fd, bytes))
    }

    fn end(&self) -> io::Result<()> {
        match shutdown(self.source.io(), Shutdown::Write) {
            Err(Errno::NOTSOCK) => {
                let message = "what is no socket has no direction of its own to end: use `close`";
                Err(io::Error::new(io::ErrorKind::Unsupported, message))
            },
            ended => Ok(ended?),
        }
    }

    fn interest(&self) -> Interest {
        self.interest
    }

    fn keeps_packets(&self) -> bool {
        self.keeps_packets
    }
}
