//! One trip through the queue.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Lets everything that is queued run first.
///
/// ```
/// # use evergreen_loop::EventLoop;
/// # let event_loop = EventLoop::new()?;
/// # event_loop.block_on(async {
/// evergreen_task::yield_now().await;
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// # Kill safety
///
/// Nothing is lost.
pub const fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// See [`yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are polled"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
