//! Ready results count.

use std::future::poll_fn;
use std::task::Poll;

use evergreen_loop::build::poll_budget;

/// Counts one, if the caller's result is ready: whoever had 128 of them gives way once.
pub(crate) async fn counts_if(ready: bool) {
    poll_fn(|cx| if ready { poll_budget(cx) } else { Poll::Ready(()) }).await;
}
