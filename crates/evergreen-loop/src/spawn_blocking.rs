//! Blocking work without a loop at hand.

use crate::blocking::BlockingJob;
use crate::current;
use crate::event_loop::EventLoop;

/// Runs `f` on a thread of the pool of this thread's loop, as [`EventLoop::run_blocking`] does.
///
/// The result is awaited. It may be awaited on another thread too; the loop is alive until it has
/// been delivered.
///
/// Dropping the job does not take it back: `f` runs to its end and its result is dropped. To end a
/// job early, share a flag with it that it looks at. If the loop is destroyed first, a job that has
/// not begun is dropped unrun, and one that is running is left to its thread.
///
/// A panic of `f` does not reach the exception handler; it is the result,
/// [`BlockingError::Panicked`](crate::BlockingError::Panicked).
///
/// ```
/// use evergreen_loop::{block_on, spawn_blocking};
///
/// let sum = block_on(async { spawn_blocking(|| (1..=1_000_000_u64).sum::<u64>()).await })?;
/// assert_eq!(sum, 500_000_500_000);
/// # Ok::<(), evergreen_loop::BlockingError>(())
/// ```
///
/// # Panics
///
/// If this thread has no loop, as the threads of the pool have none. On the main thread one is
/// made.
#[track_caller]
pub fn spawn_blocking<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> BlockingJob<T> {
    let core = current::core_or_new().unwrap_or_else(|error| panic!("spawn_blocking: {error}"));
    EventLoop::from_core(core).run_blocking(f)
}
