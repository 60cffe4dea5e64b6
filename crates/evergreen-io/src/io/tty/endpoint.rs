//! A terminal, as a stream moves its bytes by it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll};

use evergreen_loop::build::Interest;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::{Errno, retry_on_intr};
use rustix::termios::isatty;

use crate::io::endpoint::{Descriptor, Endpoint, beside_standard};
use crate::io::error::StreamError;
use crate::stdio::reopen_terminal;

pub(super) struct Terminal(Descriptor);

impl Terminal {
    /// Takes over a descriptor. It becomes non-blocking if its terminal cannot be opened once more.
    pub(super) fn taking(fd: OwnedFd, readable: bool) -> Result<Self, StreamError> {
        let fd = beside_standard(fd)?;
        let ours = reopen(fd.as_fd())?.unwrap_or(fd);
        Ok(Self(Descriptor::new(ours, directions(readable))?))
    }

    /// Leaves the descriptor as it is.
    pub(super) fn sharing(fd: BorrowedFd<'_>, readable: bool) -> Result<Self, StreamError> {
        let descriptor = match reopen(fd)? {
            Some(ours) => Descriptor::new(ours, directions(readable))?,
            None => Descriptor::shared(fd, directions(readable))?,
        };
        Ok(Self(descriptor))
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.fd()
    }
}

/// Opens the terminal once more, for the same directions; `None` if that cannot be.
fn reopen(fd: BorrowedFd<'_>) -> Result<Option<OwnedFd>, StreamError> {
    if !isatty(fd) {
        return Err(StreamError::NotATerminal);
    }
    let access = fcntl_getfl(fd).map_err(io::Error::from)? & OFlags::RWMODE;
    Ok(reopen_terminal(fd, access).ok())
}

fn is_input_output(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::IO)
}

/// Whether the other side is.
fn is_gone(fd: BorrowedFd<'_>) -> bool {
    let (mut polled, at_once) = ([PollFd::new(&fd, PollFlags::empty())], Timespec::default());
    let answer = retry_on_intr(|| poll(&mut polled, Some(&at_once)));
    answer.is_ok() && polled[0].revents().contains(PollFlags::HUP)
}

const fn directions(readable: bool) -> Interest {
    Interest::new(readable, true)
}

impl Endpoint for Terminal {
    /// A terminal whose other side is gone has ended: that is no error. It is one to read in the
    /// background, which the system tells by the same number.
    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_read(cx, buffer).map(|read| match read {
            Err(error) if is_input_output(&error) && is_gone(self.fd()) => Ok(0),
            read => read,
        })
    }

    fn stop_reading(&self) {
        self.0.stop_reading();
    }

    fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, bytes)
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn end(&self) -> io::Result<()> {
        self.0.end()
    }

    fn interest(&self) -> Interest {
        self.0.interest()
    }
}
