//! The handle that owns a task's output.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use evergreen_loop::Delay;
use evergreen_loop::build::LoopId;

use crate::builder::Builder;
use crate::error::{JoinError, TaskError};
use crate::header::{Header, TaskId};
use crate::join::{Join, join_timeout};
use crate::kill_on_drop::KillOnDrop;
use crate::raw::{RawRunnable, RawTask, new_local};
use crate::registry;
use crate::run::Run;
use crate::state::{State, TaskState};
use crate::task_ref::TaskRef;

/// A future that the loop runs, and the handle to it.
///
/// Awaiting the handle gives the output, or says why there is none. Dropping it lets the task run
/// on. The handle is not `Send`, and neither need the future be; tasks that come from another
/// thread are spawned with [`RemoteTasks`](crate::RemoteTasks).
///
/// ```
/// # use evergreen_loop::EventLoop;
/// # let event_loop = EventLoop::new()?;
/// event_loop.block_on(async {
///     let task = evergreen_task::spawn(async { 6 * 7 });
///     assert_eq!(task.await.expect("neither killed nor panicked"), 42);
/// });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// Whoever awaits the handle should have a waker that does not panic: `async-task` ends the process
/// if one does.
///
/// Nothing switches from one task to another directly; control goes through the loop:
///
/// ```compile_fail,E0599
/// # fn resume(task: evergreen_task::Task<()>) {
/// task.switch();
/// # }
/// ```
pub struct Task<T> {
    raw: RawTask<T>,
    local: PhantomData<Rc<()>>,
}

impl<T: 'static> Task<T> {
    /// A task that waits for [`Task::start`].
    ///
    /// # Panics
    ///
    /// If this thread has no loop.
    #[track_caller]
    pub fn new(future: impl Future<Output = T> + 'static) -> Self {
        Builder::new().build(future)
    }

    /// A task whose body is a value's [`Run::run`].
    ///
    /// # Panics
    ///
    /// If this thread has no loop.
    #[track_caller]
    pub fn from_run(value: impl Run<Output = T>) -> Self {
        Self::new(async move { value.run().await })
    }

    /// Makes a task, and what starts it.
    pub(crate) fn make(
        loop_id: LoopId,
        name: Option<Box<str>>,
        location: &'static Location<'static>,
        future: impl Future<Output = T> + 'static,
    ) -> (Self, RawRunnable) {
        let (runnable, raw) = new_local(Header::new(name, location, loop_id), future);
        (Self { raw, local: PhantomData }, runnable)
    }
}

impl Task<()> {
    /// Options for a new task.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The task that is running, as [`current`](crate::current()) gives it.
    pub fn current() -> Option<TaskRef> {
        crate::task_ref::current()
    }
}

impl<T> Task<T> {
    /// Queues the task for its first turn. The caller goes on.
    ///
    /// # Errors
    ///
    /// [`TaskError::AlreadyStarted`].
    pub fn start(&self) -> Result<(), TaskError> {
        let runnable = self.raw.header().take_unstarted().ok_or(TaskError::AlreadyStarted)?;
        runnable.start();
        Ok(())
    }

    /// Waits until the task has ended, in whatever way, and says true. Those who wait are woken in
    /// the order they came.
    ///
    /// A task that joins itself waits for ever. Outside of tasks, pass it to `block_on`.
    ///
    /// The future gives [`TaskError::NotStarted`] for a task that was not started.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost: it may be dropped and called again.
    pub fn join(&self) -> Join {
        self.task_ref().join()
    }

    /// As [`Task::join`], but says false if `limit` is over first; the task goes on. Zero waits one
    /// turn of the queue, a negative limit is none.
    ///
    /// # Errors
    ///
    /// [`TaskError::NotStarted`].
    ///
    /// # Kill safety
    ///
    /// Nothing is lost: it may be dropped and called again.
    pub async fn join_timeout(&self, limit: impl Into<Delay>) -> Result<bool, TaskError> {
        join_timeout(self.task_ref(), limit.into()).await
    }

    /// Ends the task at its next suspension: its future is dropped there, and destructors are its
    /// clean-up. The caller goes on.
    ///
    /// The kill is an entry of the queue. A task that has had no turn yet never begins; one that
    /// kills itself runs on to its next suspension; one that ends first has ended. Killing an ended
    /// task does nothing.
    pub fn kill(&self) {
        self.task_ref().kill();
    }

    /// Kills the task for a reason, which is what awaiting it then gives:
    /// [`JoinError::KilledWith`]. No [`catch_kill`](crate::catch_kill) catches this; in Python it is
    /// `kill` with an exception type other than `TaskExit`.
    ///
    /// A reason that nobody takes is reported to the loop's exception handler: when the task ends
    /// without a handle, or when the handle is dropped unread. Of several reasons the first counts.
    pub fn kill_with(&self, reason: impl Into<Box<dyn Error + Send + Sync>>) {
        self.task_ref().kill_with(reason);
    }

    /// Kills the task and waits until it has ended: its future and its task-locals are dropped
    /// then.
    ///
    /// A task that catches the kill goes on, and so does the wait.
    ///
    /// # Errors
    ///
    /// [`TaskError::NotStarted`].
    ///
    /// # Kill safety
    ///
    /// The kill stands; only the wait for it ends.
    pub async fn kill_and_wait(&self) -> Result<bool, TaskError> {
        self.task_ref().kill_and_wait().await
    }

    /// Makes a handle that kills the task when it is dropped.
    pub const fn kill_on_drop(self) -> KillOnDrop<T> {
        KillOnDrop::new(self)
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        self.raw.header().state.get() == State::Ended
    }

    /// The task's id.
    pub fn id(&self) -> TaskId {
        self.raw.header().id
    }

    /// The task's name: the one it was given, or `Task-` and its number.
    pub fn name(&self) -> String {
        self.raw.header().name()
    }

    /// What the task is doing.
    pub fn state(&self) -> TaskState {
        self.raw.header().state.get().public()
    }

    /// Where the task was made.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.raw.header().location
    }

    /// A reference without the type of the output.
    pub fn task_ref(&self) -> TaskRef {
        let header = self.raw.header();
        match header.unstarted_reference().or_else(|| registry::reference(header)) {
            Some(reference) => TaskRef::new(reference),
            None => TaskRef::ended(header),
        }
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.state() == TaskState::Initial {
            return Poll::Ready(Err(JoinError::NotStarted));
        }
        self.raw.poll(cx)
    }
}

impl<T> Unpin for Task<T> {}

impl<T> Drop for Task<T> {
    /// Lets the task run on. One that was not started can never start, so its future goes.
    fn drop(&mut self) {
        let header = self.raw.header();
        if header.state.get() != State::Initial {
            return;
        }
        if let Some(runnable) = header.take_unstarted() {
            header.mark_detached();
            runnable.discard();
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task(name: {}, state: {})", self.name(), self.state())
    }
}
