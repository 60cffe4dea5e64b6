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
use crate::header::Header;
use crate::registry;

/// A task that is to be polled.
pub(crate) struct RawRunnable(Runnable<Header>);

/// The one handle that can take the output. Dropping it leaves the task alone.
pub(crate) struct RawTask<T> {
    /// Gone only while the handle itself goes.
    task: Option<async_task::Task<Output<T>, Header>>,
    taken: bool,
}

/// Makes a task of this thread.
pub(crate) fn new_local<F>(header: Header, future: F) -> (RawRunnable, RawTask<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
{
    let body = |header: &Header| Body::new(Pointer::new(header), future);
    let (runnable, task) =
        async_task::Builder::new().metadata(header).spawn_local(body, schedule_local);
    (RawRunnable(runnable), RawTask { task: Some(task), taken: false })
}

/// Makes a task that any thread may make, and drop if the loop is gone.
pub(crate) fn new_remote<F>(header: Header, future: F) -> (RawRunnable, RawTask<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let body = |header: &Header| Body::new(Pointer::new(header), future);
    let (runnable, task) = async_task::Builder::new().metadata(header).spawn(body, schedule_remote);
    (RawRunnable(runnable), RawTask { task: Some(task), taken: false })
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
    // SAFETY: `run` rebuilds the runnable that `into_raw` took apart, once. A runnable may be sent
    // to its loop's thread: that is the only thread that polls or drops a local future.
    #[expect(unsafe_code, reason = "a runnable as an entry of the queue")]
    let entry = unsafe { TaskEntry::new(runnable.into_raw(), run) };
    loop_id.schedule(entry)
}

#[expect(unsafe_code, reason = "the type that `TaskEntry` asks for")]
unsafe fn run(data: NonNull<()>) {
    // SAFETY: `data` is what `into_raw` gave in `schedule`, and this is called once.
    let runnable = unsafe { Runnable::<Header>::from_raw(data) };
    runnable.run();
}

/// The first turn of a task that was started on its own thread: the registry has the runnable.
#[expect(unsafe_code, reason = "the type that `TaskEntry` asks for")]
unsafe fn run_first(data: NonNull<()>) {
    let header = Pointer(data.cast::<Header>());
    if let Some(RawRunnable(runnable)) = registry::take_queued(header.get()) {
        runnable.run();
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
    /// then, so that whoever asks for the task meanwhile finds a reference. If the loop takes no
    /// more, the task ends here.
    pub(crate) fn start(self) {
        let header = self.pointer();
        let loop_id = header.get().loop_id;
        match loop_id.is_closing_here() {
            None => return self.discard(),
            Some(true) => header.get().mark_killed(),
            Some(false) => {},
        }
        registry::enter(self);
        // SAFETY: `run_first` gets the header of a task that stands in the registry until that
        // very entry takes it out, on this thread.
        #[expect(unsafe_code, reason = "a task as an entry of the queue")]
        let entry = unsafe { TaskEntry::new(header.0.cast(), run_first) };
        let queued = loop_id.schedule(entry);
        debug_assert!(queued.is_ok(), "the loop is here, as was just found");
    }

    /// Sends the task to its loop. If the loop is gone, the task ends here.
    pub(crate) fn send(self) {
        let header = self.pointer();
        if let Err(refused) = schedule(self.0) {
            // What was refused is the runnable, so the task is still there.
            header.get().mark_killed();
            // SAFETY: a task that was sent may be ended, and its future dropped, on any thread.
            #[expect(unsafe_code, reason = "ends a task that no loop takes")]
            unsafe {
                refused.run();
            }
        }
    }

    /// Ends the task without polling its future.
    pub(crate) fn discard(self) {
        self.header().mark_killed();
        self.0.run();
    }
}

impl<T> RawTask<T> {
    pub(crate) fn header(&self) -> &Header {
        self.task.as_ref().expect("taken out only when it is dropped").metadata()
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Output<T>> {
        let task = self.task.as_mut().expect("taken out only when it is dropped");
        let polled = Pin::new(task).poll(cx);
        self.taken = polled.is_ready();
        polled
    }

    /// The output, if it is there and was not taken.
    pub(crate) fn take(&mut self) -> Option<Output<T>> {
        if self.taken {
            return None;
        }
        match self.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }
}

impl<T> Drop for RawTask<T> {
    fn drop(&mut self) {
        crate::kill::report_unread(self);
        self.header().mark_detached();
        if let Some(task) = self.task.take() {
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

    /// Only for who knows that the target exists. For a header: its body, a reference that is
    /// counted, the registry, and whoever holds the runnable. For the running task: who runs below
    /// its poll.
    pub(crate) fn get(&self) -> &T {
        // SAFETY: the pointer was made from a reference. A header lies in the task's allocation,
        // which neither moves nor goes before the last reference to the task. The body lies in the
        // same allocation; `Reference` holds a count; the registry forgets a task before it ends;
        // `start` and `send` use it while the entry cannot run. The running task is forgotten when
        // its poll returns.
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
