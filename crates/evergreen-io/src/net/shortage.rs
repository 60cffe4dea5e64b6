//! What a listener does while there are no descriptors to be had: it waits, each time longer.

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use evergreen_loop::build::Timer;
use evergreen_loop::{ErrorContext, ErrorOrigin, EventLoop};

use crate::source::Source;

/// The first pause. Each one after it is twice as long.
const SHORTEST: Duration = Duration::from_millis(10);
/// Doublings of it: the longest pause is 640 ms.
const DOUBLINGS: u32 = 6;

/// How long a listener has gone without, and the pause of who polls it.
#[derive(Debug, Default)]
pub(super) struct Shortage {
    /// Failures since the last connection.
    failures: AtomicU32,
    pause: Mutex<Option<Timer>>,
}

impl Shortage {
    /// There was a connection, or an error of another kind.
    pub(super) fn end(&self) {
        if self.failures.load(Ordering::Relaxed) > 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// Waits before the next attempt.
    pub(super) async fn wait<T: AsRawFd + Into<OwnedFd>>(
        &self,
        source: &Source<T>,
        error: io::Error,
    ) -> io::Result<()> {
        let mut pause = self.next_pause(source, &error);
        poll_fn(|cx| pause.try_poll(cx)).await?;
        Ok(())
    }

    /// Has [`Shortage::poll`] wait before the next attempt.
    pub(super) fn begin<T: AsRawFd + Into<OwnedFd>>(&self, source: &Source<T>, error: io::Error) {
        let pause = self.next_pause(source, &error);
        let former = self.pause().replace(pause);
        drop(former);
    }

    /// Ready when no pause is left.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.failures.load(Ordering::Relaxed) == 0 {
            return Poll::Ready(Ok(()));
        }
        // Out of its place while it is polled: a waker may be dropped there.
        let Some(mut pause) = self.pause().take() else { return Poll::Ready(Ok(())) };
        let polled = pause.try_poll(cx);
        if polled.is_pending() {
            let other = self.pause().replace(pause);
            drop(other);
        }
        polled.map_err(io::Error::from)
    }

    /// Whoever polled it waits no longer.
    pub(super) fn give_up(&self) {
        let pause = self.pause().take();
        drop(pause);
    }

    fn pause(&self) -> MutexGuard<'_, Option<Timer>> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_pause<T: AsRawFd + Into<OwnedFd>>(
        &self,
        source: &Source<T>,
        error: &io::Error,
    ) -> Timer {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed);
        if failures == 0 {
            report(source, error);
        }
        Timer::on(source.remote(), SHORTEST * (1 << failures.min(DOUBLINGS)))
    }
}

/// Tells the loop's exception handler, once for each time of want.
fn report<T: AsRawFd + Into<OwnedFd>>(source: &Source<T>, error: &io::Error) {
    let message = format!("cannot accept: {error}; it tries again, and says no more until it can");
    let context = ErrorContext::new(ErrorOrigin::Listener).saying(message);
    let told = source.remote().call_from_thread(move || {
        if let Some(event_loop) = EventLoop::try_current() {
            event_loop.call_exception_handler(&context);
        }
    });
    // Without a loop nobody is there to be told.
    drop(told);
}
