//! The future that a run of the loop waits for. It is an entry of the queue like any other, with a
//! waker of its own, and is polled only when that was woken.

use std::cell::Cell;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Wake, Waker};

use crate::core::Core;
use crate::current;
use crate::entry::{Entry, RemoteEntry};
use crate::error::{ErrorContext, ErrorOrigin};
use crate::remote::Shared;
use crate::slow::SlowWatch;
use crate::sync::{Arc, AtomicBool, Ordering, thread_local};

thread_local! {
    static POLLED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the future of a `block_on` is being polled on this thread. Where no task is either, a
/// callback runs, or nothing of a loop.
pub fn in_main_future() -> bool {
    POLLED.with(Cell::get)
}

/// The main future is polled while this exists. Within it, another loop may run its own.
struct Polled(bool);

impl Polled {
    fn begin() -> Self {
        Self(POLLED.with(|polled| polled.replace(true)))
    }
}

impl Drop for Polled {
    fn drop(&mut self) {
        POLLED.with(|polled| polled.set(self.0));
    }
}

/// Queues the main future, at most once at a time.
struct MainWaker {
    shared: Arc<Shared>,
    wait: u64,
    queued: AtomicBool,
}

impl Wake for MainWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queued.swap(true, Ordering::SeqCst) {
            return;
        }
        let queue = |core: &Rc<Core>, wait| core.push(Entry::Main(wait));
        if let Err(wait) = current::with_owned(&self.shared, self.wait, queue) {
            // If the loop is gone, so is the future.
            drop(self.shared.push(RemoteEntry::Main(wait)));
        }
    }
}

/// A future that is polled when its entry comes up.
pub(crate) struct MainFuture<'a, F: Future> {
    future: Pin<&'a mut F>,
    waker: Arc<MainWaker>,
    /// Where the wait began.
    pub(crate) place: &'static Location<'static>,
    pub(crate) output: Option<F::Output>,
}

impl<'a, F: Future> MainFuture<'a, F> {
    /// Queues the future for its first poll.
    pub(crate) fn queue(
        core: &Core,
        future: Pin<&'a mut F>,
        place: &'static Location<'static>,
    ) -> Self {
        let shared = Arc::clone(core.shared());
        let wait = core.new_wait();
        core.push(Entry::Main(wait));
        let waker = Arc::new(MainWaker { shared, wait, queued: AtomicBool::new(true) });
        Self { future, waker, place, output: None }
    }

    /// Polls the future if the entry is its own and not one of an earlier wait. True when done.
    pub(crate) fn poll(&mut self, wait: u64) -> bool {
        if wait != self.waker.wait {
            return false;
        }
        self.waker.queued.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&self.waker));
        let watch = SlowWatch::begin();
        let polled = Polled::begin();
        if let Poll::Ready(output) = self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            self.output = Some(output);
        }
        drop(polled);
        watch.end(|| ErrorContext::new(ErrorOrigin::Main).at(self.place));
        self.output.is_some()
    }
}
