//! Whether a wait waits.

use std::future::poll_fn;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use evergreen_task::yield_now;

/// Runs `future`, which must suspend at least once before it is done.
///
/// For what promises to let others run: a `yield_now`, a full queue, a lock that is taken.
///
/// ```
/// use evergreen_task::yield_now;
/// use evergreen_testing::must_suspend;
///
/// evergreen_loop::block_on(async {
///     must_suspend(yield_now()).await;
/// });
/// ```
///
/// # Panics
///
/// If it is done at the first poll; the message names the place of this call.
///
/// # Kill safety
///
/// That of `future`.
#[track_caller]
pub fn must_suspend<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let place = Location::caller();
    first_poll(future, move |ready| {
        assert!(!ready, "what {place} awaits was done at once: it must suspend");
    })
}

/// Runs `future`, which must be done at its first poll.
///
/// For what must not let others run in between: a send to a queue with room, a lock that is free.
/// What counts against the budget of a turn suspends when that is spent.
///
/// ```
/// use evergreen_testing::must_not_suspend;
///
/// evergreen_loop::block_on(async {
///     assert_eq!(must_not_suspend(std::future::ready(42)).await, 42);
/// });
/// ```
///
/// # Panics
///
/// If it suspends; the message names the place of this call.
///
/// # Kill safety
///
/// It is never suspended.
#[track_caller]
pub fn must_not_suspend<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let place = Location::caller();
    first_poll(future, move |ready| {
        assert!(ready, "what {place} awaits has suspended: it must be done at once");
    })
}

/// Runs `future`, and tells `check` whether it was ready at its first poll.
async fn first_poll<F: Future>(future: F, check: impl FnOnce(bool)) -> F::Output {
    let mut future = pin!(future);
    let mut check = Some(check);
    poll_fn(move |cx| {
        let polled = future.as_mut().poll(cx);
        if let Some(check) = check.take() {
            check(polled.is_ready());
        }
        polled
    })
    .await
}

/// Polls a future by hand, with a waker that nobody listens to.
pub fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls a future once with the waker of the task that awaits this, and gives what came of it.
///
/// # Kill safety
///
/// It is never suspended.
pub async fn polled<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}

/// Lets everything run that is queued, and what follows from it, eight turns deep.
///
/// For tests in real time, and for those of what has no end of its own. In virtual time
/// [`VirtualClock::until_parked`](crate::VirtualClock::until_parked) says more.
///
/// # Kill safety
///
/// Nothing is lost.
pub async fn settle() {
    for _ in 0..8 {
        yield_now().await;
    }
}
