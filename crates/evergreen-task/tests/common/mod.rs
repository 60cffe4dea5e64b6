//! A loop of its own for each test, and recorders of what happens on it.
#![allow(dead_code, reason = "each test file uses its part")]

use std::future::Future;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use evergreen_loop::EventLoop;
#[allow(unused_imports, reason = "each test file uses its part")]
pub(crate) use evergreen_testing::{OnDrop, TestLoop, Trace, poll_once, polled};

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

/// Lets everything run that is queued, and what follows from it.
pub(crate) fn settle(event_loop: &EventLoop) {
    event_loop.block_on(async {
        for _ in 0..8 {
            evergreen_task::yield_now().await;
        }
    });
}

/// A wait without end that notes when it is dropped.
pub(crate) fn waiting(trace: &Trace, name: &str) -> impl Future<Output = ()> + use<> {
    let guard = trace.on_drop(format_args!("{name} dropped"));
    async move {
        let _guard = guard;
        std::future::pending::<()>().await;
    }
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
