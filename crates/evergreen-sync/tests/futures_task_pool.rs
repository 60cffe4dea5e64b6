//! `TaskPoolExecutor`: rows EV-FUT-13, -20, -21.

mod common;

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;

use common::{OnDrop, TestLoop, Trace, settle, virtual_loop};
use evergreen_sync::Event;
use evergreen_sync::futures::{
    Executor, ExecutorError, Job, JobError, Promise, TaskPoolExecutor, promise,
};
use evergreen_task::{TaskRef, all, current, sleep, spawn, yield_now};

fn pool(max_workers: usize) -> TaskPoolExecutor {
    TaskPoolExecutor::new(max_workers).expect("more than no workers")
}

/// A call that waits until its promise is kept.
fn held(pool: &TaskPoolExecutor) -> (Promise<u32>, Job<u32>) {
    let (release, released) = promise();
    let job = pool.submit(move || async move { released.get().await.expect("kept") });
    (release, job.expect("not shut down"))
}

// EV-FUT-13
#[test]
fn a_call_is_made_in_its_turn_and_its_future_gives_the_result() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (pool, trace) = (pool(1), Trace::new());
        let notes = trace.clone();
        let job = pool.submit(move || {
            notes.note("called");
            async { 42 }
        });
        trace.assert_eq([]);
        assert!(matches!(job.expect("not shut down").get().await, Ok(42)));
        trace.assert_eq(["called"]);
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
        assert!(matches!(submit(&pool(1), || async { 42 }).get().await, Ok(42)));
    });
}

// EV-FUT-20
#[test]
fn zero_workers_are_refused() {
    assert!(matches!(TaskPoolExecutor::new(0), Err(ExecutorError::NoWorkers)));
}

// EV-FUT-20
#[test]
fn no_more_calls_run_at_once_than_there_may_be_workers() {
    for limit in [1, 3, 100] {
        let event_loop = virtual_loop();
        event_loop.block_on(async {
            let pool = pool(limit);
            let running = Rc::new((Cell::new(0), Cell::new(0)));
            let jobs: Vec<_> = (0..50)
                .map(|number| {
                    let running = Rc::clone(&running);
                    pool.submit(move || async move {
                        running.0.set(running.0.get() + 1);
                        running.1.set(running.1.get().max(running.0.get()));
                        sleep(f64::from(number % 7)).await;
                        running.0.set(running.0.get() - 1);
                    })
                })
                .collect();
            assert_eq!(all().len(), limit.min(50));
            pool.shutdown(true).await;
            assert_eq!(running.1.get(), limit.min(50));
            assert!(jobs.iter().flatten().all(Job::is_done));
        });
        event_loop.destroy().expect("not running");
    }
}

// EV-FUT-20
#[test]
fn a_worker_is_made_for_each_call_up_to_the_limit_and_then_used_again() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(2);
        let id = || async {
            yield_now().await;
            current().expect("a worker is a task").id()
        };
        let mut jobs = Vec::new();
        for workers in [1, 2, 2, 2] {
            jobs.push(pool.submit(id).expect("not shut down"));
            assert_eq!(all().len(), workers);
        }
        let mut ids = Vec::new();
        for job in jobs {
            ids.push(job.get().await.expect("made"));
        }
        assert_eq!((ids[0] == ids[1], ids[0] == ids[2], ids[1] == ids[3]), (false, true, true));
    });
}

// EV-FUT-20, D-5, D-6
#[test]
fn an_idle_pool_neither_holds_the_loop_nor_is_told_of_as_parked() {
    let event_loop = TestLoop::new();
    let pool = pool(2);
    let jobs = [1, 2, 3].map(|number| pool.submit(move || async move { number }));
    let report = event_loop.run().expect("it runs");
    assert_eq!((report.parked_tasks, report.stopped), (0, false));
    assert!(jobs.iter().flatten().all(Job::is_done));
    assert_eq!(event_loop.dump_tasks().to_string(), "");
}

// EV-FUT-20, D-5: a call that waits for what nobody will do is the call's affair, not the pool's.
#[test]
fn a_call_that_waits_for_ever_does_not_hold_the_loop() {
    let event_loop = TestLoop::new();
    let pool = pool(1);
    let job = pool.submit(pending::<()>).expect("not shut down");
    assert_eq!(event_loop.run().expect("it runs").parked_tasks, 1);
    let dump = event_loop.dump_tasks().to_string();
    assert!(dump.starts_with("TaskPoolExecutor: parked"), "{dump}");
    assert!(dump.contains("spawned at crates/evergreen-sync/tests/futures_task_pool.rs"), "{dump}");
    event_loop.destroy().expect("not running");
    assert!(job.is_cancelled());
}

// EV-FUT-21
#[test]
fn a_job_that_is_cancelled_in_the_queue_is_skipped() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (pool, trace) = (pool(1), Trace::new());
        let (release, running) = held(&pool);
        let notes = trace.clone();
        let queued = pool.submit(move || async move { notes.note("called") });
        let queued = queued.expect("not shut down");
        let last = pool.submit(|| async { 3 }).expect("not shut down");
        settle().await;
        assert!(running.is_running() && !running.cancel(), "what runs cannot be cancelled");
        assert!(queued.cancel());
        release.set_result(1).expect("not cancelled");
        assert!(matches!(last.get().await, Ok(3)));
        assert!(matches!(running.get().await, Ok(1)));
        assert!(matches!(queued.get().await, Err(JobError::Cancelled)));
        trace.assert_eq([]);
    });
}

// EV-FUT-05, D-7: of the function itself, and of its future.
#[test]
fn a_panic_is_the_result_of_its_job_and_the_worker_goes_on() {
    let event_loop = TestLoop::new();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.block_on(async {
        let pool = pool(1);
        let early = pool.submit(|| -> std::future::Pending<()> { panic!("early") });
        let late = pool.submit(|| async {
            yield_now().await;
            panic!("late");
        });
        let next = pool.submit(|| async { 1 });
        for (job, text) in [(early, "early"), (late, "late")] {
            let outcome = job.expect("not shut down").get().await;
            let Err(JobError::Panicked(panic)) = outcome else { panic!("no panic came back") };
            assert_eq!(panic.into_payload().downcast_ref::<&str>(), Some(&text));
        }
        assert!(matches!(next.expect("not shut down").get().await, Ok(1)));
    });
    trace.assert_eq([]);
}

#[test]
fn a_panic_of_a_destructor_of_the_call_is_its_result_too() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(1);
        let job = pool.submit(|| async {
            let _panics = OnDrop::new(|| panic!("in a destructor"));
            yield_now().await;
            7
        });
        let outcome = job.expect("not shut down").get().await;
        assert!(matches!(outcome, Err(JobError::Panicked(_))));
        assert!(matches!(pool.submit(|| async { 1 }).expect("open").get().await, Ok(1)));
    });
}

// D-8: at each of its suspensions, with others queued behind.
#[test]
fn a_call_whose_task_is_killed_is_cancelled_and_the_next_is_made() {
    for turns in 0..4 {
        let event_loop = TestLoop::new();
        event_loop.block_on(async {
            let (pool, trace) = (pool(1), Trace::new());
            let dropped = trace.on_drop("dropped");
            let killed = pool.submit(move || async move {
                let _dropped = dropped;
                pending::<()>().await;
            });
            let killed = killed.expect("not shut down");
            let next = [2, 3].map(|number| pool.submit(move || async move { number }));
            for _ in 0..turns {
                yield_now().await;
            }
            all()[0].kill();
            for (job, number) in next.into_iter().zip([2, 3]) {
                let job = job.expect("not shut down");
                assert_eq!(job.get().await.expect("made"), number, "after {turns} turns");
            }
            assert!(killed.is_cancelled());
            trace.assert_eq(["dropped"]);
        });
    }
}

// D-8: also a worker that has not had its first turn takes a call with it.
#[test]
fn killing_whatever_there_is_comes_to_an_end() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(2);
        let jobs = [(); 5].map(|()| pool.submit(pending::<()>).expect("not shut down"));
        let mut rounds = 0;
        while !all().is_empty() {
            all().iter().for_each(TaskRef::kill);
            yield_now().await;
            rounds += 1;
            assert!(rounds < 20, "{pool:?}");
        }
        assert!(jobs.iter().all(Job::is_cancelled));
    });
}

//
#[test]
fn many_calls_that_never_wait_let_others_run_in_between() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (pool, done) = (pool(1), Rc::new(Event::new()));
        let jobs: Vec<_> = (0..1000).map(|_| pool.submit(|| async {})).collect();
        let sets = Rc::clone(&done);
        drop(spawn(async move { sets.set() }));
        done.wait().await;
        assert!(jobs.iter().flatten().any(|job| !job.is_done()));
        pool.shutdown(true).await;
        assert!(jobs.iter().flatten().all(Job::is_done));
    });
}

// EV-FUT-19: "at the end", whatever the end is.
#[test]
fn a_scope_that_is_killed_shuts_its_pool() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(1);
        let scoped = pool.clone();
        let scope = spawn(scoped.scope(|_pool| pending::<()>()));
        yield_now().await;
        assert!(pool.submit(|| async {}).is_ok());
        scope.kill();
        settle().await;
        assert_eq!(pool.submit(|| async {}).err(), Some(ExecutorError::Shutdown));
    });
}
