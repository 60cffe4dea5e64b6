//! A clock that a test can stop while its loop runs.

use std::cell::Cell;
use std::time::Duration;

use evergreen::LoopTime;
use evergreen_loop::seam::{Clock, MonotonicClock};

use super::instant::Instant;

thread_local! {
    /// Where the time of this thread's loop stands, while it stands.
    static PAUSED_AT: Cell<Option<LoopTime>> = const { Cell::new(None) };
}

/// The system's clock, until it is paused.
#[derive(Debug, Default)]
pub(crate) struct PausableClock(MonotonicClock);

impl Clock for PausableClock {
    fn now(&self) -> LoopTime {
        PAUSED_AT.get().unwrap_or_else(|| self.0.now())
    }
}

impl Drop for PausableClock {
    fn drop(&mut self) {
        PAUSED_AT.set(None);
    }
}

/// Stops the time of this thread's loop. It does not jump to the next timer by itself.
pub fn pause() {
    PAUSED_AT.set(Some(Instant::now().0));
}

/// Moves time that is paused forward, and returns when what became due has been woken.
///
/// # Panics
///
/// If it is not paused.
pub async fn advance(length: Duration) {
    let from = PAUSED_AT.get().expect("time is not paused: call time::pause() first");
    let asleep = evergreen::sleep_until(from + length);
    PAUSED_AT.set(Some(from + length));
    // Of timers that are due at once the older ones come first, and this is the youngest.
    asleep.await;
}
