//! `ThreadPoolExecutor`: rows EV-FUT-13, -14, -18, -19, -21 to -25.

mod common;

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::thread::{self, ThreadId};
use std::time::Duration;

use common::{TestLoop, Trace, poll_once, settle, virtual_loop};
use evergreen_loop::TurnOutcome;
use evergreen_sync::futures::{Executor, ExecutorError, Job, JobError, ThreadPoolExecutor};
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
        let Err(JobError::Panicked(payload)) = outcome else { panic!("no panic came back") };
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"in the call"));
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

/// Whether the threads have ended: what each holds in a local is gone then.
struct Held(Arc<()>);

impl Held {
    fn hold(&self, pool: &ThreadPoolExecutor) -> Job<()> {
        thread_local!(static LOCAL: std::cell::RefCell<Option<Arc<()>>> = const { std::cell::RefCell::new(None) });
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
