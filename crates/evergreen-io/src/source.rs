//! A non-blocking descriptor and its readiness, over the loop's table.

mod bytes;
pub(crate) mod readiness;

use std::future::Future;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::task::{Context, Poll, Waker, ready};

use evergreen_loop::build::{Direction, Interest, Registration};
use evergreen_loop::{LoopError, LoopRemote};

/// Owns a descriptor of which the loop knows. Dropping it closes the descriptor, on any thread.
#[derive(Debug)]
pub(crate) struct Source<T: Into<OwnedFd>> {
    /// Gone only while the source itself goes.
    io: Option<T>,
    registration: Registration,
    /// Others made it and may hold duplicates, which the poller would go on to report when this one
    /// is closed: it is told first.
    shared: bool,
    /// What is written to it may be kept in pieces, with each of which a read ends. So a short read
    /// does not say that all is read.
    packets: bool,
    /// A read that is tried too early says of a FIFO that the writer has gone who was never there: on
    /// another thread, which tries at once, the system is asked first.
    asked_first: bool,
}

impl<T: AsRawFd + Into<OwnedFd>> Source<T> {
    /// Registers a descriptor, which must be non-blocking already.
    pub(crate) fn new(io: T, interest: Interest) -> io::Result<Self> {
        let registration = Registration::new(&io, interest)?;
        Ok(Self { io: Some(io), registration, shared: false, packets: false, asked_first: false })
    }

    /// The same for one of which a short read does not say that all is read.
    pub(crate) fn packets(io: T, interest: Interest) -> io::Result<Self> {
        let mut source = Self::new(io, interest)?;
        source.packets = true;
        Ok(source)
    }

    /// Others made the descriptor, and may have duplicates.
    pub(crate) fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    /// It may be a FIFO.
    pub(crate) fn asked_first(mut self) -> Self {
        self.asked_first = true;
        self
    }

    pub(crate) fn io(&self) -> &T {
        self.io.as_ref().expect("taken out only when the source goes")
    }

    /// The loop it belongs to.
    pub(crate) const fn remote(&self) -> &LoopRemote {
        self.registration.remote()
    }

    /// Nothing is ready yet, not even to write: for a socket that is connecting.
    pub(crate) fn clear_ready(&self, direction: Direction) {
        self.registration.clear_ready(direction);
    }

    /// Whoever polled last waits no longer.
    pub(crate) fn unpark(&self, direction: Direction) {
        self.registration.unpark(direction);
    }

    /// Makes a call that moves bytes when it is worth trying, until it does not block.
    pub(crate) fn poll_bytes(
        &self,
        direction: Direction,
        cx: &Context<'_>,
        room: usize,
        call: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let moved = self.poll_io(direction, cx, call);
        if let Poll::Ready(Ok(moved)) = moved {
            let tells = !self.packets || direction == Direction::Write;
            if tells && 0 < moved && moved < room {
                self.registration.clear_after_short(direction);
            }
        }
        moved
    }

    /// Makes a call when it is worth trying; parks if it blocks.
    pub(crate) fn poll_io<R>(
        &self,
        direction: Direction,
        cx: &Context<'_>,
        mut call: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        ready!(self.poll_worth_trying(direction, cx.waker()))?;
        match uninterrupted(|| call(self.io())) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {},
            result => return Poll::Ready(result),
        }
        match self.registration.poll_blocked(direction, cx.waker()) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Pending,
        }
    }

    fn poll_worth_trying(&self, direction: Direction, waker: &Waker) -> Poll<io::Result<()>> {
        if self.asked_first && direction == Direction::Read {
            return self.registration.poll_readiness(direction, waker);
        }
        self.registration.poll_ready(direction, waker)
    }

    /// Makes a call now, whatever is known of readiness.
    pub(crate) fn try_io<R>(
        &self,
        direction: Direction,
        mut call: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let result = uninterrupted(|| call(self.io()));
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            self.registration.clear_ready(direction);
        }
        result
    }

    /// Makes a call when it is worth trying, beside others who wait for the same.
    pub(crate) async fn io_when_ready<R>(
        &self,
        direction: Direction,
        mut call: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            self.ready(direction).await?;
            match self.try_io(direction, &mut call) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {},
                result => return result,
            }
        }
    }

    /// Waits until a call is worth trying.
    pub(crate) fn ready(
        &self,
        direction: Direction,
    ) -> impl Future<Output = io::Result<()>> + Send + Sync + '_ {
        self.registration.readiness(direction)
    }

    /// Takes the descriptor out of the loop's table and gives it back, open.
    pub(crate) fn into_io(mut self) -> T {
        self.registration.release();
        self.io.take().expect("taken out only when the source goes")
    }
}

/// Makes a call again that a signal cut short. On a descriptor that does not block none ever is,
/// but for tracers and systems of their own mind.
pub(crate) fn uninterrupted<R>(mut call: impl FnMut() -> io::Result<R>) -> io::Result<R> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {},
            result => return result,
        }
    }
}

/// Whether a descriptor was refused because the poller cannot watch its kind.
pub(crate) fn is_not_pollable(error: &io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref());
    matches!(error, Some(LoopError::NotPollable(_)))
}

impl<T: Into<OwnedFd>> Drop for Source<T> {
    fn drop(&mut self) {
        match self.io.take() {
            Some(io) if self.shared => self.registration.close_shared(io.into()),
            Some(io) => self.registration.close(io.into()),
            None => {},
        }
    }
}
