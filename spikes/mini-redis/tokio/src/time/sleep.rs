//! Waiting for a moment.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::instant::Instant;

/// Waits so long.
pub fn sleep(length: Duration) -> Sleep {
    Sleep(evergreen::sleep(length))
}

/// Waits until a moment.
pub fn sleep_until(moment: Instant) -> Sleep {
    Sleep(evergreen::sleep_until(moment.0))
}

/// See [`sleep`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are polled"]
pub struct Sleep(evergreen::Sleep);

impl Sleep {
    /// Waits until another moment from now on.
    pub fn reset(self: Pin<&mut Self>, moment: Instant) {
        self.get_mut().0 = evergreen::sleep_until(moment.0);
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}
