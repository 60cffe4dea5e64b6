//! How a `TaskPoolExecutor` ends: rows EV-FUT-14, -18, -19.

mod common;

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;

use common::{OnDrop, TestLoop, Trace, poll_once, settle};
use evergreen_sync::futures::{ExecutorError, Job, Promise, TaskPoolExecutor, promise};
use evergreen_task::{Task, all, spawn, yield_now};

fn pool(max_workers: usize) -> TaskPoolExecutor {
    TaskPoolExecutor::new(max_workers).expect("more than no workers")
}

/// A call that waits until its promise is kept.
fn held(pool: &TaskPoolExecutor) -> (Promise<u32>, Job<u32>) {
    let (release, released) = promise();
    let job = pool.submit(move || async move { released.get().await.expect("kept") });
    (release, job.expect("not shut down"))
}

// EV-FUT-14
#[test]
fn it_takes_nothing_after_a_shutdown() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(1);
        pool.shutdown(false).await;
        let refused = pool.submit(|| async {});
        assert!(matches!(refused, Err(ExecutorError::Shutdown)));
        let refused = pool.map([(); 0], |()| async {});
        assert!(matches!(refused, Err(ExecutorError::Shutdown)));
        let refused = pool.map_timeout([1], |_| async {}, 1.0);
        assert!(matches!(refused, Err(ExecutorError::Shutdown)));
        assert_eq!(
            format!("{pool:?}"),
            "TaskPoolExecutor { max_workers: 1, workers: 0, queued: 0 }"
        );
    });
}

// EV-FUT-18
#[test]
fn a_shutdown_waits_for_what_is_queued() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(1);
        let (first, second) = (held(&pool), held(&pool));
        let mut shutdown = Box::pin(pool.shutdown(true));
        settle().await;
        assert!(poll_once(&mut shutdown).is_pending());
        first.0.set_result(1).expect("not cancelled");
        settle().await;
        assert!(poll_once(&mut shutdown).is_pending(), "the second still runs");
        second.0.set_result(2).expect("not cancelled");
        shutdown.await;
        assert!(matches!((first.1.try_get(), second.1.try_get()), (Some(Ok(1)), Some(Ok(2)))));
        pool.shutdown(true).await;
        pool.shutdown(false).await;
    });
}

// EV-FUT-18
#[test]
fn a_shutdown_without_waiting_returns_at_once_and_the_work_goes_on() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(1);
        let (first, second) = (held(&pool), held(&pool));
        evergreen_testing::must_not_suspend(pool.shutdown(false)).await;
        first.0.set_result(1).expect("not cancelled");
        second.0.set_result(2).expect("not cancelled");
        assert!(matches!((first.1.get().await, second.1.get().await), (Ok(1), Ok(2))));
    });
}

// EV-FUT-18: killed at its suspension.
#[test]
fn a_shutdown_that_is_killed_leaves_the_pool_shut() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(1);
        let (release, job) = held(&pool);
        let shuts = pool.clone();
        let shutdown = spawn(async move { shuts.shutdown(true).await });
        settle().await;
        shutdown.kill_and_wait().await.expect("started");
        assert!(matches!(pool.submit(|| async {}), Err(ExecutorError::Shutdown)));
        release.set_result(1).expect("not cancelled");
        pool.shutdown(true).await;
        assert!(matches!(job.try_get(), Some(Ok(1))));
    });
}

// EV-FUT-19
#[test]
fn a_scope_ends_when_all_is_done() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let jobs = RefCell::new(Vec::new());
        let output = pool(2).scope(|pool| {
            let submit = |_| pool.submit(|| async { yield_now().await }).expect("not shut down");
            jobs.borrow_mut().extend((0..5).map(submit));
            async move {
                yield_now().await;
                (pool, "output")
            }
        });
        let (pool, output) = output.await;
        assert_eq!(output, "output");
        assert!(jobs.borrow().iter().all(Job::is_done));
        assert!(matches!(pool.submit(|| async {}), Err(ExecutorError::Shutdown)));
    });
}

// EV-FUT-19: without a wait, because a destructor cannot.
#[test]
fn a_pool_whose_handles_are_gone_makes_the_calls_that_are_queued() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let gone = pool(1);
        let jobs: Vec<_> =
            (0..3).map(|number| gone.submit(move || async move { number })).collect();
        drop(gone);
        for (number, job) in jobs.into_iter().enumerate() {
            assert_eq!(job.expect("not shut down").get().await.expect("made"), number);
        }
        settle().await;
        assert_eq!(all().len(), 0);
    });
}

// D-5, D-8: the end of the loop ends what is queued and what runs.
#[test]
fn a_loop_that_is_destroyed_cancels_all_jobs() {
    let event_loop = TestLoop::new();
    let (pool, trace) = (pool(1), Trace::new());
    let jobs = [(); 3].map(|()| pool.submit(pending::<()>).expect("not shut down"));
    for job in &jobs {
        let notes = trace.clone();
        job.add_done_callback(move |job| notes.note(format_args!("{job:?}")));
    }
    event_loop.run().expect("it runs");
    event_loop.destroy().expect("not running");
    trace.assert_eq(["Job<()>(cancelled)"; 3]);
    assert_eq!(format!("{pool:?}"), "TaskPoolExecutor { max_workers: 1, workers: 0, queued: 0 }");
}

// A destructor that runs while the loop ends submits: its job is cancelled, and nothing hangs.
#[test]
fn what_is_submitted_while_the_loop_ends_is_cancelled() {
    let event_loop = TestLoop::new();
    let pool = pool(1);
    let submitted = Rc::new(RefCell::new(None));
    let (submits, slot) = (pool.clone(), Rc::clone(&submitted));
    let last_words = OnDrop::new(move || *slot.borrow_mut() = submits.submit(|| async {}).ok());
    let task: Task<()> = spawn(async move {
        let _last_words = last_words;
        pending::<()>().await;
    });
    event_loop.run().expect("it runs");
    event_loop.destroy().expect("not running");
    assert!(submitted.borrow().as_ref().expect("not shut down").is_cancelled());
    drop(task);
}
