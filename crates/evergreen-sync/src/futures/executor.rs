//! What all executors do.

use super::error::ExecutorError;
use super::job::Job;

/// Takes calls and makes them, some at a time.
///
/// For code that leaves open which executor it uses. `F` is what it hands over: for the
/// [`TaskPoolExecutor`](super::TaskPoolExecutor) a function that gives a future, for the
/// [`ThreadPoolExecutor`](super::ThreadPoolExecutor) one that may cross threads. Each has a method of
/// the same name of its own.
///
/// ```
/// use evergreen_sync::futures::{Executor, Job, ThreadPoolExecutor};
///
/// fn answers<E: Executor<fn() -> u32, Output = u32>>(executor: &E) -> Vec<Job<u32>> {
///     (0..3).map(|_| executor.submit(|| 42).expect("not shut down")).collect()
/// }
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let pool = ThreadPoolExecutor::new(2).expect("more than no threads");
/// for answer in answers(&pool) {
///     assert_eq!(answer.get().await.expect("no panic"), 42);
/// }
/// # pool.shutdown(true).await;
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
pub trait Executor<F> {
    /// What a call gives in the end.
    type Output;

    /// Queues a call.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Shutdown`].
    fn submit(&self, f: F) -> Result<Job<Self::Output>, ExecutorError>;
}
