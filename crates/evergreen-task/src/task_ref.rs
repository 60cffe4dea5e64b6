//! A task without the type of its output.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::iter::successors;
use std::marker::PhantomData;
use std::panic::Location;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use evergreen_loop::Delay;
use evergreen_loop::build::Timer;

use crate::error::TaskError;
use crate::header::{Header, TaskId};
use crate::join::{Join, join_timeout};
use crate::kill::{kill, kill_with};
use crate::raw::{Pointer, Reference};
use crate::registry;
use crate::state::{State, TaskState};

/// Refers to a task of this thread, whatever it gives back.
#[derive(Clone)]
pub struct TaskRef {
    inner: Inner,
    local: PhantomData<Rc<()>>,
}

#[derive(Clone)]
enum Inner {
    /// Counted; the task may end meanwhile.
    Counted(Reference),
    /// Made when the task had ended and nothing counted it any more.
    Ended(Rc<Ended>),
}

/// What is left of a task.
struct Ended {
    id: TaskId,
    name: String,
    location: &'static Location<'static>,
    polls: u32,
}

impl TaskRef {
    pub(crate) const fn new(reference: Reference) -> Self {
        Self { inner: Inner::Counted(reference), local: PhantomData }
    }

    /// A reference to a task that is in no registry any more.
    pub(crate) fn ended(header: &Header) -> Self {
        let ended = Ended {
            id: header.id,
            name: header.name(),
            location: header.location,
            polls: header.polls(),
        };
        Self { inner: Inner::Ended(Rc::new(ended)), local: PhantomData }
    }

    /// The task, unless it had ended when this was made.
    pub(crate) const fn reference(&self) -> Option<&Reference> {
        match &self.inner {
            Inner::Counted(reference) => Some(reference),
            Inner::Ended(_) => None,
        }
    }

    /// The task's id.
    pub fn id(&self) -> TaskId {
        match &self.inner {
            Inner::Counted(reference) => reference.header().id,
            Inner::Ended(ended) => ended.id,
        }
    }

    /// The task's name: the one it was given, or `Task-` and its number.
    pub fn name(&self) -> String {
        match &self.inner {
            Inner::Counted(reference) => reference.header().name(),
            Inner::Ended(ended) => ended.name.clone(),
        }
    }

    /// What the task is doing.
    pub fn state(&self) -> TaskState {
        match &self.inner {
            Inner::Counted(reference) => reference.header().state.get().public(),
            Inner::Ended(_) => TaskState::Ended,
        }
    }

    /// Where the task was made.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        match &self.inner {
            Inner::Counted(reference) => reference.header().location,
            Inner::Ended(ended) => ended.location,
        }
    }

    /// How many turns the task has had.
    pub fn polls(&self) -> u32 {
        match &self.inner {
            Inner::Counted(reference) => reference.header().polls(),
            Inner::Ended(ended) => ended.polls,
        }
    }

    /// For how long the task has been waiting, to the millisecond, on the loop's clock; `None` if it
    /// is not waiting. After 49 days it counts from zero again.
    pub fn parked_for(&self) -> Option<Duration> {
        let task = self.reference()?.header();
        (task.state.get() == State::Parked).then(|| task.parked_for(Timer::now()))
    }

    /// Kills the task, as [`Task::kill`](crate::Task::kill) does.
    pub fn kill(&self) {
        if let Some(task) = self.reference() {
            kill(task);
        }
    }

    /// Kills the task for a reason, as [`Task::kill_with`](crate::Task::kill_with) does.
    pub fn kill_with(&self, reason: impl Into<Box<dyn Error + Send + Sync>>) {
        if let Some(task) = self.reference() {
            kill_with(task, reason.into());
        }
    }

    /// Kills the task and waits until it has ended. See
    /// [`Task::kill_and_wait`](crate::Task::kill_and_wait).
    ///
    /// # Errors
    ///
    /// [`TaskError::NotStarted`].
    ///
    /// # Kill safety
    ///
    /// The kill stands; only the wait for it ends.
    pub async fn kill_and_wait(&self) -> Result<bool, TaskError> {
        self.kill();
        self.join().await
    }

    /// Queues a turn for the task, as Python's "schedule a switch to the task" does. A task that
    /// waits for something looks whether it is there, and waits on if it is not.
    pub fn wake(&self) {
        if let Some(task) = self.reference() {
            task.wake();
        }
    }

    /// Waits until the task has ended. See [`Task::join`](crate::Task::join).
    pub fn join(&self) -> Join {
        Join::new(self.clone())
    }

    /// As [`Task::join_timeout`](crate::Task::join_timeout).
    ///
    /// # Errors
    ///
    /// [`TaskError::NotStarted`].
    pub async fn join_timeout(&self, limit: impl Into<Delay>) -> Result<bool, TaskError> {
        join_timeout(self.clone(), limit.into()).await
    }
}

impl PartialEq for TaskRef {
    /// Whether they are the same task.
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for TaskRef {}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskRef(name: {}, state: {})", self.name(), self.state())
    }
}

/// The tasks of this thread's loop that have been started and have not ended, by their ids: those
/// that one thread has made stand in the order in which it made them.
///
/// [`EventLoop::dump_tasks`](evergreen_loop::EventLoop::dump_tasks) writes them down.
///
/// ```
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// evergreen_task::Task::builder().name("waits").spawn(std::future::pending::<()>());
/// evergreen_task::yield_now().await;
/// let tasks = evergreen_task::all();
/// assert_eq!(tasks.len(), 1);
/// assert_eq!((tasks[0].name().as_str(), tasks[0].polls()), ("waits", 1));
/// assert!(tasks[0].parked_for().is_some());
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
pub fn all() -> Vec<TaskRef> {
    let mut tasks = registry::references();
    tasks.sort_by_key(|task| task.header().id);
    tasks.into_iter().map(TaskRef::new).collect()
}

/// The task that is polled, as long as it is. It lies on the stack of its poll.
pub(crate) struct Running {
    header: Pointer<Header>,
    waker: Pointer<Waker>,
    /// The one in whose poll this one was dropped unstarted, and so has its end.
    outer: Option<Pointer<Self>>,
}

impl Running {
    pub(crate) fn new(header: Pointer<Header>, waker: &Waker) -> Self {
        Self { header, waker: Pointer::new(waker), outer: CURRENT.get() }
    }
}

thread_local! {
    static CURRENT: Cell<Option<Pointer<Running>>> = const { Cell::new(None) };
}

/// The task that is running. `None` in callbacks, in the future of a `block_on`, and outside the
/// loop.
///
/// ```
/// # use evergreen_loop::EventLoop;
/// # let event_loop = EventLoop::new()?;
/// event_loop.block_on(async {
///     assert!(evergreen_task::current().is_none());
///     let task = evergreen_task::spawn(async { evergreen_task::current() });
///     let id = task.id();
///     let seen = task.await.expect("not killed").expect("inside a task");
///     assert_eq!(seen.id(), id);
/// });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
pub fn current() -> Option<TaskRef> {
    with_running(registry::reference)?.map(TaskRef::new)
}

/// The id of the running task, as [`current`] has it, without counting a reference.
pub fn current_id() -> Option<TaskId> {
    with_running(|task| task.id)
}

/// Calls `f` with the running task.
pub(crate) fn with_running<R>(f: impl FnOnce(&Header) -> R) -> Option<R> {
    CURRENT.get().map(|running| f(running.get().header.get()))
}

/// A counted reference to a task that is polled, made of its own waker.
pub(crate) fn running_reference(task: TaskId) -> Option<Reference> {
    let polled = successors(CURRENT.get(), |running| running.get().outer);
    let mut found = polled.filter(|running| running.get().header.get().id == task);
    found
        .next()
        .map(|running| Reference::of_running(running.get().header, running.get().waker.get()))
}

/// A task is polled while this exists.
pub(crate) struct Entered<'a>(&'a Running);

pub(crate) fn enter(task: &Running) -> Entered<'_> {
    CURRENT.set(Some(Pointer::new(task)));
    Entered(task)
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        CURRENT.set(self.0.outer);
    }
}
