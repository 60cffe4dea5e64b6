//! The calls that wait.

use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::time::Duration;

use evergreen_loop::build::Direction;
use evergreen_task::{consume_budget, timeout};
use rustix::buffer::{Buffer, spare_capacity};
use rustix::net::RecvFlags;

use super::Socket;
use super::address::Address;
use crate::net::accept;
use crate::source::uninterrupted;

/// Not to be killed by a signal for writing to who is gone.
#[cfg(not(target_vendor = "apple"))]
const FLAGS: i32 = libc::MSG_NOSIGNAL;
#[cfg(target_vendor = "apple")]
const FLAGS: i32 = 0;

/// What waits. All of it gives [`BadDescriptor`](super::BadDescriptor) if the socket is closed,
/// before or meanwhile; an error of the kind [`ResourceBusy`](io::ErrorKind::ResourceBusy) if another
/// task waits for the same direction; [`TimedOut`](io::ErrorKind::TimedOut) or
/// [`WouldBlock`](io::ErrorKind::WouldBlock), by the limit of [`set_timeout`](Socket::set_timeout);
/// and what the system says.
impl Socket {
    /// Waits for a connection, and gives it with the peer's address. It has the default limit.
    ///
    /// # Errors
    ///
    /// As all that waits. Unlike a [`TcpListener`](crate::net::TcpListener), it tells of connections
    /// that broke before they were accepted, and of a shortage of descriptors.
    ///
    /// # Kill safety
    ///
    /// No connection is lost.
    pub async fn accept(&self) -> io::Result<(Self, Address)> {
        let (fd, peer) = self.call(Direction::Read, accept).await?;
        Ok((Self::around(fd.into(), self.0.protocol)?, Address::told(peer)?))
    }

    /// Waits for bytes, and gives those that are there: `n` at most. None are the end.
    ///
    /// # Errors
    ///
    /// As all that waits.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost.
    pub async fn recv(&self, n: usize) -> io::Result<Vec<u8>> {
        // No buffer is held while it waits.
        let received = |io: &socket2::Socket| {
            let mut buffer = room(n)?;
            rustix::net::recv(io, spare_capacity(&mut buffer), RecvFlags::empty())?;
            Ok(buffer)
        };
        self.call(Direction::Read, received).await
    }

    /// As [`recv`](Self::recv), into a buffer. Gives how many bytes came.
    ///
    /// # Errors
    ///
    /// As all that waits.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost.
    pub async fn recv_into(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.call(Direction::Read, |mut io| io.read(buffer)).await
    }

    /// Waits for a datagram, and gives it with its sender: `n` bytes at most, the rest is lost.
    ///
    /// # Errors
    ///
    /// As all that waits.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost.
    #[doc(alias = "recvfrom")]
    pub async fn recv_from(&self, n: usize) -> io::Result<(Vec<u8>, Address)> {
        let received = |io: &socket2::Socket| {
            let mut buffer = room(n)?;
            let (_, sender) = recv_from(io, spare_capacity(&mut buffer))?;
            Ok((buffer, sender))
        };
        self.call(Direction::Read, received).await
    }

    /// As [`recv_from`](Self::recv_from), into a buffer.
    ///
    /// # Errors
    ///
    /// As all that waits.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost.
    #[doc(alias = "recvfrom_into")]
    pub async fn recv_from_into(&self, buffer: &mut [u8]) -> io::Result<(usize, Address)> {
        self.call(Direction::Read, |io| recv_from(io, &mut *buffer)).await
    }

    /// Sends what there is room for, and gives how much that was. If there is none, it waits once;
    /// if others were faster, it gives zero.
    ///
    /// # Errors
    ///
    /// As all that waits.
    ///
    /// # Kill safety
    ///
    /// It is sent or it is not.
    pub async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.sent(|io| io.send_with_flags(bytes, FLAGS)).await
    }

    /// Sends all of it, under one limit for the whole.
    ///
    /// # Errors
    ///
    /// As all that waits. How much was sent by then is not told.
    ///
    /// # Kill safety
    ///
    /// A part of it may have been sent.
    #[doc(alias = "sendall")]
    pub async fn send_all(&self, bytes: &[u8]) -> io::Result<()> {
        let all = async |waits| {
            self.check_open()?;
            let mut rest = bytes;
            while !rest.is_empty() {
                let send = |io: &socket2::Socket| io.send_with_flags(rest, FLAGS);
                let length = self.io(Direction::Write, waits, send).await?;
                rest = &rest[length..];
            }
            Ok(())
        };
        self.limited(all).await
    }

    /// Sends a datagram to an address, as [`send`](Self::send) does. A name is looked up before; that
    /// is not limited.
    ///
    /// # Errors
    ///
    /// As all that waits; those of [`getaddrinfo`](super::getaddrinfo).
    ///
    /// # Kill safety
    ///
    /// It is sent or it is not.
    #[doc(alias = "sendto")]
    pub async fn send_to(&self, bytes: &[u8], address: impl Into<Address>) -> io::Result<usize> {
        let to = address.into().resolve(self).await?;
        self.sent(|io| io.send_to_with_flags(bytes, &to, FLAGS)).await
    }

    /// One attempt, one wait, one attempt more.
    async fn sent(
        &self,
        call: impl Fn(&socket2::Socket) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let sent = async |waits| {
            consume_budget().await;
            if let Some(length) = self.attempt(waits, &call)? {
                return Ok(length);
            }
            self.ready(Direction::Write).await?;
            Ok(self.attempt(waits, &call)?.unwrap_or(0))
        };
        self.limited(sent).await
    }

    /// Makes a call until it does not block, or the time is over.
    async fn call<R>(
        &self,
        direction: Direction,
        call: impl FnMut(&socket2::Socket) -> io::Result<R>,
    ) -> io::Result<R> {
        self.limited(async |waits| self.io(direction, waits, call).await).await
    }

    /// Makes a call until it does not block.
    async fn io<R>(
        &self,
        direction: Direction,
        waits: bool,
        mut call: impl FnMut(&socket2::Socket) -> io::Result<R>,
    ) -> io::Result<R> {
        consume_budget().await;
        loop {
            if let Some(done) = self.attempt(waits, &mut call)? {
                return Ok(done);
            }
            self.ready(direction).await?;
        }
    }

    /// Makes a call; `None` if it would block, and it may wait.
    pub(super) fn attempt<R>(
        &self,
        waits: bool,
        mut call: impl FnMut(&socket2::Socket) -> io::Result<R>,
    ) -> io::Result<Option<R>> {
        match self.with(|io| uninterrupted(|| call(io))) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && waits => Ok(None),
            result => result.map(Some),
        }
    }

    pub(super) async fn ready(&self, direction: Direction) -> io::Result<()> {
        let fd = self.with(|io| Ok(io.as_raw_fd()))?;
        self.side(direction).ready(fd, direction).await
    }

    /// Makes a call under the limit of this moment, and says whether it may wait. What is set
    /// meanwhile is for calls to come.
    pub(super) async fn limited<R>(
        &self,
        call: impl AsyncFnOnce(bool) -> io::Result<R>,
    ) -> io::Result<R> {
        match self.timeout() {
            None => call(true).await,
            Some(Duration::ZERO) => call(false).await,
            Some(limit) => {
                let late = |limit| Err(io::Error::new(io::ErrorKind::TimedOut, limit));
                timeout(limit, call(true)).await.unwrap_or_else(late)
            },
        }
    }
}

/// Room for so many bytes, if there is memory for it; not more, as all of it may be filled.
fn room(n: usize) -> io::Result<Vec<u8>> {
    let mut room = Vec::new();
    let reserved = room.try_reserve_exact(n);
    reserved.map_err(|error| io::Error::new(io::ErrorKind::OutOfMemory, error))?;
    Ok(room)
}

fn recv_from(
    io: &socket2::Socket,
    buffer: impl Buffer<u8, Output = usize>,
) -> io::Result<(usize, Address)> {
    let (length, _, sender) = rustix::net::recvfrom(io, buffer, RecvFlags::empty())?;
    Ok((length, Address::told(sender)?))
}
