//! Notice of what holds up the loop: an entry that ran for too long, and where it was made.

use std::cell::Cell;
use std::time::Duration;

use crate::clock::{Clock, LoopTime, MonotonicClock};
use crate::core::print;
use crate::debug;
use crate::error::ErrorContext;

/// A tenth of a second is what a person notices.
const USUAL_THRESHOLD: Duration = Duration::from_millis(100);

/// What a loop does unless it is told otherwise.
pub(crate) fn usual_threshold() -> Option<Duration> {
    debug::is_on().then_some(USUAL_THRESHOLD)
}

thread_local! {
    /// What this thread's loop puts up with. `None` reads no clock.
    static THRESHOLD: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// Sets the threshold of the loop that this thread has from now on.
pub(crate) fn set_threshold(threshold: Option<Duration>) {
    THRESHOLD.set(threshold);
}

/// Times one entry of the queue.
///
/// It reads the system's clock whatever the loop's own clock is: virtual time stands still while an
/// entry runs, and the program does not.
#[derive(Debug)]
#[must_use = "a watch that is not ended tells nothing"]
pub struct SlowWatch {
    since: Option<LoopTime>,
}

impl SlowWatch {
    /// Starts to time, if the loop of this thread wants it.
    #[inline]
    pub fn begin() -> Self {
        Self { since: THRESHOLD.get().map(|_| present()) }
    }

    /// The entry has had its turn: if that took too long, a line on standard error says what it was.
    #[inline]
    pub fn end(self, entry: impl FnOnce() -> ErrorContext) {
        if let Some(since) = self.since {
            report_slow(since, entry);
        }
    }
}

fn present() -> LoopTime {
    MonotonicClock::new().now()
}

fn report_slow(since: LoopTime, entry: impl FnOnce() -> ErrorContext) {
    let length = present() - since;
    if THRESHOLD.get().is_some_and(|threshold| length >= threshold) {
        let seconds = length.as_secs_f64();
        print(&entry().saying(format!("held up the loop for {seconds:.3} s")));
    }
}
