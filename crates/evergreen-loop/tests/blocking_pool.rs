//! A pool of threads beside that of the loop.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use evergreen_loop::build::BlockingPool;
use evergreen_loop::{BlockingError, BlockingJob};
use evergreen_testing::{OnDrop, TestLoop, Trace};

/// A job that says when it begins, and ends when the sender is dropped.
fn held(pool: &BlockingPool, event_loop: &TestLoop) -> (BlockingJob<()>, Receiver<()>, Sender<()>) {
    let (begin, begun) = channel();
    let (release, released) = channel();
    let job = pool.run(event_loop, move || {
        begin.send(()).expect("somebody waits");
        released.recv().expect_err("nothing is sent");
    });
    (job, begun, release)
}

// EV-FUT-22
#[test]
fn its_threads_have_its_name_and_keep_to_its_limit() {
    let event_loop = TestLoop::new();
    let pool = BlockingPool::new("mine", 1);
    let name = || thread::current().name().map(str::to_owned);
    for _ in 0..3 {
        let job = pool.run(&event_loop, name);
        assert_eq!(event_loop.block_on(job).expect("no panic").as_deref(), Some("mine-1"));
    }
    pool.end(true);
}

// EV-FUT-18, EV-FUT-25
#[test]
fn its_end_comes_behind_what_is_queued() {
    let event_loop = TestLoop::new();
    let (pool, trace) = (BlockingPool::new("mine", 1), Trace::new());
    let (first, begun, release) = held(&pool, &event_loop);
    let notes = trace.clone();
    let second = pool.run(&event_loop, move || notes.note("second"));
    begun.recv().expect("it begins");
    // The only thread is busy.
    pool.end(false);
    drop(release);
    event_loop
        .block_on(async { (first.await.expect("no panic"), second.await.expect("no panic")) });
    trace.assert_eq(["second"]);
}

// EV-FUT-25
#[test]
fn its_end_may_wait_for_all_threads() {
    let event_loop = TestLoop::new();
    let (pool, trace) = (BlockingPool::new("mine", 2), Trace::new());
    let jobs = ["first", "second"].map(|name| {
        let at_end = trace.on_drop(name);
        pool.run(&event_loop, move || at_thread_end(at_end))
    });
    pool.end(true);
    // A thread may have had both.
    assert_eq!(trace.take().len(), 2);
    drop(jobs);
}

type AtEnd = OnDrop<Box<dyn FnMut() + Send>>;

/// Drops `value` when this thread ends.
fn at_thread_end(value: AtEnd) {
    thread_local!(static LOCAL: std::cell::RefCell<Vec<AtEnd>> = const { std::cell::RefCell::new(Vec::new()) });
    LOCAL.with_borrow_mut(|local| local.push(value));
}

// EV-LOOP-26
#[test]
fn it_refuses_jobs_of_a_loop_that_is_destroyed() {
    let event_loop = TestLoop::new();
    event_loop.destroy().expect("not running");
    let pool = BlockingPool::new("mine", 1);
    let job = pool.run(&event_loop, || ());
    let refused = evergreen_loop::EventLoop::new().expect("a loop").block_on(job);
    assert!(matches!(refused, Err(BlockingError::LoopClosed)));
    pool.end(true);
}
