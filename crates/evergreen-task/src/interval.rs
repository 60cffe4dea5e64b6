//! Ticks at regular times.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use evergreen_loop::LoopTime;
use evergreen_loop::build::Timer;

/// What becomes of ticks that nobody took in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// They follow at once, one after the other, until the schedule is caught up with.
    #[default]
    Burst,
    /// The schedule moves: the next tick comes a period after the late one.
    Delay,
    /// They are left out: the next tick is the next one of the schedule that lies ahead.
    Skip,
}

/// Ticks every `period`, the first time at once.
///
/// # Panics
///
/// If the period is zero.
///
/// ```
/// use std::time::Duration;
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let mut interval = evergreen_task::interval(Duration::from_millis(2));
/// let first = interval.tick().await;
/// let second = interval.tick().await;
/// assert_eq!(second - first, Duration::from_millis(2));
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_at(Timer::now(), period)
}

/// Ticks every `period`, the first time at `start`.
///
/// # Panics
///
/// If the period is zero.
#[track_caller]
pub fn interval_at(start: LoopTime, period: Duration) -> Interval {
    assert!(!period.is_zero(), "the period of an interval must be longer than zero");
    Interval { timer: Timer::at(start), period, missed: MissedTickBehavior::Burst }
}

/// See [`interval`].
#[derive(Debug)]
pub struct Interval {
    timer: Timer,
    period: Duration,
    missed: MissedTickBehavior,
}

impl Interval {
    /// Waits for the next tick and gives the moment it was due. It does not suspend if that has
    /// come already.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost: a tick that nobody took comes again.
    pub async fn tick(&mut self) -> LoopTime {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// As [`Interval::tick`], to be polled.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<LoopTime> {
        let due = self.timer.deadline();
        let now = Timer::now();
        if now < due && self.timer.poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.timer.reset(self.next(due, now));
        Poll::Ready(due)
    }

    fn next(&self, due: LoopTime, now: LoopTime) -> LoopTime {
        let on_time = due + self.period;
        match self.missed {
            MissedTickBehavior::Delay if now > on_time => now + self.period,
            MissedTickBehavior::Skip if now > on_time => {
                let into_period = (now - due).as_nanos() % self.period.as_nanos();
                let into_period = u64::try_from(into_period).unwrap_or(u64::MAX);
                now + (self.period - Duration::from_nanos(into_period))
            },
            _ => on_time,
        }
    }

    /// Sets what becomes of ticks that nobody took in time.
    pub const fn set_missed_tick_behavior(&mut self, missed: MissedTickBehavior) {
        self.missed = missed;
    }

    /// What becomes of ticks that nobody took in time.
    pub const fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// The time between two ticks.
    pub const fn period(&self) -> Duration {
        self.period
    }

    /// Has the next tick come a period from now.
    pub fn reset(&mut self) {
        self.timer.reset(Timer::now() + self.period);
    }
}
