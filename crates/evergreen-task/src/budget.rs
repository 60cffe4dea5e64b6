//! Giving way now and then.

use std::future::poll_fn;

use evergreen_loop::build::poll_budget;

/// Counts one ready result of the running task. After 128 of them in one turn it lets everything
/// that is queued run first.
///
/// The sockets, channels and queues of evergreen count by themselves. This is for a loop that awaits
/// nothing else for long, and would keep all others waiting:
///
/// ```
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let mut sum: u64 = 0;
/// for number in 0..10_000 {
///     sum += number;
///     evergreen_task::consume_budget().await;
/// }
/// # assert_eq!(sum, 49_995_000);
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// The counterpart of tokio's function of this name.
///
/// # Kill safety
///
/// Nothing is lost.
pub async fn consume_budget() {
    poll_fn(|cx| poll_budget(cx)).await;
}
