//! What may stand in the queue.

use std::ptr::NonNull;
use std::rc::Rc;

use crate::core::Core;
use crate::handler::{Registered, RemoteCall};
use crate::sync::Arc;

/// One turn of somebody's: the loop pops it and runs it.
pub(crate) enum Entry {
    /// A task to poll.
    Task(TaskEntry),
    /// The task that starts next, to poll for the first time: the table of tasks has it.
    First,
    /// A callback of this thread.
    Call(Rc<Registered>),
    /// A callback that another thread sent.
    RemoteCall(Arc<dyn RemoteCall>),
    /// Work for the loop itself that another thread sent.
    Work(Work),
    /// The future that `block_on` waits for, by the number of that wait.
    Main(u64),
}

/// What another thread may send.
pub(crate) enum RemoteEntry {
    Task(TaskEntry),
    Call(Arc<dyn RemoteCall>),
    Work(Work),
    Main(u64),
}

pub(crate) type Work = Box<dyn FnOnce(&Rc<Core>) + Send>;

impl From<TaskEntry> for Entry {
    fn from(task: TaskEntry) -> Self {
        Self::Task(task)
    }
}

impl From<RemoteEntry> for Entry {
    fn from(entry: RemoteEntry) -> Self {
        match entry {
            RemoteEntry::Task(task) => Self::Task(task),
            RemoteEntry::Call(call) => Self::RemoteCall(call),
            RemoteEntry::Work(work) => Self::Work(work),
            RemoteEntry::Main(wait) => Self::Main(wait),
        }
    }
}

/// A task that is ready to be polled, without its type.
///
/// Running it consumes it. Dropping it unrun leaks the task instead of dropping a future on a
/// thread that may not be its own: the loop runs every entry that it took, also when it is
/// destroyed.
#[derive(Debug)]
#[must_use = "a task entry that is not run leaks its task"]
pub struct TaskEntry {
    data: NonNull<()>,
    run: fn(Self),
}

// SAFETY: `TaskEntry::new` demands that `data` may be sent to the loop's thread, and nothing but
// that thread uses it.
#[expect(unsafe_code, reason = "carries a task from the thread that woke it to the loop's")]
unsafe impl Send for TaskEntry {}

impl TaskEntry {
    /// An entry that calls `run` with itself once, on the thread of the loop it is scheduled on.
    ///
    /// `run` must not unwind.
    ///
    /// # Safety
    ///
    /// `data` must be sound to send to that thread, and `run` to be called there with it at any
    /// later time.
    #[expect(unsafe_code, reason = "erases the type of a task")]
    pub const unsafe fn new(data: NonNull<()>, run: fn(Self)) -> Self {
        Self { data, run }
    }

    /// What the entry was made of, for its `run`, or for whoever has it back from a loop that takes
    /// no more.
    pub const fn into_data(self) -> NonNull<()> {
        self.data
    }

    /// Runs the task, on the thread of the loop whose queue it stood in.
    pub(crate) fn run(self) {
        (self.run)(self);
    }
}
