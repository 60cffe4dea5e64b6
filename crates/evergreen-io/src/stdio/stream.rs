//! A descriptor that others share, of whatever kind, read or written without making it
//! non-blocking for them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll, ready};

use evergreen_loop::build::{Direction, Interest, poll_budget};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, OFlags, fcntl_getfl};
use rustix::io::{fcntl_dupfd_cloexec, read, write};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use rustix::pipe::PIPE_BUF;

use super::file::FileReader;
use super::reopen::reopen;
use crate::kind::kind_of;
use crate::source::{Source, is_not_pollable, uninterrupted};

/// Duplicates must not become what a closed standard stream was (F30).
const FIRST: i32 = 3;

#[derive(Debug)]
pub(super) enum Stream {
    Polled(Source<OwnedFd>, Call),
    /// What is always ready, and files that are written.
    Direct(OwnedFd),
    File(FileReader),
    /// It could not be opened, for this reason.
    Refused(io::ErrorKind, String),
}

/// How bytes are moved without waiting.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    /// The description is ours, and non-blocking.
    Plain,
    /// By calls for sockets, which can be told not to wait.
    Socket,
    /// By a call of which the system says beforehand that it would not wait.
    Asked,
}

impl Stream {
    /// `name` is what errors call it.
    pub(super) fn open(fd: BorrowedFd<'_>, direction: Direction, name: &str) -> Self {
        Self::try_open(fd, direction).unwrap_or_else(|error| {
            Self::Refused(error.kind(), format!("{name} cannot be used: {error}"))
        })
    }

    fn try_open(fd: BorrowedFd<'_>, direction: Direction) -> io::Result<Self> {
        let kind = kind_of(fd)?;
        let flags = fcntl_getfl(fd)?;
        if kind == FileType::Socket {
            return polled(duplicate(fd)?, direction, Call::Socket);
        }
        if !is_open_for(flags, direction) {
            // The call on it says what is wrong.
            return Ok(Self::Direct(duplicate(fd)?));
        }
        match (kind, direction) {
            (FileType::RegularFile | FileType::BlockDevice, Direction::Read) => {
                Ok(Self::File(FileReader::new(duplicate(fd)?)))
            },
            (FileType::Fifo | FileType::CharacterDevice, _) => match reopen(fd, kind, direction) {
                Ok(ours) => {
                    Ok(Self::Polled(Source::new(ours, Interest::of(direction))?, Call::Plain))
                },
                Err(_) => polled(duplicate(fd)?, direction, Call::Asked),
            },
            _ => Ok(Self::Direct(duplicate(fd)?)),
        }
    }

    pub(super) fn poll_read(&self, cx: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Polled(source, call) => {
                source.poll_io(Direction::Read, cx, |fd| call.read(fd, buffer))
            },
            Self::Direct(fd) => {
                ready!(poll_budget(cx));
                Poll::Ready(uninterrupted(|| Ok(read(fd, &mut *buffer)?)))
            },
            Self::File(file) => file.poll_read(cx, buffer),
            Self::Refused(kind, text) => Poll::Ready(Err(io::Error::new(*kind, text.clone()))),
        }
    }

    pub(super) fn poll_write(&self, cx: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Polled(source, call) => {
                source.poll_io(Direction::Write, cx, |fd| call.write(fd, bytes))
            },
            Self::Direct(fd) => {
                ready!(poll_budget(cx));
                Poll::Ready(uninterrupted(|| Ok(write(fd, bytes)?)))
            },
            Self::File(_) => Poll::Ready(Err(io::ErrorKind::Unsupported.into())),
            Self::Refused(kind, text) => Poll::Ready(Err(io::Error::new(*kind, text.clone()))),
        }
    }
}

/// Has a duplicate polled, if the system can do that.
fn polled(fd: OwnedFd, direction: Direction, call: Call) -> io::Result<Stream> {
    // Registered by a second duplicate, as a refusal takes it.
    let watched = duplicate(fd.as_fd())?;
    match Source::new(watched, Interest::of(direction)) {
        Ok(source) => Ok(Stream::Polled(source.shared(), call)),
        Err(error) if is_not_pollable(&error) => Ok(Stream::Direct(fd)),
        Err(error) => Err(error),
    }
}

pub(crate) fn duplicate(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    Ok(fcntl_dupfd_cloexec(fd, FIRST)?)
}

fn is_open_for(flags: OFlags, direction: Direction) -> bool {
    let other = match direction {
        Direction::Read => OFlags::WRONLY,
        Direction::Write => OFlags::RDONLY,
    };
    flags & OFlags::RWMODE != other
}

impl Call {
    pub(crate) fn read(self, fd: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain => Ok(read(fd, buffer)?),
            Self::Socket => Ok(recv(fd, buffer, RecvFlags::DONTWAIT)?.0),
            Self::Asked => {
                ask(fd, PollFlags::IN)?;
                Ok(read(fd, buffer)?)
            },
        }
    }

    pub(crate) fn write(self, fd: &OwnedFd, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain => Ok(write(fd, bytes)?),
            Self::Socket => Ok(send(fd, bytes, SendFlags::DONTWAIT)?),
            Self::Asked => {
                ask(fd, PollFlags::OUT)?;
                // For so much there is room in a pipe that has any.
                Ok(write(fd, &bytes[..bytes.len().min(PIPE_BUF)])?)
            },
        }
    }
}

/// An error if a call would wait.
fn ask(fd: &OwnedFd, flags: PollFlags) -> io::Result<()> {
    let none = Timespec { tv_sec: 0, tv_nsec: 0 };
    match poll(&mut [PollFd::new(fd, flags)], Some(&none))? {
        0 => Err(io::ErrorKind::WouldBlock.into()),
        _ => Ok(()),
    }
}
