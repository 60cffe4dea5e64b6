//! An executor whose workers are tasks.

use std::fmt;
use std::rc::Rc;

use evergreen_loop::{Delay, LoopTime};

use super::door::{self, Door, Shut};
use super::error::ExecutorError;
use super::executor::Executor;
use super::job::Job;
use super::map::{MapResults, deadline};
use super::promise::promise;
use super::worker::{TaskPool, make};

/// Makes calls that wait, in at most so many tasks at once.
///
/// A call is a function that gives a future, and what the future gives is the result of the call's
/// [`Job`]. A panic is [`JobError::Panicked`](super::JobError::Panicked), and a call whose task is
/// killed is cancelled.
///
/// A worker is made for a call as long as there are fewer than the limit, goes on with the next call
/// when it has made one, and ends when there is none. So an idle pool is no task: it neither holds
/// the loop nor is told of among those who are parked. The calls of one worker run in one task, one
/// after the other: they share its task-locals, and what one of them has locked, of an
/// [`RLock`](crate::locks::RLock), is the next one's too.
///
/// Clones are handles to the same pool. When the last is dropped, what is queued is still done; who
/// wants to wait for that calls [`shutdown`](Self::shutdown) before, or [`scope`](Self::scope).
///
/// ```
/// use evergreen_sync::futures::TaskPoolExecutor;
/// use evergreen_task::sleep;
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let pool = TaskPoolExecutor::new(2)?;
/// let mut squares = pool.map([3, 1, 2], |number| async move {
///     sleep(f64::from(number) / 1000.0).await;
///     number * number
/// })?;
/// let mut sum = 0;
/// while let Some(square) = squares.next().await {
///     sum += square.expect("neither cancelled nor panicked");
/// }
/// assert_eq!(sum, 14);
/// # Ok::<(), evergreen_sync::futures::ExecutorError>(())
/// # }).unwrap();
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// Python evergreen's `TaskPoolExecutor`.
#[derive(Clone)]
pub struct TaskPoolExecutor(Rc<TaskPool>);

impl TaskPoolExecutor {
    /// A pool of at most so many tasks. None is made yet.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::NoWorkers`].
    pub fn new(max_workers: usize) -> Result<Self, ExecutorError> {
        if max_workers == 0 {
            return Err(ExecutorError::NoWorkers);
        }
        Ok(Self(Rc::new(TaskPool::new(max_workers))))
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
    pub fn submit<Fut: Future + 'static>(
        &self,
        f: impl FnOnce() -> Fut + 'static,
    ) -> Result<Job<Fut::Output>, ExecutorError> {
        self.0.door.check()?;
        let (promise, job) = promise();
        self.0.push(Box::pin(make(promise, f)));
        Ok(job)
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
    pub fn map<A: 'static, Fut: Future + 'static>(
        &self,
        items: impl IntoIterator<Item = A>,
        f: impl Fn(A) -> Fut + 'static,
    ) -> Result<MapResults<Fut::Output>, ExecutorError> {
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
    pub fn map_timeout<A: 'static, Fut: Future + 'static>(
        &self,
        items: impl IntoIterator<Item = A>,
        f: impl Fn(A) -> Fut + 'static,
        limit: impl Into<Delay>,
    ) -> Result<MapResults<Fut::Output>, ExecutorError> {
        self.map_until(deadline(limit.into()), items, f)
    }

    fn map_until<A: 'static, Fut: Future + 'static>(
        &self,
        deadline: Option<LoopTime>,
        items: impl IntoIterator<Item = A>,
        f: impl Fn(A) -> Fut + 'static,
    ) -> Result<MapResults<Fut::Output>, ExecutorError> {
        self.0.door.check()?;
        let f = Rc::new(f);
        let jobs = items.into_iter().map(|item| {
            let f = Rc::clone(&f);
            self.submit(move || f(item))
        });
        MapResults::of(jobs, deadline)
    }

    /// Takes no more calls; those that are queued are still made. With `wait` it is done when they
    /// are, without it at once. It may be called again.
    ///
    /// A call of this pool that waits for it waits for ever.
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

impl Shut for TaskPoolExecutor {
    fn door(&self) -> &Door {
        &self.0.door
    }
}

impl<F: FnOnce() -> Fut + 'static, Fut: Future + 'static> Executor<F> for TaskPoolExecutor {
    type Output = Fut::Output;

    fn submit(&self, f: F) -> Result<Job<Fut::Output>, ExecutorError> {
        Self::submit(self, f)
    }
}

impl fmt::Debug for TaskPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.describe(&mut f.debug_struct("TaskPoolExecutor"))
    }
}
