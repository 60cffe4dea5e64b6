//! Accepting connections, for both kinds of listener.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::task::{Context, Poll, ready};

use evergreen_loop::build::Direction;
use rustix::net::SocketAddrAny;

use super::shortage::Shortage;
use crate::source::Source;

/// A listening socket. What goes wrong with one connection, or passes with time, is not the
/// caller's affair.
#[derive(Debug)]
pub(super) struct Acceptor<T: Into<OwnedFd>> {
    source: Source<T>,
    shortage: Shortage,
}

/// A connection that does not block, and where it comes from.
pub(crate) type Accepted = (OwnedFd, Option<SocketAddrAny>);

impl<T: AsFd + AsRawFd + Into<OwnedFd>> Acceptor<T> {
    /// Accepts from a listener that is registered for reading.
    pub(super) fn new(source: Source<T>) -> Self {
        Self { source, shortage: Shortage::default() }
    }

    pub(super) fn source(&self) -> &Source<T> {
        &self.source
    }

    pub(super) fn into_io(self) -> T {
        self.source.into_io()
    }

    /// Waits for a connection, and makes of it what `register` does. Several may do so at once.
    pub(super) async fn accept<R>(
        &self,
        register: impl Fn(Accepted) -> io::Result<R>,
    ) -> io::Result<R> {
        let once = |listener: &T| accept(listener).and_then(&register);
        loop {
            match self.source.io_when_ready(Direction::Read, once).await {
                Err(error) if is_of_connection(&error) => {},
                Err(error) if is_shortage(&error) => {
                    self.shortage.wait(&self.source, error).await?;
                },
                result => return self.ended(result),
            }
        }
    }

    /// Whoever polled last waits no longer.
    pub(super) fn stop(&self) {
        self.source.unpark(Direction::Read);
        self.shortage.give_up();
    }

    pub(super) fn poll_accept<R>(
        &self,
        cx: &mut Context<'_>,
        register: impl Fn(Accepted) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let once = |listener: &T| accept(listener).and_then(&register);
        loop {
            ready!(self.shortage.poll(cx))?;
            match ready!(self.source.poll_io(Direction::Read, cx, once)) {
                Err(error) if is_of_connection(&error) => {},
                Err(error) if is_shortage(&error) => self.shortage.begin(&self.source, error),
                result => return Poll::Ready(self.ended(result)),
            }
        }
    }

    fn ended<R>(&self, result: io::Result<R>) -> io::Result<R> {
        self.shortage.end();
        result
    }
}

/// Accepts a connection that does not block from its first moment.
#[cfg(target_os = "linux")]
pub(crate) fn accept(listener: &impl AsFd) -> io::Result<Accepted> {
    use rustix::net::{SocketFlags, acceptfrom_with};
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(acceptfrom_with(listener, flags)?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn accept(listener: &impl AsFd) -> io::Result<Accepted> {
    let (fd, peer) = rustix::net::acceptfrom(listener)?;
    rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&fd, true)?;
    Ok((fd, peer))
}

/// Whether only the connection that would have been accepted is broken (accept(2), "Error
/// handling").
fn is_of_connection(error: &io::Error) -> bool {
    #[cfg(target_os = "linux")]
    if error.raw_os_error() == Some(libc::ENONET) {
        return true;
    }
    matches!(
        error.raw_os_error(),
        Some(
            libc::ECONNABORTED
                | libc::ECONNRESET
                | libc::EPROTO
                | libc::ENOPROTOOPT
                | libc::ENETDOWN
                | libc::ENETUNREACH
                | libc::EHOSTDOWN
                | libc::EHOSTUNREACH
                | libc::ETIMEDOUT
        )
    )
}

/// Whether descriptors or memory have run out, here or in the whole system. The poller's share of
/// it runs out with `ENOSPC`.
fn is_shortage(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM | libc::ENOSPC)
    )
}
