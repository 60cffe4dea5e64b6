//! `TaskPoolExecutor`: rows EV-FUT-13, -14, -18 to -21.

mod common;

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;

use common::{OnDrop, TestLoop, Trace, poll_once, settle, virtual_loop};
use evergreen_sync::futures::{Executor, ExecutorError, Job, JobError, TaskPoolExecutor};
use evergreen_sync::{Event, futures::Promise, futures::promise};
use evergreen_task::{Task, all, current, sleep, spawn, yield_now};

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
    assert!(event_loop.dump_tasks().to_string().starts_with("TaskPoolExecutor: parked"));
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
            let Err(JobError::Panicked(payload)) = outcome else { panic!("no panic came back") };
            assert_eq!(payload.downcast_ref::<&str>(), Some(&text));
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
                // A worker that is killed before its first turn has taken nothing.
                if turns == 0 {
                    assert!(job.get_timeout(0.0).await.is_err());
                } else {
                    assert_eq!(job.get().await.expect("made"), number, "after {turns} turns");
                }
            }
            if turns > 0 {
                assert!(killed.is_cancelled());
                trace.assert_eq(["dropped"]);
            }
        });
    }
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
