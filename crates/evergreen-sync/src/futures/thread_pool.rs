//! An executor whose workers are threads.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use evergreen_loop::{Delay, EventLoop, LoopTime};

use super::delivery::ThreadPool;
use super::door::{self, Door, Shut};
use super::error::ExecutorError;
use super::executor::Executor;
use super::job::Job;
use super::map::{MapResults, deadline};

/// Makes calls that block or compute, on at most so many threads of its own.
///
/// The function runs on a thread, and its result is delivered on the loop, which is alive until
/// then. There the callbacks of the job run, too. A panic is
/// [`JobError::Panicked`](super::JobError::Panicked); if the system has not a single thread for the
/// pool, the job fails with the system's error.
///
/// Threads are made when there is more to do than they can, and end after ten seconds without work.
/// For calls that need no limit of their own there is
/// [`run_blocking`](evergreen_loop::EventLoop::run_blocking).
///
/// # The end
///
/// [`shutdown`](Self::shutdown) with a wait is the clean end: all results are delivered and the
/// threads are gone. Clones are handles to the same pool; when the last is dropped, calls that are
/// queued are still made, and the threads end and are joined when the last result has been
/// delivered. Nothing of that blocks the loop for as long as a call runs; what it waits for are the
/// destructors of the threads' own thread-locals.
///
/// If the loop is destroyed first, or the task that delivers a result is killed, what is queued is
/// cancelled, and a call that is running is left to its thread; no shutdown waits for it. In the child
/// of a fork there are no threads: make a pool of its own there. The end of the process waits for no thread: a program that wants its calls made waits
/// for them.
///
/// ```
/// use evergreen_sync::futures::ThreadPoolExecutor;
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let pool = ThreadPoolExecutor::new(2)?;
/// let sum = pool.submit(|| (1..=1_000_000_u64).sum::<u64>())?;
/// assert_eq!(sum.get().await.expect("no panic"), 500_000_500_000);
/// pool.shutdown(true).await;
/// # Ok::<(), evergreen_sync::futures::ExecutorError>(())
/// # }).unwrap();
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// Python evergreen's `ThreadPoolExecutor`; there a shutdown with work pending is a deadlock.
#[derive(Clone)]
pub struct ThreadPoolExecutor(Rc<ThreadPool>);

impl ThreadPoolExecutor {
    /// A pool of at most so many threads. None is made yet.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::NoWorkers`].
    pub fn new(max_workers: usize) -> Result<Self, ExecutorError> {
        if max_workers == 0 {
            return Err(ExecutorError::NoWorkers);
        }
        Ok(Self(Rc::new(ThreadPool::new(max_workers))))
    }

    /// Queues a call. A job that is cancelled before its turn is skipped.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Shutdown`].
    ///
    /// # Panics
    ///
    /// If this thread has no loop. On the main thread one is made.
    #[track_caller]
    pub fn submit<T: Send + 'static>(
        &self,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Job<T>, ExecutorError> {
        self.0.door.check()?;
        let event_loop = EventLoop::current();
        let event_loop = event_loop.unwrap_or_else(|error| panic!("cannot submit a job: {error}"));
        Ok(self.0.submit(&event_loop, f))
    }

    /// Calls `f` with each of `items`, and gives the results in their order. Several inputs are one of
    /// tuples: [`Iterator::zip`] ends with the shortest.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Shutdown`].
    ///
    /// # Panics
    ///
    /// If this thread has no loop. On the main thread one is made.
    pub fn map<A: Send + 'static, T: Send + 'static>(
        &self,
        items: impl IntoIterator<Item = A>,
        f: impl Fn(A) -> T + Send + Sync + 'static,
    ) -> Result<MapResults<T>, ExecutorError> {
        self.map_until(None, items, f)
    }

    /// As [`map`](Self::map), with a limit for all of the results together, from now on. Zero is over
    /// after one trip through the queue, a negative limit never.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Shutdown`].
    ///
    /// # Panics
    ///
    /// If this thread has no loop. On the main thread one is made.
    pub fn map_timeout<A: Send + 'static, T: Send + 'static>(
        &self,
        items: impl IntoIterator<Item = A>,
        f: impl Fn(A) -> T + Send + Sync + 'static,
        limit: impl Into<Delay>,
    ) -> Result<MapResults<T>, ExecutorError> {
        self.map_until(deadline(limit.into()), items, f)
    }

    fn map_until<A: Send + 'static, T: Send + 'static>(
        &self,
        deadline: Option<LoopTime>,
        items: impl IntoIterator<Item = A>,
        f: impl Fn(A) -> T + Send + Sync + 'static,
    ) -> Result<MapResults<T>, ExecutorError> {
        self.0.door.check()?;
        let f = Arc::new(f);
        let jobs = items.into_iter().map(|item| {
            let f = Arc::clone(&f);
            self.submit(move || f(item))
        });
        MapResults::of(jobs, deadline)
    }

    /// Takes no more calls; those that are queued are still made. With `wait` it is done when all
    /// results have been delivered, without it at once. It may be called again.
    ///
    /// The loop goes on meanwhile, so a call may wait for something that the loop does.
    ///
    /// # Kill safety
    ///
    /// The pool stays shut; only the wait ends.
    pub async fn shutdown(&self, wait: bool) {
        door::shutdown(self, wait).await;
    }

    /// Runs `f` with this pool, and shuts it down and waits behind it: Python's `with`.
    ///
    /// # Kill safety
    ///
    /// Killed, it shuts the pool down and waits for nobody, because a destructor cannot: what is
    /// queued is still done.
    pub async fn scope<F: Future>(self, f: impl FnOnce(Self) -> F) -> F::Output {
        door::scope(self, f).await
    }
}

impl Shut for ThreadPoolExecutor {
    fn door(&self) -> &Door {
        &self.0.door
    }

    fn shut(&self) {
        if self.0.door.shut() {
            self.0.end_threads();
        }
    }
}

impl<F, T> Executor<F> for ThreadPoolExecutor
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    fn submit(&self, f: F) -> Result<Job<T>, ExecutorError> {
        Self::submit(self, f)
    }
}

impl fmt::Debug for ThreadPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.describe(&mut f.debug_struct("ThreadPoolExecutor"))
    }
}
