//! Waiting for a time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use evergreen_loop::build::Timer;
use evergreen_loop::{Delay, LoopTime};

use crate::yield_now::{YieldNow, yield_now};

/// Waits at least so long, counted from this call. Zero and negative delays are one trip through
/// the queue.
///
/// ```
/// use std::time::Duration;
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// evergreen_task::sleep(Duration::from_millis(2)).await;
/// evergreen_task::sleep(0.002).await; // seconds
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// # Panics
///
/// If the delay is NaN. The future panics if its loop is destroyed, or it is polled for the first
/// time where there is no loop.
///
/// # Kill safety
///
/// Nothing is lost; the timer is taken back.
pub fn sleep(delay: impl Into<Delay>) -> Sleep {
    match delay.into().length() {
        Some(length) if !length.is_zero() => Sleep(Kind::Time(Timer::after(length))),
        _ => Sleep(Kind::Turn(yield_now())),
    }
}

/// Waits until a moment on the loop's clock. One that is not in the future is a trip through the
/// queue.
///
/// # Panics
///
/// As [`sleep`].
///
/// # Kill safety
///
/// Nothing is lost; the timer is taken back.
pub fn sleep_until(when: LoopTime) -> Sleep {
    if when > Timer::now() {
        Sleep(Kind::Time(Timer::at(when)))
    } else {
        Sleep(Kind::Turn(yield_now()))
    }
}

/// See [`sleep`]. It may be sent to another thread.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are polled"]
pub struct Sleep(Kind);

#[derive(Debug)]
enum Kind {
    Turn(YieldNow),
    Time(Timer),
}

impl Sleep {
    /// The moment it waits for; `None` if it only waits for its turn.
    pub const fn deadline(&self) -> Option<LoopTime> {
        match &self.0 {
            Kind::Turn(_) => None,
            Kind::Time(timer) => Some(timer.deadline()),
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Kind::Turn(turn) => Pin::new(turn).poll(cx),
            Kind::Time(timer) => timer.poll(cx),
        }
    }
}
