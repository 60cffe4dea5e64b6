//! Reading and writing bytes of stream sockets and pipes.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::task::{Context, Poll};

use evergreen_loop::build::Direction;
use rustix::net::{RecvFlags, SendFlags};

use super::Source;

/// How many buffers a call takes (`IOV_MAX` of Linux, the BSDs and macOS): one that leaves the others
/// out is not short.
const MOST_AT_ONCE: usize = 1024;

/// One piece of bytes, in or out. A call of the C library asks before and behind it whether its
/// thread is to be cancelled, which costs as much as all that is done here for it: on Linux these are
/// the system's own.
pub(crate) trait Bytes: AsFd {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
}

macro_rules! socket {
    ($($type:ty),*) => { $(
        impl Bytes for $type {
            fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
                let (read, _) = rustix::net::recv(self, buffer, RecvFlags::empty())?;
                Ok(read)
            }

            fn write(&self, bytes: &[u8]) -> io::Result<usize> {
                Ok(rustix::net::send(self, bytes, NO_SIGNAL)?)
            }
        }
    )* };
}

socket!(TcpStream, UnixStream);

impl Bytes for File {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(self, buffer)?)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(self, bytes)?)
    }
}

/// On Apple's systems the socket itself is told when it is made.
#[cfg(not(target_vendor = "apple"))]
const NO_SIGNAL: SendFlags = SendFlags::NOSIGNAL;
#[cfg(target_vendor = "apple")]
const NO_SIGNAL: SendFlags = SendFlags::empty();

// A short write clears readiness, and so does a short read unless
// what is written may be kept in pieces.
impl<T: Bytes + AsRawFd + Into<OwnedFd>> Source<T> {
    pub(crate) fn poll_read(&self, cx: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_bytes(Direction::Read, cx, buffer.len(), |io| Bytes::read(io, buffer))
    }

    pub(crate) fn poll_read_vectored(
        &self,
        cx: &Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let room = buffers.iter().take(MOST_AT_ONCE).map(|buffer| buffer.len()).sum();
        self.poll_bytes(Direction::Read, cx, room, |io| Ok(rustix::io::readv(io, buffers)?))
    }

    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.try_io(Direction::Read, |io| Bytes::read(io, buffer))
    }

    pub(crate) fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.try_io(Direction::Read, |io| Ok(rustix::io::readv(io, buffers)?))
    }

    pub(crate) fn poll_write(&self, cx: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_bytes(Direction::Write, cx, bytes.len(), |io| Bytes::write(io, bytes))
    }

    pub(crate) fn poll_write_vectored(
        &self,
        cx: &Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let room = buffers.iter().take(MOST_AT_ONCE).map(|buffer| buffer.len()).sum();
        self.poll_bytes(Direction::Write, cx, room, |io| Ok(rustix::io::writev(io, buffers)?))
    }

    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.try_io(Direction::Write, |io| Bytes::write(io, bytes))
    }

    pub(crate) fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_io(Direction::Write, |io| Ok(rustix::io::writev(io, buffers)?))
    }
}
