//! A moment.

use std::ops::Add;
use std::time::{self, Duration};

use evergreen::{EventLoop, LoopTime};

/// A moment on the clock of this thread's loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub(super) LoopTime);

impl Instant {
    /// The present one; by the system's clock if this thread has no loop.
    pub fn now() -> Self {
        let event_loop = EventLoop::try_current();
        Self(event_loop.map_or_else(|| time::Instant::now().into(), |here| here.time()))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, length: Duration) -> Self {
        Self(self.0 + length)
    }
}
