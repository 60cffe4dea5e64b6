//! Waiting for a place in somebody else's queue, of which no poller tells.

use std::future::poll_fn;
use std::io;
use std::time::Duration;

use evergreen_loop::build::Timer;

const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(128);

/// Pauses between attempts, each twice as long as the one before.
pub(crate) struct Pauses(Duration);

impl Pauses {
    pub(crate) const fn new() -> Self {
        Self(SHORTEST)
    }

    /// Waits until the next attempt, by what `timer` makes of a length.
    pub(crate) async fn wait(&mut self, timer: impl FnOnce(Duration) -> Timer) -> io::Result<()> {
        let mut pause = timer(self.0);
        self.0 = LONGEST.min(self.0 * 2);
        Ok(poll_fn(|cx| pause.try_poll(cx)).await?)
    }
}
