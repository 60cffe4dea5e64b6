//! Waiting until a call is worth trying, without making it.

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use evergreen_loop::build::{Direction, Interest, Readiness, Registration};

use super::Source;
use crate::ready::Ready;

impl<T: AsFd + AsRawFd + Into<OwnedFd>> Source<T> {
    /// Waits for one of several directions, and asks the kernel which.
    pub(crate) async fn ready_for(&self, interest: Interest) -> io::Result<Ready> {
        loop {
            any_ready(&self.registration, interest).await?;
            let ready = Ready::of(self.io(), interest)?;
            if !ready.is_empty() {
                return Ok(ready);
            }
            self.clear_interest(interest);
        }
    }

    /// Ready if a call is worth trying, also on another thread, where nothing is cached.
    pub(crate) fn poll_ready(
        &self,
        direction: Direction,
        cx: &Context<'_>,
    ) -> Poll<io::Result<()>> {
        let cached = self.registration.poll_ready(direction, cx.waker());
        if !matches!(cached, Poll::Ready(Ok(()))) {
            return cached;
        }
        if Ready::of(self.io(), Interest::of(direction))?.is_empty() {
            return self.registration.poll_blocked(direction, cx.waker());
        }
        Poll::Ready(Ok(()))
    }

    /// Makes a call of the user's now.
    pub(crate) fn try_io_for<R>(
        &self,
        interest: Interest,
        call: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        try_io_for(&self.registration, interest, call)
    }

    /// Makes a call of the user's until it does not block.
    pub(crate) async fn io_for<R>(
        &self,
        interest: Interest,
        call: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        io_for(&self.registration, interest, call).await
    }

    fn clear_interest(&self, interest: Interest) {
        for direction in Direction::ALL {
            if interest.watches(direction) {
                self.registration.clear_ready(direction);
            }
        }
    }
}

/// Makes a call of the user's. If it would have blocked, the next wait is a true one; of two
/// directions only for those that are not ready, as the poller tells of none twice.
pub(crate) fn try_io_for<R>(
    registration: &Registration,
    interest: Interest,
    call: impl FnOnce() -> io::Result<R>,
) -> io::Result<R> {
    let result = call();
    if would_block(&result) {
        registration.clear_blocked(interest);
    }
    result
}

/// Makes a call of the user's until it does not block. That may be of one direction, and the other
/// ready and stay so: the call is made again when the poller has told of either. One that has to be
/// armed for each wait, or for another thread, tells of the ready one at once.
pub(crate) async fn io_for<R>(
    registration: &Registration,
    interest: Interest,
    mut call: impl FnMut() -> io::Result<R>,
) -> io::Result<R> {
    any_ready(registration, interest).await?;
    loop {
        let result = try_io_for(registration, interest, &mut call);
        if !would_block(&result) {
            return result;
        }
        any_of(interest, |direction| registration.next_readiness(direction)).await?;
    }
}

fn would_block<R>(result: &io::Result<R>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// Waits for any of several directions.
pub(crate) async fn any_ready(registration: &Registration, interest: Interest) -> io::Result<()> {
    if interest == Interest::NONE {
        return Err(nothing_asked());
    }
    any_of(interest, |direction| registration.readiness(direction)).await
}

async fn any_of<'a>(
    interest: Interest,
    wait: impl Fn(Direction) -> Readiness<'a>,
) -> io::Result<()> {
    let mut waits =
        Direction::ALL.map(|direction| interest.watches(direction).then(|| wait(direction)));
    poll_fn(|cx| {
        let polled = waits.iter_mut().flatten().map(|wait| Pin::new(wait).poll(cx));
        polled.fold(Poll::Pending, |any, one| if any.is_ready() { any } else { one })
    })
    .await
}

/// The error of an interest of nothing, which would never be satisfied.
pub(crate) fn nothing_asked() -> io::Error {
    let message = "nothing to wait for: ask for READABLE, WRITABLE or both";
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
