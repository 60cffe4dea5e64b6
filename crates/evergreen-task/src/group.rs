//! Tasks that end with their scope (R-9).

mod error;
mod member;
mod members;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

pub use self::error::GroupError;
use self::member::Member;
use self::members::{Members, report};
use crate::builder::Builder;
use crate::task::Task;

/// Tasks that belong together and end with the group.
///
/// The first that fails, by an `Err` or a panic, has the others killed, and its error is what the
/// group gives. A task that is killed has not failed. Dropping the group drops the futures of its
/// tasks at once; only one that is being polled at that moment ends at its next suspension.
///
/// ```
/// use evergreen_task::{GroupError, TaskGroup, sleep};
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let outcome: Result<(), _> = TaskGroup::scope(async |group| {
///     group.spawn(async {
///         sleep(60.0).await;
///         Ok(())
///     });
///     group.spawn(async { Err::<(), _>("no such page") });
///     Ok(())
/// })
/// .await;
/// assert!(matches!(outcome, Err(GroupError::Failed("no such page"))));
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// The counterpart of asyncio's `TaskGroup` and trio's nursery.
pub struct TaskGroup<E: fmt::Debug + 'static>(Rc<Members<E>>);

impl<E: fmt::Debug + 'static> TaskGroup<E> {
    /// A group without tasks.
    pub fn new() -> Self {
        Self(Members::new())
    }

    /// Runs `body` with a new group, then waits for all tasks that it has spawned.
    ///
    /// If a task fails meanwhile, the body is dropped where it waits, as the tasks are killed: it
    /// never sees the failure. If the body fails, the tasks are killed.
    ///
    /// # Errors
    ///
    /// The first failure of the body or of a task.
    ///
    /// # Panics
    ///
    /// A panic of the body is passed on; the tasks are dropped. One of a task is an error:
    /// [`GroupError::Panicked`].
    ///
    /// # Kill safety
    ///
    /// The body and all tasks are dropped.
    pub async fn scope<T>(
        body: impl AsyncFnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, GroupError<E>> {
        let group = Self::new();
        let output = match group.unless_failed(body(&group)).await {
            Some(Ok(output)) => Some(output),
            Some(Err(error)) => {
                group.0.fail(GroupError::Failed(error), None);
                None
            },
            None => None,
        };
        group.join().await?;
        Ok(output.expect("without an output there is a failure"))
    }

    /// Starts a task of this group. The handle gives its value. If the task fails, the group has the
    /// error, and the handle says that the task was killed, or that it panicked. In a group that has
    /// failed the task is killed before it begins.
    ///
    /// # Panics
    ///
    /// If this thread has no loop.
    #[track_caller]
    pub fn spawn<T: 'static>(
        &self,
        future: impl Future<Output = Result<T, E>> + 'static,
    ) -> Task<T> {
        self.spawn_with(Builder::new(), future)
    }

    /// As [`TaskGroup::spawn`], with options.
    ///
    /// # Panics
    ///
    /// If this thread has no loop.
    #[track_caller]
    pub fn spawn_with<T: 'static>(
        &self,
        options: Builder,
        future: impl Future<Output = Result<T, E>> + 'static,
    ) -> Task<T> {
        let group = Rc::downgrade(&self.0);
        let (place, member) = self.0.enter(|place| Member::new(group, place, future));
        let task = options.spawn(member);
        self.0.started(place, task.task_ref());
        task
    }

    /// How many tasks have not ended.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether all tasks have ended.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Kills all tasks, as [`Task::kill`] does. The group goes on.
    pub fn kill_all(&self) {
        self.0.kill_all();
    }

    /// Waits until all tasks have ended.
    ///
    /// # Errors
    ///
    /// The first failure. The other tasks were killed then, and have ended, too.
    ///
    /// # Kill safety
    ///
    /// The group is dropped, and its tasks with it.
    pub async fn join(self) -> Result<(), GroupError<E>> {
        poll_fn(|cx| self.0.poll_until(cx, || self.is_empty())).await;
        let failure = self.0.take_failure();
        failure.map_or(Ok(()), Err)
    }

    /// Runs the future until a task fails: then it is dropped.
    async fn unless_failed<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        poll_fn(|cx| match self.0.poll_until(cx, || self.0.has_failed()) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => future.as_mut().poll(cx).map(Some),
        })
        .await
    }
}

impl<E: fmt::Debug + 'static> Drop for TaskGroup<E> {
    fn drop(&mut self) {
        self.0.kill_all();
        if let Some(failure) = self.0.take_failure() {
            report(&failure, None);
        }
        self.0.clear_all();
    }
}

impl<E: fmt::Debug + 'static> Default for TaskGroup<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: fmt::Debug + 'static> fmt::Debug for TaskGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup")
            .field("tasks", &self.len())
            .field("failed", &self.0.has_failed())
            .finish_non_exhaustive()
    }
}
