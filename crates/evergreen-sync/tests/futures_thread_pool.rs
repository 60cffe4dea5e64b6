//! `ThreadPoolExecutor`: rows EV-FUT-13, -21 to -23.

mod common;

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::thread::{self, ThreadId};
use std::time::Duration;

use common::{TestLoop, Trace, virtual_loop};
use evergreen_loop::TurnOutcome;
use evergreen_sync::futures::{Executor, ExecutorError, Job, JobError, ThreadPoolExecutor};

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

fn id_of(job: Option<Result<ThreadId, JobError>>) -> ThreadId {
    job.expect("done").expect("no panic")
}

// EV-FUT-13, EV-FUT-22, EV-FUT-09
#[test]
fn the_function_runs_off_the_loop_and_the_job_is_done_on_it() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (pool, trace) = (pool(1), Trace::new());
        let job = pool.submit(|| {
            let thread = thread::current();
            (thread.id(), thread.name().map(str::to_owned))
        });
        let job = job.expect("not shut down");
        let (notes, here) = (trace.clone(), thread::current().id());
        job.add_done_callback(move |_| {
            assert_eq!(thread::current().id(), here);
            notes.note("callback");
        });
        let (thread, name) = job.get().await.expect("no panic");
        assert_ne!(thread, here);
        assert_eq!(name.as_deref(), Some("evergreen-pool-1"));
        trace.assert_eq(["callback"]);
        pool.shutdown(true).await;
    });
}

// EV-FUT-13
#[test]
fn code_may_leave_open_which_executor_it_uses() {
    fn submit<F, E: Executor<F>>(executor: &E, f: F) -> Job<E::Output> {
        executor.submit(f).expect("not shut down")
    }
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(1);
        assert!(matches!(submit(&pool, || 42).get().await, Ok(42)));
        pool.shutdown(true).await;
    });
}

// EV-FUT-15, EV-FUT-22
#[test]
fn map_gives_the_results_of_the_threads_in_the_order_of_what_went_in() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(2);
        let last = Arc::new(Barrier::new(2));
        let results = pool.map(0..4, move |number| {
            if number == 0 || number == 3 {
                // The first is not done before the last has begun.
                last.wait();
            }
            number * 10
        });
        let mut results = results.expect("not shut down");
        for expected in [0, 10, 20, 30] {
            assert!(matches!(results.next().await, Some(Ok(value)) if value == expected));
        }
        assert!(results.next().await.is_none());
        pool.shutdown(true).await;
    });
}

// EV-FUT-16: a thread that is at it goes on; time is the wall's, so the limit is one trip.
#[test]
fn a_limit_of_a_map_does_not_wait_for_the_thread() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(1);
        let (release, released) = channel::<()>();
        let released = std::sync::Mutex::new(released);
        let call = move |_| released.lock().expect("no panic").recv().expect_err("nothing is sent");
        let mut results = pool.map_timeout([1, 2], call, 0.0).expect("not shut down");
        assert!(matches!(results.next().await, Some(Err(JobError::TimedOut))));
        assert!(results.next().await.is_none());
        drop(release);
        pool.shutdown(true).await;
    });
}

// EV-FUT-21
#[test]
fn a_job_that_is_cancelled_in_the_queue_is_skipped_and_one_that_runs_is_not_cancelled() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (pool, trace) = (pool(1), Trace::new());
        let (running, begun, release) = held(&pool);
        let notes = trace.clone();
        let queued = pool.submit(move || notes.note("called")).expect("not shut down");
        begun.recv().expect("it begins");
        assert!(!running.cancel() && running.is_running());
        assert_eq!(format!("{running:?}"), "Job<()>(running)");
        assert!(queued.cancel() && queued.cancel() && !queued.is_running());
        drop(release);
        pool.shutdown(true).await;
        assert!(matches!(running.try_get(), Some(Ok(()))));
        assert!(matches!(queued.try_get(), Some(Err(JobError::Cancelled))));
        trace.assert_eq([]);
    });
}

// EV-FUT-21: whoever is first. Both happen, or the machine has one processor.
#[test]
fn a_job_that_is_cancelled_while_its_thread_comes_is_made_or_cancelled_and_never_both() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (pool, made) = (pool(2), Arc::new(AtomicUsize::new(0)));
        let mut cancelled = 0;
        for round in 0..500 {
            let counts = Arc::clone(&made);
            let job = pool.submit(move || counts.fetch_add(1, Ordering::Relaxed));
            let job = job.expect("not shut down");
            for _ in 0..round % 50 {
                std::hint::spin_loop();
            }
            let was_cancelled = job.cancel();
            assert_eq!(matches!(job.get().await, Err(JobError::Cancelled)), was_cancelled);
            cancelled += usize::from(was_cancelled);
        }
        pool.shutdown(true).await;
        assert_eq!(made.load(Ordering::Relaxed) + cancelled, 500);
    });
}

// EV-FUT-22, EV-FUT-20
#[test]
fn zero_threads_are_refused() {
    assert!(matches!(ThreadPoolExecutor::new(0), Err(ExecutorError::NoWorkers)));
}

// EV-FUT-22
#[test]
fn as_many_calls_run_at_once_as_there_may_be_threads() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(3);
        let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        // Each group of three waits until all three have begun.
        let group = Arc::new(Barrier::new(3));
        let ids: Vec<_> = (0..30)
            .map(|_| {
                let (at_once, most) = (Arc::clone(&at_once), Arc::clone(&most));
                let group = Arc::clone(&group);
                pool.submit(move || {
                    most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    group.wait();
                    at_once.fetch_sub(1, Ordering::SeqCst);
                    thread::current().id()
                })
            })
            .collect();
        pool.shutdown(true).await;
        assert_eq!(most.load(Ordering::SeqCst), 3);
        let ids: HashSet<_> = ids.into_iter().flatten().map(|job| id_of(job.try_get())).collect();
        assert_eq!(ids.len(), 3);
    });
}

// EV-FUT-22: "lazily made", and used again.
#[test]
fn a_thread_is_made_when_there_is_work_for_it_and_goes_on_with_the_next() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(1);
        let mut ids = HashSet::new();
        for _ in 0..3 {
            let job = pool.submit(|| thread::current().id()).expect("not shut down");
            ids.insert(job.get().await.expect("no panic"));
        }
        assert_eq!(ids.len(), 1);
        pool.shutdown(true).await;
    });
}

// EV-FUT-22, EV-FUT-05
#[test]
fn a_panic_comes_back_as_its_payload_and_the_thread_goes_on() {
    let event_loop = TestLoop::new();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.block_on(async {
        let pool = pool(1);
        // As a panic, without its message on standard error.
        let panicked = pool.submit(|| resume_unwind(Box::new("in the call")));
        let panicked: Result<Job<()>, _> = panicked;
        let next = pool.submit(|| 1).expect("not shut down");
        let outcome = panicked.expect("not shut down").get().await;
        let Err(JobError::Panicked(panic)) = outcome else { panic!("no panic came back") };
        assert_eq!(panic.into_payload().downcast_ref::<&str>(), Some(&"in the call"));
        assert!(matches!(next.get().await, Ok(1)));
        pool.shutdown(true).await;
    });
    trace.assert_eq([]);
}

// EV-FUT-23, D-5
#[test]
fn the_loop_is_alive_until_the_result_has_been_delivered() {
    let event_loop = TestLoop::new();
    let (pool, trace) = (pool(1), Trace::new());
    let (job, begun, release) = held(&pool);
    let notes = trace.clone();
    job.add_done_callback(move |job| notes.note(format_args!("{job:?}")));
    begun.recv().expect("it begins");
    for _ in 0..3 {
        let left = event_loop.turn(Some(Duration::ZERO)).expect("a turn");
        assert_eq!(left, TurnOutcome::Alive, "nothing but the job is left");
    }
    drop(release);
    let report = event_loop.run().expect("it runs");
    assert_eq!((report.parked_tasks, report.stopped), (0, false));
    trace.assert_eq(["Job<()>(finished)"]);
    drop(pool);
}

// EV-FUT-23, R-7
#[test]
fn virtual_time_stands_still_while_a_job_is_out() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let pool = pool(1);
        let job = pool.submit(thread::yield_now).expect("not shut down");
        assert!(job.get_timeout(3600.0).await.is_ok());
        pool.shutdown(true).await;
    });
    event_loop.destroy().expect("not running");
}
