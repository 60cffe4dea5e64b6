//! `as_completed`: row EV-FUT-31.

mod common;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use common::{TestLoop, polled, settle, virtual_loop};
use evergreen_sync::futures::{
    AsCompleted, Job, TaskPoolExecutor, as_completed, as_completed_timeout, promise,
};
use evergreen_task::{sleep, spawn, yield_now};
use evergreen_testing::must_not_suspend;
use futures_core::Stream;

/// Jobs that take so many seconds.
fn sleepers<const N: usize>(seconds: [u32; N]) -> [Job<u32>; N] {
    let pool = TaskPoolExecutor::new(N).expect("more than no workers");
    seconds.map(|seconds| {
        let call = move || async move {
            sleep(f64::from(seconds)).await;
            seconds
        };
        pool.submit(call).expect("not shut down")
    })
}

async fn next(completed: &mut AsCompleted<u32>) -> Option<u32> {
    let job = completed.next().await?.expect("in time");
    Some(job.try_get().expect("done").expect("made"))
}

// EV-FUT-31
#[test]
fn those_done_come_first_and_then_the_others_as_they_are_done() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let jobs = sleepers([5, 2, 4, 1, 3]);
        sleep(2.5).await;
        let mut completed = as_completed(&jobs);
        for expected in [2, 1] {
            assert_eq!(must_not_suspend(next(&mut completed)).await, Some(expected));
        }
        for expected in [Some(3), Some(4), Some(5), None, None] {
            assert_eq!(next(&mut completed).await, expected);
        }
    });
    event_loop.destroy().expect("not running");
}

// EV-FUT-31: in the order in which they were done, also if nobody asked meanwhile.
#[test]
fn those_that_are_done_between_two_looks_come_in_their_order() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let jobs = sleepers([4, 2, 3, 1]);
        let mut completed = as_completed(&jobs);
        sleep(60.0).await;
        for expected in [Some(1), Some(2), Some(3), Some(4), None] {
            assert_eq!(next(&mut completed).await, expected);
        }
    });
    event_loop.destroy().expect("not running");
}

// EV-FUT-31
#[test]
fn each_comes_once_though_it_is_given_twice() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let [a, b] = sleepers([1, 2]);
        sleep(1.5).await;
        let jobs = [a.clone(), b.clone(), a.clone(), b.clone()];
        let mut completed = as_completed(&jobs);
        assert_eq!(completed.next().await, Some(Ok(a)));
        assert_eq!(completed.next().await, Some(Ok(b)));
        assert_eq!(completed.next().await, None);
    });
    event_loop.destroy().expect("not running");
}

// EV-FUT-31
#[test]
fn nothing_given_gives_nothing() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        assert_eq!(must_not_suspend(as_completed::<u32>(&[]).next()).await, None);
        let mut limited = as_completed_timeout::<u32>(&[], 0.0);
        assert_eq!(must_not_suspend(limited.next()).await, None);
    });
}

// EV-FUT-31, EV-FUT-11
#[test]
fn failed_and_cancelled_jobs_come_too() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (failing, failed) = promise::<u32>();
        let (dropped, lost) = promise::<u32>();
        let (queued, cancelled) = promise::<u32>();
        let (_open, before) = promise::<u32>();
        assert!(before.cancel());
        let jobs = [failed.clone(), lost.clone(), cancelled.clone(), before.clone()];
        let mut completed = as_completed(&jobs);
        assert_eq!(completed.next().await, Some(Ok(before)));
        drop(dropped);
        failing.set_error("no").expect("not cancelled");
        assert_eq!(completed.next().await, Some(Ok(lost)));
        assert_eq!(completed.next().await, Some(Ok(failed)));
        assert!(cancelled.cancel());
        let mut last = Box::pin(completed.next());
        assert!(polled(&mut last).await.is_pending(), "its promise has not noticed");
        assert_eq!(queued.set_running_or_notify_cancel(), Ok(false));
        assert_eq!(last.await, Some(Ok(cancelled)));
    });
}

// EV-FUT-31: one deadline for the whole. Python's error does not say so well, and may come elsewhere.
#[test]
fn the_limit_is_one_for_all_and_its_error_says_how_many_are_left() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let jobs = sleepers([1, 2, 60, 3600]);
        let mut completed = as_completed_timeout(&jobs, 5.0);
        assert_eq!(next(&mut completed).await, Some(1));
        // The consumer takes its time, and is not struck itself.
        sleep(2.0).await;
        assert_eq!(next(&mut completed).await, Some(2));
        let before = event_loop.time();
        let error = completed.next().await.expect("not the end").expect_err("too late");
        assert_eq!((event_loop.time() - before).as_secs(), 2);
        assert_eq!((error.unfinished, error.total), (2, 4));
        assert_eq!(error.to_string(), "2 (of 4) jobs are unfinished: they go on, wait again");
        assert_eq!(completed.next().await, None);
        let mut again = as_completed(&jobs[2..]);
        assert_eq!(next(&mut again).await, Some(60));
    });
    event_loop.destroy().expect("not running");
}

// EV-FUT-31, R-3, D-11
#[test]
fn what_is_done_comes_though_the_limit_is_long_over() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let jobs = sleepers([1, 2, 3600]);
        let mut completed = as_completed_timeout(&jobs, 0.0);
        sleep(60.0).await;
        assert_eq!(must_not_suspend(next(&mut completed)).await, Some(1));
        assert_eq!(must_not_suspend(next(&mut completed)).await, Some(2));
        let error = completed.next().await.expect("not the end").expect_err("too late");
        assert_eq!((error.unfinished, error.total), (1, 3));
        let mut patient = as_completed_timeout(&jobs[2..], -1.0);
        assert_eq!(next(&mut patient).await, Some(3600));
    });
    event_loop.destroy().expect("not running");
}

// EV-FUT-31: killed at its suspension, dropped at any poll.
#[test]
fn a_wait_for_the_next_that_is_dropped_takes_none_with_it() {
    for polls in 0..4 {
        let event_loop = TestLoop::new();
        event_loop.block_on(async {
            let pool = TaskPoolExecutor::new(1).expect("more than no workers");
            let jobs = [(); 2].map(|()| pool.submit(yield_now).expect("not shut down"));
            let mut completed = as_completed_timeout(&jobs, 60.0);
            let mut given = 0;
            let mut wait = Box::pin(completed.next());
            for _ in 0..polls {
                if polled(&mut wait).await.is_ready() {
                    given += 1;
                    break;
                }
                yield_now().await;
            }
            drop(wait);
            while let Some(Ok(job)) = completed.next().await {
                assert!(job.is_done());
                given += 1;
            }
            assert_eq!(given, 2, "after {polls} polls");
        });
    }
}

struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {}
}

// Else a job that is long in coming would keep all who looked after it.
#[test]
fn what_is_left_early_is_forgotten_by_its_jobs() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let nobody = Arc::new(Nobody);
        let (promise, job) = promise();
        let mut completed = as_completed_timeout(&[job], 3600.0);
        let mut wait = Box::pin(completed.next());
        let waker = Waker::from(Arc::clone(&nobody));
        assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop((wait, waker));
        assert!(Arc::strong_count(&nobody) > 1);
        drop(completed);
        assert_eq!(Arc::strong_count(&nobody), 1);
        promise.set_result(1).expect("not cancelled");
    });
    assert_eq!(event_loop.metrics().timers, 0);
}

#[test]
fn who_is_killed_while_it_waits_leaves_the_jobs_alone() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (promise, job) = promise();
        let mine = [job.clone()];
        let killed = spawn(async move { as_completed(&mine).next().await.is_some() });
        settle().await;
        killed.kill_and_wait().await.expect("started");
        promise.set_result(1).expect("not cancelled");
        assert!(matches!(job.get().await, Ok(1)));
    });
}

#[test]
fn it_is_a_stream() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let jobs = sleepers([2, 1]);
        let mut completed = pin!(as_completed(&jobs));
        assert_eq!(completed.size_hint(), (1, Some(2)));
        for expected in [Some(1), Some(0), None] {
            let next = std::future::poll_fn(|cx| completed.as_mut().poll_next(cx)).await;
            assert_eq!(next.map(|job| job.expect("in time")), expected.map(|at| jobs[at].clone()));
        }
        assert_eq!(completed.size_hint(), (0, Some(0)));
    });
    event_loop.destroy().expect("not running");
}
