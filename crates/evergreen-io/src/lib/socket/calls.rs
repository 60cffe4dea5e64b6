//! The calls that wait.

use std::future::Future;
use std::io::{self, Read};
use std::os::fd::AsRawFd;

use evergreen_loop::build::Direction;
use evergreen_task::{consume_budget, timeout};
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
        let (fd, peer) = self.limited(self.io(Direction::Read, accept)).await?;
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
        let received = self.io(Direction::Read, |mut io| {
            let mut buffer = vec![0; n];
            let length = io.read(&mut buffer)?;
            buffer.truncate(length);
            Ok(buffer)
        });
        self.limited(received).await
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
        self.limited(self.io(Direction::Read, |mut io| io.read(buffer))).await
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
        let received = self.io(Direction::Read, |io| {
            let mut buffer = vec![0; n];
            let (length, sender) = recv_from(io, &mut buffer)?;
            buffer.truncate(length);
            Ok((buffer, sender))
        });
        self.limited(received).await
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
        self.limited(self.io(Direction::Read, |io| recv_from(io, buffer))).await
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
        self.limited(self.sent(|io| io.send_with_flags(bytes, FLAGS))).await
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
        let all = async {
            let mut rest = bytes;
            while !rest.is_empty() {
                let send = |io: &socket2::Socket| io.send_with_flags(rest, FLAGS);
                let length = self.io(Direction::Write, send).await?;
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
        let to = address.into().resolve(self.family()?, self.kind()?).await?;
        self.limited(self.sent(|io| io.send_to_with_flags(bytes, &to, FLAGS))).await
    }

    /// One attempt, one wait, one attempt more.
    async fn sent(
        &self,
        call: impl Fn(&socket2::Socket) -> io::Result<usize>,
    ) -> io::Result<usize> {
        consume_budget().await;
        if let Some(length) = self.attempt(&call)? {
            return Ok(length);
        }
        self.ready(Direction::Write).await?;
        Ok(self.attempt(&call)?.unwrap_or(0))
    }

    /// Makes a call until it does not block.
    pub(super) async fn io<R>(
        &self,
        direction: Direction,
        mut call: impl FnMut(&socket2::Socket) -> io::Result<R>,
    ) -> io::Result<R> {
        consume_budget().await;
        loop {
            if let Some(done) = self.attempt(&mut call)? {
                return Ok(done);
            }
            self.ready(direction).await?;
        }
    }

    /// Makes a call; `None` if it would block, and it may wait.
    pub(super) fn attempt<R>(
        &self,
        mut call: impl FnMut(&socket2::Socket) -> io::Result<R>,
    ) -> io::Result<Option<R>> {
        match self.with(|io| uninterrupted(|| call(io))) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && !self.is_instant() => {
                Ok(None)
            },
            result => result.map(Some),
        }
    }

    async fn ready(&self, direction: Direction) -> io::Result<()> {
        let fd = self.with(|io| Ok(io.as_raw_fd()))?;
        self.side(direction).ready(fd, direction).await
    }

    /// Whether no call may wait.
    pub(super) fn is_instant(&self) -> bool {
        self.timeout().is_some_and(|limit| limit.is_zero())
    }

    pub(super) async fn limited<R>(
        &self,
        call: impl Future<Output = io::Result<R>>,
    ) -> io::Result<R> {
        match self.timeout() {
            Some(limit) if !limit.is_zero() => {
                let late = |limit| Err(io::Error::new(io::ErrorKind::TimedOut, limit));
                timeout(limit, call).await.unwrap_or_else(late)
            },
            _ => call.await,
        }
    }
}

fn recv_from(io: &socket2::Socket, buffer: &mut [u8]) -> io::Result<(usize, Address)> {
    let (length, _, sender) = rustix::net::recvfrom(io, buffer, RecvFlags::empty())?;
    Ok((length, Address::told(sender)?))
}
