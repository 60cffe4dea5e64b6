//! How a `ThreadPoolExecutor` ends: rows EV-FUT-14, -18, -19, -24, -25.

mod common;

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use common::{TestLoop, Trace, poll_once, settle};
use evergreen_sync::futures::{ExecutorError, Job, ThreadPoolExecutor};
use evergreen_task::{all, spawn, yield_now};

fn pool(max_workers: usize) -> ThreadPoolExecutor {
    ThreadPoolExecutor::new(max_workers).expect("more than no threads")
}

/// A call that says when it begins, and ends when the sender is dropped.
fn held(pool: &ThreadPoolExecutor) -> (Job<()>, Receiver<()>, Sender<()>) {
    let (begin, begun) = channel();
    let (release, released) = channel::<()>();
    let job = pool.submit(move || {
        begin.send(()).expect("somebody waits");
        released.recv().expect_err("nothing is sent");
    });
    (job.expect("not shut down"), begun, release)
}

// EV-FUT-14
#[test]
fn it_takes_nothing_after_a_shutdown() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(1);
        pool.shutdown(true).await;
        pool.shutdown(false).await;
        assert!(matches!(pool.submit(|| ()), Err(ExecutorError::Shutdown)));
        assert!(matches!(pool.map([(); 0], |()| ()), Err(ExecutorError::Shutdown)));
        assert!(matches!(pool.map_timeout([1], |_| (), 1.0), Err(ExecutorError::Shutdown)));
        assert_eq!(format!("{pool:?}"), "ThreadPoolExecutor { max_workers: 1, jobs: 0 }");
    });
}

// EV-FUT-18, EV-FUT-24: Python waits here for threads that wait for the loop.
#[test]
fn a_shutdown_waits_while_the_loop_does_what_the_calls_wait_for() {
    let event_loop = TestLoop::new();
    let remote = event_loop.remote();
    event_loop.block_on(async {
        let pool = pool(1);
        let jobs = [1, 2, 3].map(|number| {
            let remote = remote.clone();
            pool.submit(move || {
                let (answer, answered) = channel();
                let call = remote.call_from_thread(move || answer.send(number).expect("awaited"));
                call.expect("the loop runs");
                answered.recv().expect("answered by the loop")
            })
        });
        pool.shutdown(true).await;
        for (number, job) in [1, 2, 3].into_iter().zip(jobs) {
            let value = job.expect("not shut down").try_get();
            assert!(matches!(value, Some(Ok(value)) if value == number));
        }
    });
}

// EV-FUT-18
#[test]
fn a_shutdown_without_waiting_returns_at_once_and_the_work_goes_on() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(1);
        let (running, begun, release) = held(&pool);
        let queued = pool.submit(|| 2).expect("not shut down");
        begun.recv().expect("it begins");
        evergreen_testing::must_not_suspend(pool.shutdown(false)).await;
        assert!(!running.is_done() && !queued.is_done());
        drop(release);
        assert!(matches!(queued.get().await, Ok(2)));
        pool.shutdown(true).await;
    });
}

// EV-FUT-18
#[test]
fn a_shutdown_that_is_killed_leaves_the_pool_shut() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(1);
        let (job, _begun, release) = held(&pool);
        let shuts = pool.clone();
        let shutdown = spawn(async move { shuts.shutdown(true).await });
        settle().await;
        shutdown.kill_and_wait().await.expect("started");
        assert!(matches!(pool.submit(|| ()), Err(ExecutorError::Shutdown)));
        drop(release);
        pool.shutdown(true).await;
        assert!(job.is_done());
    });
}

// EV-FUT-19
#[test]
fn a_scope_ends_when_all_is_done() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let scoped = pool(2).scope(|pool| async move {
            let jobs: Vec<_> = (0..5).map(|number| pool.submit(move || number)).collect();
            (pool, jobs)
        });
        let (pool, jobs) = scoped.await;
        assert!(jobs.iter().flatten().all(Job::is_done));
        assert!(matches!(pool.submit(|| ()), Err(ExecutorError::Shutdown)));
    });
}

/// Whether the threads have ended: what each holds in a local is gone then.
struct Held(Arc<()>);

impl Held {
    fn hold(&self, pool: &ThreadPoolExecutor) -> Job<()> {
        thread_local!(static LOCAL: RefCell<Option<Arc<()>>> = const { RefCell::new(None) });
        let mark = Arc::clone(&self.0);
        pool.submit(move || LOCAL.set(Some(mark))).expect("not shut down")
    }

    fn threads_are_gone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

// EV-FUT-25
#[test]
fn the_threads_are_joined_by_a_shutdown() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for wait in [true, false] {
            let (pool, held) = (pool(2), Held(Arc::new(())));
            let job = held.hold(&pool);
            if !wait {
                job.get().await.expect("no panic");
                yield_now().await;
            }
            pool.shutdown(wait).await;
            assert!(held.threads_are_gone(), "wait: {wait}");
        }
    });
}

// EV-FUT-25
#[test]
fn the_threads_are_joined_when_the_last_handle_is_gone_and_the_last_result_delivered() {
    let event_loop = TestLoop::new();
    let (pool, held) = (pool(1), Held(Arc::new(())));
    let job = held.hold(&pool);
    let (other, begun, release) = self::held(&pool);
    drop(pool);
    begun.recv().expect("it begins, though the handles are gone");
    assert!(!held.threads_are_gone());
    drop(release);
    event_loop.run().expect("it runs");
    assert!(job.is_done() && other.is_done());
    assert!(held.threads_are_gone());
}

// EV-FUT-25: nothing waits for a call that may run for long.
#[test]
fn a_loop_that_is_destroyed_leaves_the_running_call_and_cancels_the_queued() {
    let event_loop = TestLoop::new();
    let (pool, trace) = (pool(1), Trace::new());
    let (running, begun, release) = held(&pool);
    let notes = trace.clone();
    let queued = pool.submit(move || notes.note("called")).expect("not shut down");
    begun.recv().expect("it begins");
    event_loop.destroy().expect("not running");
    drop(pool);
    assert!(running.is_cancelled() && queued.is_cancelled());
    drop(release);
    begun.recv().expect_err("the call has ended");
    trace.assert_eq([]);
}

// D-8
#[test]
fn a_delivery_that_is_killed_cancels_its_job_and_a_shutdown_does_not_wait_for_the_thread() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(1);
        let (job, begun, release) = held(&pool);
        begun.recv().expect("it begins");
        yield_now().await;
        assert_eq!(all()[0].name(), "ThreadPoolExecutor");
        all()[0].kill();
        pool.shutdown(true).await;
        assert!(job.is_cancelled());
        let mut get = job.get();
        assert!(poll_once(&mut get).is_ready());
        drop(release);
        begun.recv().expect_err("the call has ended");
    });
}
