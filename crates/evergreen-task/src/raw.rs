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

/// A task that is to be polled. It goes into the loop's queue as an entry.
pub(crate) struct RawRunnable(Runnable<Header>);

/// The one handle that can take the output. Dropping it leaves the task alone.
pub(crate) struct RawTask<T>(Option<async_task::Task<Output<T>, Header>>);

/// Makes a task of this thread.
pub(crate) fn new_local<F>(header: Header, future: F) -> (RawRunnable, RawTask<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
{
    let body = |header: &Header| Body::new(HeaderPointer::new(header), future);
    let (runnable, task) =
        async_task::Builder::new().metadata(header).spawn_local(body, schedule_local);
    (RawRunnable(runnable), RawTask(Some(task)))
}

/// Makes a task that any thread may make, and drop if the loop is gone.
pub(crate) fn new_remote<F>(header: Header, future: F) -> (RawRunnable, RawTask<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let body = |header: &Header| Body::new(HeaderPointer::new(header), future);
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
    RawRunnable(runnable).start();
}

/// The function captures nothing, which spares `async-task` a count of its own for each wake.
fn schedule(runnable: Runnable<Header>) -> Result<(), TaskEntry> {
    let header = HeaderPointer::new(runnable.metadata());
    // On the loop's own thread the entry only waits in the queue, and the header with it.
    let Err(entry) = header.get().remote.schedule_here(entry(runnable)) else { return Ok(()) };
    // From elsewhere the loop may run and free the task as soon as the entry is pushed, so the
    // handle to the loop has to be ours.
    let remote = header.get().remote.clone();
    remote.schedule(entry)
}

fn entry(runnable: Runnable<Header>) -> TaskEntry {
    // SAFETY: `run` rebuilds the runnable that `into_raw` took apart, once. A runnable may be sent
    // to its loop's thread: that is the only thread that polls or drops a local future.
    #[expect(unsafe_code, reason = "a runnable as an entry of the queue")]
    unsafe {
        TaskEntry::new(runnable.into_raw(), run)
    }
}

#[expect(unsafe_code, reason = "the type that `TaskEntry` asks for")]
unsafe fn run(data: NonNull<()>) {
    // SAFETY: `data` is what `into_raw` gave in `entry`, and this is called once.
    let runnable = unsafe { Runnable::<Header>::from_raw(data) };
    runnable.run();
}

impl RawRunnable {
    pub(crate) fn header(&self) -> &Header {
        self.0.metadata()
    }

    /// A reference to the task that takes part in its count.
    pub(crate) fn reference(&self) -> Reference {
        Reference { waker: self.0.waker(), header: HeaderPointer::new(self.header()) }
    }

    /// Queues the task for its first poll. If the loop takes no more, the task ends here.
    pub(crate) fn start(self) {
        let header = HeaderPointer::new(self.header());
        if let Err(refused) = schedule(self.0) {
            // What was refused is the runnable, so the task is still there.
            header.get().mark_killed();
            // SAFETY: a local task is started on its loop's thread, and a remote one may be ended,
            // and its future dropped, on any.
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
        self.task().metadata()
    }

    fn task(&self) -> &async_task::Task<Output<T>, Header> {
        self.0.as_ref().expect("taken out only when it is dropped")
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Output<T>> {
        let task = self.0.as_mut().expect("taken out only when it is dropped");
        Pin::new(task).poll(cx)
    }
}

impl<T> Drop for RawTask<T> {
    fn drop(&mut self) {
        self.header().mark_detached();
        if let Some(task) = self.0.take() {
            task.detach();
        }
    }
}

/// Where a task's header lies, for the future behind it in the same allocation.
#[derive(Clone, Copy)]
pub(crate) struct HeaderPointer(NonNull<Header>);

// SAFETY: it stands for a `&Header`, and `Header` is `Sync`.
#[expect(unsafe_code, reason = "a remote task's future is sent to its loop")]
unsafe impl Send for HeaderPointer {}

// SAFETY: as above.
#[expect(unsafe_code, reason = "a handle to a remote task is shared")]
unsafe impl Sync for HeaderPointer {}

impl HeaderPointer {
    fn new(header: &Header) -> Self {
        Self(NonNull::from(header))
    }

    /// Only for who knows that the task exists: its body, a reference that is counted, and
    /// whoever holds the runnable.
    pub(crate) fn get(&self) -> &Header {
        // SAFETY: the pointer was made from the header in the task's allocation, which neither
        // moves nor goes before the last reference to the task. The body lies in the same
        // allocation; `Reference` holds a count; `schedule` and `start` use it while the entry cannot run.
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
    header: HeaderPointer,
}

impl Reference {
    /// For a task that is being polled, whose own waker this is.
    pub(crate) fn of_running(header: HeaderPointer, waker: &Waker) -> Self {
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
