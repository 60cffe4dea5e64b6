//! A loop of its own for each test, and recorders of what happens on it.
#![allow(dead_code, reason = "each test file uses its part")]

use std::cell::RefCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use evergreen_loop::EventLoop;

/// The loop of one test, destroyed at its end.
pub(crate) struct TestLoop(EventLoop);

impl TestLoop {
    pub(crate) fn new() -> Self {
        Self(EventLoop::new().expect("the thread has no loop"))
    }

    pub(crate) fn of(event_loop: EventLoop) -> Self {
        Self(event_loop)
    }
}

impl Deref for TestLoop {
    type Target = EventLoop;

    fn deref(&self) -> &EventLoop {
        &self.0
    }
}

impl Drop for TestLoop {
    fn drop(&mut self) {
        // A test may have done so itself.
        self.0.destroy().ok();
    }
}

/// What happened, in order. Clones write to the same list.
#[derive(Clone, Default)]
pub(crate) struct Trace(Rc<RefCell<Vec<String>>>);

impl Trace {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn note(&self, what: impl fmt::Display) {
        self.0.borrow_mut().push(what.to_string());
    }

    /// A closure that notes, for callbacks.
    pub(crate) fn noting(&self, what: impl fmt::Display) -> Box<dyn FnOnce()> {
        let (trace, what) = (self.clone(), what.to_string());
        Box::new(move || trace.note(what))
    }

    /// A value that notes when it is dropped.
    pub(crate) fn on_drop(&self, what: impl fmt::Display) -> OnDrop<Box<dyn FnOnce()>> {
        OnDrop(Some(self.noting(what)))
    }

    /// What was noted since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        self.0.take()
    }
}

/// Runs a closure when it is dropped.
pub(crate) struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    pub(crate) const fn new(f: F) -> Self {
        Self(Some(f))
    }
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

/// Panics when it is dropped.
pub(crate) struct Bomb(pub(crate) &'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

/// What the loop's exception handler is told: origin, name, message.
pub(crate) fn reports(event_loop: &EventLoop) -> Trace {
    let trace = Trace::new();
    let reports = trace.clone();
    event_loop.set_exception_handler(move |context: &evergreen_loop::ErrorContext| {
        let (origin, name) = (context.origin(), context.name().unwrap_or("-"));
        reports.note(format_args!("{origin:?} {name} {}", context.message()));
    });
    trace
}

/// Counts its wakes.
#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let wakes = Arc::new(Self::default());
        let waker = Waker::from(Arc::clone(&wakes));
        (wakes, waker)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Polls a future by hand, with a waker that nobody listens to.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls by hand; ready or not, it is a value.
pub(crate) async fn polled<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}

/// Set in the process that [`second_process`] starts.
const CHILD: &str = "EVERGREEN_TEST_CHILD";

/// Whether this is the process that [`second_process`] starts.
pub(crate) fn is_second_process() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// The test of this name as a process of its own, to be started.
pub(crate) fn second_process(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a program"));
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, "1");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}
