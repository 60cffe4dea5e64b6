//! Jobs that have to wait.

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc::{Sender, channel};

use evergreen_loop::EventLoop;
use evergreen_testing::{TestLoop, poll_once};

/// A loop with one thread for jobs.
pub(crate) fn small_pool() -> TestLoop {
    TestLoop::of(EventLoop::builder().blocking_threads(1).build().expect("a loop"))
}

/// Such a loop, and what keeps that thread busy until it is dropped.
pub(crate) fn busy_pool() -> (TestLoop, Sender<()>) {
    let event_loop = small_pool();
    let (release, released) = channel();
    drop(event_loop.run_blocking(move || released.recv().expect_err("nothing is sent")));
    (event_loop, release)
}

/// Begins what waits for the pool, and kills it.
pub(crate) fn begin<F: Future>(future: F) {
    assert!(poll_once(&mut pin!(future)).is_pending(), "it waits for the pool");
}
