//! Tasks that end with their scope (R-9).

mod error;
mod member;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::thread;

use evergreen_loop::{ErrorContext, ErrorOrigin, EventLoop};

pub use self::error::GroupError;
use self::member::{Member, Seat};
use crate::builder::Builder;
use crate::task::Task;
use crate::task_ref::TaskRef;

/// Tasks that belong together and none of which outlives the group.
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
pub struct TaskGroup<E: fmt::Debug + 'static>(Rc<Shared<E>>);

struct Shared<E> {
    /// In the order in which they were spawned.
    members: RefCell<BTreeMap<u64, Entry>>,
    spawned: Cell<u64>,
    failure: RefCell<Option<GroupError<E>>>,
    /// Whoever waits for a failure or for the end.
    waiter: RefCell<Option<Waker>>,
    failed: Cell<bool>,
}

struct Entry {
    seat: Rc<dyn Seat>,
    /// Gone for a moment, while the task is made.
    task: Option<TaskRef>,
}

impl<E: fmt::Debug + 'static> TaskGroup<E> {
    /// A group without tasks.
    pub fn new() -> Self {
        Self(Rc::new(Shared {
            members: RefCell::default(),
            spawned: Cell::new(0),
            failure: RefCell::default(),
            waiter: RefCell::default(),
            failed: Cell::new(false),
        }))
    }

    /// Runs `body` with a new group, then waits for all tasks that it has spawned.
    ///
    /// If a task fails meanwhile, the body is dropped where it waits, as the tasks are killed. If the
    /// body fails, the tasks are killed.
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
        let place = self.0.spawned.get();
        self.0.spawned.set(place + 1);
        let (member, seat) = Member::new(Rc::downgrade(&self.0), place, future);
        self.0.members.borrow_mut().insert(place, Entry { seat, task: None });
        let task = options.spawn(member);
        // A loop that ends may have ended the task already.
        if let Some(entry) = self.0.members.borrow_mut().get_mut(&place) {
            entry.task = Some(task.task_ref());
        }
        if self.0.failed.get() {
            task.kill();
        }
        task
    }

    /// How many tasks have not ended.
    pub fn len(&self) -> usize {
        self.0.members.borrow().len()
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
        let failure = self.0.failure.take();
        failure.map_or(Ok(()), Err)
    }

    /// Runs the future until a task fails: then it is dropped.
    async fn unless_failed<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => self.0.poll_until(cx, || self.0.failed.get()).map(|()| None),
        })
        .await
    }
}

impl<E: fmt::Debug + 'static> Shared<E> {
    fn poll_until(&self, cx: &Context<'_>, done: impl Fn() -> bool) -> Poll<()> {
        if done() {
            return Poll::Ready(());
        }
        let former = self.waiter.replace(Some(cx.waker().clone()));
        drop(former);
        Poll::Pending
    }

    fn notify(&self) {
        let waiter = self.waiter.take();
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    /// Notes the first failure and has the others end. Later ones have nobody to take them.
    fn fail(&self, error: GroupError<E>, task: Option<&TaskRef>) {
        if self.failed.replace(true) {
            return report(&error, task);
        }
        self.failure.replace(Some(error));
        self.kill_all();
        self.notify();
    }

    fn kill_all(&self) {
        let members = self.members.borrow();
        let tasks: Vec<_> = members.values().filter_map(|member| member.task.clone()).collect();
        drop(members);
        tasks.iter().for_each(TaskRef::kill);
    }

    /// A member's future is gone, and its task is ending.
    fn leave(&self, place: u64) {
        let left = self.members.borrow_mut().remove(&place);
        drop(left);
        if self.members.borrow().is_empty() {
            self.notify();
        }
    }
}

impl<E: fmt::Debug + 'static> Drop for TaskGroup<E> {
    fn drop(&mut self) {
        self.0.kill_all();
        if let Some(failure) = self.0.failure.take() {
            report(&failure, None);
        }
        clear_all(self.0.members.take().into_values().map(|member| member.seat));
    }
}

/// Drops all futures, also if one of them panics.
fn clear_all(seats: impl Iterator<Item = Rc<dyn Seat>>) {
    let mut panic = None;
    for seat in seats {
        let cleared = catch_unwind(AssertUnwindSafe(|| seat.clear()));
        panic = panic.or(cleared.err());
    }
    if let Some(payload) = panic.filter(|_| !thread::panicking()) {
        resume_unwind(payload);
    }
}

/// A failure that nobody takes goes to the loop's exception handler (D-7).
fn report<E: fmt::Debug>(error: &GroupError<E>, task: Option<&TaskRef>) {
    if matches!(error, GroupError::Panicked(_)) {
        return; // The task has reported it.
    }
    let mut context = ErrorContext::new(ErrorOrigin::Task);
    if let Some(task) = task {
        context = context.named(task.name()).at(task.spawned_at());
    }
    if let Some(event_loop) = EventLoop::try_current() {
        event_loop.call_exception_handler(&context.saying(format!("failed unheard: {error:?}")));
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
            .field("failed", &self.0.failed.get())
            .finish_non_exhaustive()
    }
}
