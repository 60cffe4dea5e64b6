//! Reading and writing bytes, for whatever does so by the standard library's traits.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::task::{Context, Poll};

use evergreen_loop::build::Direction;

use super::Source;

/// How many buffers a call takes (`IOV_MAX` of Linux, the BSDs and macOS): one that leaves the others
/// out is not short.
const MOST_AT_ONCE: usize = 1024;

// For stream sockets and pipes only: a short write clears readiness, and so does a short read unless
// what is written may be kept in pieces.
impl<T: AsRawFd + Into<OwnedFd>> Source<T>
where
    for<'a> &'a T: Read,
{
    pub(crate) fn poll_read(&self, cx: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_bytes(Direction::Read, cx, buffer.len(), |mut io| io.read(buffer))
    }

    pub(crate) fn poll_read_vectored(
        &self,
        cx: &Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let room = buffers.iter().take(MOST_AT_ONCE).map(|buffer| buffer.len()).sum();
        self.poll_bytes(Direction::Read, cx, room, |mut io| io.read_vectored(buffers))
    }

    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.try_io(Direction::Read, |mut io| io.read(buffer))
    }

    pub(crate) fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.try_io(Direction::Read, |mut io| io.read_vectored(buffers))
    }
}

impl<T: AsRawFd + Into<OwnedFd>> Source<T>
where
    for<'a> &'a T: Write,
{
    pub(crate) fn poll_write(&self, cx: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_bytes(Direction::Write, cx, bytes.len(), |mut io| io.write(bytes))
    }

    pub(crate) fn poll_write_vectored(
        &self,
        cx: &Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let room = buffers.iter().take(MOST_AT_ONCE).map(|buffer| buffer.len()).sum();
        self.poll_bytes(Direction::Write, cx, room, |mut io| io.write_vectored(buffers))
    }

    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.try_io(Direction::Write, |mut io| io.write(bytes))
    }

    pub(crate) fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_io(Direction::Write, |mut io| io.write_vectored(buffers))
    }
}
