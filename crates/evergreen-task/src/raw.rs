//! Where tasks meet `async-task`: no other file knows it.
//!
//! `async-task` gives one allocation with a state, a count, our header and the future, and decides
//! who may poll. All that is ours is in the header and the body. A task is never cancelled through
//! `async-task`: it always runs to a `Ready`, if only to say that it was killed.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

use async_task::Runnable;
use evergreen_loop::build::TaskEntry;

use crate::body::{Body, Output};
use crate::error::JoinError;
use crate::header::Header;
use crate::registry;
use crate::state::State;

/// A task that is to be polled.
pub(crate) struct RawRunnable(Runnable<Header>);

/// The one handle that can take the output. Dropping it leaves the task alone.
pub(crate) struct RawTask<T>(Option<async_task::Task<Output<T>, Header>>);

/// Makes a task of this thread.
pub(crate) fn new_local<F>(header: Header, future: F) -> (RawRunnable, RawTask<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
{
    let body = |header: &Header| Body::new(Pointer::new(header), future);
    let builder = async_task::Builder::new().metadata(header);
    // SAFETY: what is not `Send` are the future and its output. The future is polled and dropped by
    // entries that run on its loop's thread, or by the handle before the start; the registry keeps
    // the task until it has ended, so no waker is ever its last reference before. The handle, which
    // takes the output, is not `Send`. Both are `'static`, and so is `schedule_local`.
    #[expect(unsafe_code, reason = "spares each poll the look at the thread of `spawn_local`")]
    let (runnable, task) = unsafe { builder.spawn_unchecked(body, schedule_local) };
    (RawRunnable(runnable), RawTask(Some(task)))
}

/// Makes a task that any thread may make, and drop if the loop is gone.
pub(crate) fn new_remote<F>(header: Header, future: F) -> (RawRunnable, RawTask<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let body = |header: &Header| Body::new(Pointer::new(header), future);
    let (runnable, task) = async_task::Builder::new().metadata(header).spawn(body, schedule_remote);
    (RawRunnable(runnable), RawTask(Some(task)))
}

/// A task of the loop's thread was woken, on whatever thread.
///
/// A loop that refuses has ended all its tasks, and an ended task is not scheduled. Should it come
/// to that, the entry is dropped, which leaks the task instead of dropping its future here.
fn schedule_local(runnable: Runnable<Header>) {
    let refused = schedule(runnable);
    debug_assert!(refused.is_ok(), "a task was woken after its loop had ended it");
}

/// As [`schedule_local`], for a future that may be dropped here if the loop is gone.
fn schedule_remote(runnable: Runnable<Header>) {
    RawRunnable(runnable).send();
}

/// The function captures nothing, which spares `async-task` a count of its own for each wake.
fn schedule(runnable: Runnable<Header>) -> Result<(), TaskEntry> {
    let loop_id = runnable.metadata().loop_id;
    // SAFETY: a runnable may be sent to its loop's thread: that is the only one that polls or drops
    // a local future. `run` may be called with what `into_raw` gave, see `rebuild`.
    #[expect(unsafe_code, reason = "a runnable as an entry of the queue")]
    let entry = unsafe { TaskEntry::new(runnable.into_raw(), run) };
    loop_id.schedule(entry)
}

fn run(entry: TaskEntry) {
    rebuild(entry).run();
}

/// The runnable that [`schedule`] took apart: there are no other entries with our `run`.
fn rebuild(entry: TaskEntry) -> Runnable<Header> {
    // SAFETY: `into_raw` gave this pointer, to an entry that cannot be cloned and ends here.
    #[expect(unsafe_code, reason = "an entry of the queue as a runnable")]
    unsafe {
        Runnable::from_raw(entry.into_data())
    }
}

impl RawRunnable {
    pub(crate) fn header(&self) -> &Header {
        self.0.metadata()
    }

    pub(crate) fn pointer(&self) -> Pointer<Header> {
        Pointer::new(self.header())
    }

    /// A reference to the task that takes part in its count.
    pub(crate) fn reference(&self) -> Reference {
        Reference { waker: self.0.waker(), header: self.pointer() }
    }

    /// Queues the task for its first turn, on its loop's own thread. The registry keeps it until
    /// then, so that whoever asks for the task meanwhile finds a reference. If the loop is gone, the
    /// task ends here.
    pub(crate) fn start(self) {
        self.header().state.set(State::Started);
        match self.header().loop_id.schedule_first() {
            None => self.discard(),
            Some(closing) => {
                if closing {
                    self.header().mark_killed();
                }
                registry::enter(self);
            },
        }
    }

    /// Sends the task to its loop. If the loop is gone, the task ends here.
    pub(crate) fn send(self) {
        if let Err(refused) = schedule(self.0) {
            Self(rebuild(refused)).discard();
        }
    }

    pub(crate) fn run(self) {
        self.0.run();
    }

    /// Leaves the task with its header, to be started later.
    pub(crate) fn keep(self) {
        let header = self.pointer();
        header.get().keep_unstarted(self);
    }

    /// Ends the task without polling its future.
    pub(crate) fn discard(self) {
        self.header().mark_killed();
        self.0.run();
    }
}

impl<T> RawTask<T> {
    pub(crate) fn header(&self) -> &Header {
        self.0.as_ref().expect(WHOLE).metadata()
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        let polled = Pin::new(self.0.as_mut().expect(WHOLE)).poll(cx);
        polled.map_err(|failure| failure.heard())
    }
}

const WHOLE: &str = "the task is taken out only when its handle goes";

impl<T> Drop for RawTask<T> {
    fn drop(&mut self) {
        self.header().mark_detached();
        if let Some(task) = self.0.take() {
            task.detach();
        }
    }
}

/// A reference without its lifetime: to a task's header from the future behind it in the same
/// allocation, or to what the running task has on the stack.
pub(crate) struct Pointer<T>(NonNull<T>);

impl<T> Clone for Pointer<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Pointer<T> {}

// SAFETY: it stands for a `&T`, which may be sent if `T` is `Sync`.
#[expect(unsafe_code, reason = "a remote task's future is sent to its loop")]
unsafe impl<T: Sync> Send for Pointer<T> {}

// SAFETY: as above.
#[expect(unsafe_code, reason = "a handle to a remote task is shared")]
unsafe impl<T: Sync> Sync for Pointer<T> {}

impl<T> Pointer<T> {
    pub(crate) fn new(target: &T) -> Self {
        Self(NonNull::from(target))
    }

    /// Only for who knows that the target exists. For a header: its body, and a reference
    /// that is counted. For the running task: who runs below its poll.
    pub(crate) fn get(&self) -> &T {
        // SAFETY: the pointer was made from a reference. A header lies in the task's allocation,
        // which neither moves nor goes before the last reference to the task. The body lies in the
        // same allocation; `Reference` holds a count. The running task is forgotten when its poll
        // returns.
        #[expect(unsafe_code, reason = "the header without the type of the future behind it")]
        unsafe {
            self.0.as_ref()
        }
    }
}

/// A counted reference to a task whose type is not known.
#[derive(Clone)]
pub(crate) struct Reference {
    waker: Waker,
    header: Pointer<Header>,
}

impl Reference {
    /// For a task that is being polled, whose own waker this is.
    pub(crate) fn of_running(header: Pointer<Header>, waker: &Waker) -> Self {
        Self { waker: waker.clone(), header }
    }

    pub(crate) fn header(&self) -> &Header {
        self.header.get()
    }

    /// Queues the task, unless it is queued or has ended.
    pub(crate) fn wake(&self) {
        self.waker.wake_by_ref();
    }
}

impl fmt::Debug for RawRunnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawRunnable").field(&self.header().id).finish()
    }
}
