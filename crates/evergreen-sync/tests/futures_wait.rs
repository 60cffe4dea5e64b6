//! `wait`: rows EV-FUT-27 to EV-FUT-30, and what EV-FUT-11 says of it.

mod common;

use std::pin::pin;

use common::{TestLoop, poll_once, polled, settle, virtual_loop};
use evergreen_sync::futures::{
    DoneAndNotDone, Job, Promise, TaskPoolExecutor, ThreadPoolExecutor, WaitFor, promise, wait,
    wait_timeout,
};
use evergreen_task::{sleep, spawn};
use evergreen_testing::must_not_suspend;

const ALL: [WaitFor; 3] = [WaitFor::FirstCompleted, WaitFor::FirstException, WaitFor::AllCompleted];

/// So many promises and their jobs.
fn pairs<const N: usize>() -> ([Option<Promise<u32>>; N], [Job<u32>; N]) {
    let pairs: [_; N] = std::array::from_fn(|_| promise());
    let jobs = pairs.each_ref().map(|(_, job)| job.clone());
    (pairs.map(|(promise, _)| Some(promise)), jobs)
}

fn keep(promise: &mut Option<Promise<u32>>) {
    promise.take().expect("open").set_result(1).expect("not cancelled");
}

fn fail(promise: &mut Option<Promise<u32>>) {
    promise.take().expect("open").set_error("no").expect("not cancelled");
}

/// Where the jobs of the sets stand in `jobs`.
fn places(sets: &DoneAndNotDone<u32>, jobs: &[Job<u32>]) -> (Vec<usize>, Vec<usize>) {
    let places = |set: &[Job<u32>]| -> Vec<_> {
        set.iter().map(|job| jobs.iter().position(|other| other == job).expect("one")).collect()
    };
    (places(&sets.done), places(&sets.not_done))
}

// EV-FUT-27
#[test]
fn with_nothing_given_or_all_done_it_is_done_at_once() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (mut promises, jobs) = pairs::<3>();
        keep(&mut promises[0]);
        fail(&mut promises[1]);
        drop(promises);
        for until in ALL {
            let none = must_not_suspend(wait::<u32>(&[], until)).await;
            assert_eq!((none.done.len(), none.not_done.len()), (0, 0));
            let sets = must_not_suspend(wait(&jobs, until)).await;
            assert_eq!(places(&sets, &jobs), (vec![0, 1, 2], vec![]));
            let sets = must_not_suspend(wait_timeout(&jobs, until, 1.0)).await;
            assert_eq!(places(&sets, &jobs), (vec![0, 1, 2], vec![]));
        }
        assert_eq!(WaitFor::default(), WaitFor::AllCompleted);
    });
}

// EV-FUT-27: Python counts a double twice when it waits, once when it comes, and hangs.
#[test]
fn a_job_that_is_given_twice_counts_once() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let ([mut first, mut second], [a, b]) = pairs::<2>();
        let jobs = [a.clone(), b.clone(), a.clone(), a];
        let mut all = Box::pin(wait(&jobs, WaitFor::AllCompleted));
        assert!(polled(&mut all).await.is_pending());
        keep(&mut first);
        assert!(polled(&mut all).await.is_pending());
        keep(&mut second);
        assert_eq!(places(&all.await, &jobs), (vec![0, 1], vec![]));
        let sets = must_not_suspend(wait(&jobs, WaitFor::AllCompleted)).await;
        assert_eq!(places(&sets, &jobs), (vec![0, 1], vec![]));
    });
}

// EV-FUT-27
#[test]
fn when_the_limit_is_over_it_says_what_is_done_by_then() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let (mut promises, jobs) = pairs::<3>();
        let mut second = promises[1].take();
        event_loop.call_later(1.0, move || keep(&mut second));
        let before = event_loop.time();
        let sets = wait_timeout(&jobs, WaitFor::AllCompleted, 5.0).await;
        assert_eq!((event_loop.time() - before).as_secs(), 5);
        assert_eq!(places(&sets, &jobs), (vec![1], vec![0, 2]));
        let sets = wait_timeout(&jobs, WaitFor::FirstException, 0.0).await;
        assert_eq!(places(&sets, &jobs), (vec![1], vec![0, 2]));
        let mut others = [promises[0].take(), promises[2].take()];
        event_loop.call_later(3600.0, move || others.iter_mut().for_each(keep));
        let sets = wait_timeout(&jobs, WaitFor::AllCompleted, -1.0).await;
        assert_eq!(places(&sets, &jobs), (vec![0, 1, 2], vec![]));
    });
    event_loop.destroy().expect("not running");
}

// EV-FUT-27
#[test]
fn jobs_may_be_of_several_executors() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let tasks = TaskPoolExecutor::new(1).expect("more than no workers");
        let threads = ThreadPoolExecutor::new(1).expect("more than no threads");
        let (promise, by_hand) = promise();
        let jobs = [
            tasks.submit(|| async { 1 }).expect("not shut down"),
            threads.submit(|| 2).expect("not shut down"),
            by_hand,
        ];
        promise.set_result(3).expect("not cancelled");
        let sets = wait(&jobs, WaitFor::AllCompleted).await;
        assert_eq!((sets.done.len(), sets.not_done.len()), (3, 0));
        threads.shutdown(true).await;
    });
}

// EV-FUT-28
#[test]
fn the_first_that_is_done_is_enough_however_it_is_done() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let ends: [fn(&mut Option<Promise<u32>>); 3] = [keep, fail, |promise| drop(promise.take())];
        for end in ends {
            let (mut promises, jobs) = pairs::<3>();
            let mut first = Box::pin(wait(&jobs, WaitFor::FirstCompleted));
            assert!(polled(&mut first).await.is_pending());
            end(&mut promises[1]);
            assert_eq!(places(&first.await, &jobs), (vec![1], vec![0, 2]));
            let again = must_not_suspend(wait(&jobs, WaitFor::FirstCompleted)).await;
            assert_eq!(places(&again, &jobs), (vec![1], vec![0, 2]));
        }
    });
}

// EV-FUT-28, EV-FUT-11: one that was cancelled before counts; of one that is cancelled meanwhile the
// wait learns from its promise.
#[test]
fn a_cancelled_job_counts_when_its_promise_has_noticed() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for until in ALL {
            let ([promise], jobs) = pairs::<1>();
            let promise = promise.expect("open");
            let mut parked = Box::pin(wait(&jobs, until));
            assert!(polled(&mut parked).await.is_pending());
            assert!(jobs[0].cancel());
            let before = must_not_suspend(wait(&jobs, until)).await;
            assert_eq!(places(&before, &jobs), (vec![0], vec![]));
            assert!(polled(&mut parked).await.is_pending());
            assert_eq!(promise.set_running_or_notify_cancel(), Ok(false));
            let noticed = must_not_suspend(parked).await;
            assert_eq!(places(&noticed, &jobs), (vec![0], vec![]));
        }
    });
}

// EV-FUT-11: a promise that is dropped has noticed, too; and a pool that skips the job.
#[test]
fn a_cancelled_job_counts_when_its_promise_is_gone_or_its_executor_skips_it() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let ([mut open], jobs) = pairs::<1>();
        let mut parked = pin!(wait(&jobs, WaitFor::AllCompleted));
        assert!(polled(&mut parked).await.is_pending());
        assert!(jobs[0].cancel());
        open.take();
        assert_eq!(parked.await.done.len(), 1);
        let tasks = TaskPoolExecutor::new(1).expect("more than no workers");
        let jobs = [tasks.submit(|| async {}).expect("not shut down")];
        let mut parked = Box::pin(wait(&jobs, WaitFor::AllCompleted));
        assert!(polled(&mut parked).await.is_pending());
        assert!(jobs[0].cancel());
        assert_eq!(parked.await.done.len(), 1);
    });
}

// EV-FUT-29: Python fails with an error of its own when one is done before.
#[test]
fn the_first_failure_is_enough_also_one_that_was_there_before() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (mut promises, jobs) = pairs::<4>();
        keep(&mut promises[0]);
        assert!(jobs[1].cancel());
        promises[1].take();
        let mut failure = Box::pin(wait(&jobs, WaitFor::FirstException));
        assert!(polled(&mut failure).await.is_pending(), "neither is a failure");
        fail(&mut promises[2]);
        assert_eq!(places(&failure.await, &jobs), (vec![0, 1, 2], vec![3]));
        let before = must_not_suspend(wait(&jobs, WaitFor::FirstException)).await;
        assert_eq!(places(&before, &jobs), (vec![0, 1, 2], vec![3]));
        assert!(jobs[2].get().await.is_err());
        let fetched = must_not_suspend(wait(&jobs, WaitFor::FirstException)).await;
        assert_eq!(places(&fetched, &jobs), (vec![0, 1, 2], vec![3]));
    });
}

// EV-FUT-29
#[test]
fn without_a_failure_it_waits_for_all_and_a_cancellation_is_none() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (mut promises, jobs) = pairs::<3>();
        let mut failure = Box::pin(wait(&jobs, WaitFor::FirstException));
        assert!(polled(&mut failure).await.is_pending());
        keep(&mut promises[0]);
        assert!(polled(&mut failure).await.is_pending());
        promises[1].take();
        assert!(polled(&mut failure).await.is_pending());
        assert!(jobs[2].cancel());
        promises[2].take();
        assert_eq!(places(&failure.await, &jobs), (vec![0, 1, 2], vec![]));
    });
}

// EV-FUT-29: a panic is a failure, an `Err` of the call's own is a result.
#[test]
fn a_panic_is_a_failure() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = ThreadPoolExecutor::new(1).expect("more than no threads");
        let panics = pool.submit(|| std::panic::resume_unwind(Box::new("quietly")));
        let (_open, never) = promise::<()>();
        let jobs = [never, panics.expect("not shut down")];
        let sets = wait(&jobs, WaitFor::FirstException).await;
        assert_eq!((sets.done.len(), sets.not_done.len()), (1, 1));
        pool.shutdown(true).await;
        let (promise, returned) = promise::<Result<(), &str>>();
        promise.set_result(Err("its own")).expect("not cancelled");
        let (_open, never) = self::promise();
        let jobs = [returned, never];
        let mut waits = Box::pin(wait(&jobs, WaitFor::FirstException));
        assert!(poll_once(&mut waits).is_pending());
    });
}

// EV-FUT-30
#[test]
fn all_must_be_done_and_a_failure_is_not_enough() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (mut promises, jobs) = pairs::<3>();
        let mut all = Box::pin(wait(&jobs, WaitFor::AllCompleted));
        assert!(polled(&mut all).await.is_pending());
        fail(&mut promises[2]);
        assert!(polled(&mut all).await.is_pending());
        keep(&mut promises[0]);
        assert!(polled(&mut all).await.is_pending());
        promises[1].take();
        assert_eq!(places(&all.await, &jobs), (vec![0, 1, 2], vec![]));
    });
}

// EV-FUT-27: killed at its suspension, dropped at any poll, and the other waits go on.
#[test]
fn a_wait_that_is_killed_leaves_the_jobs_and_the_other_waits_alone() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for polls in 0..3 {
            let (mut promises, jobs) = pairs::<2>();
            let mine = jobs.clone();
            let killed = spawn(async move { wait(&mine, WaitFor::AllCompleted).await.done.len() });
            let mine = jobs.clone();
            let other = spawn(async move { wait(&mine, WaitFor::AllCompleted).await.done.len() });
            let mut dropped = Box::pin(wait(&jobs, WaitFor::FirstCompleted));
            for _ in 0..polls {
                assert!(polled(&mut dropped).await.is_pending());
            }
            settle().await;
            drop(dropped);
            killed.kill_and_wait().await.expect("started");
            promises.iter_mut().for_each(keep);
            assert_eq!(other.await.expect("not killed"), 2);
            assert!(killed.await.is_err());
            assert!(matches!((jobs[0].get().await, jobs[1].get().await), (Ok(1), Ok(1))));
        }
    });
}

#[test]
fn two_waits_for_the_same_jobs_are_both_served() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let pool = TaskPoolExecutor::new(2).expect("more than no workers");
        let jobs = [1.0, 2.0].map(|seconds| pool.submit(move || sleep(seconds)).expect("open"));
        let mine = jobs.clone();
        let first = spawn(async move { wait(&mine, WaitFor::FirstCompleted).await.done.len() });
        assert_eq!(wait(&jobs, WaitFor::AllCompleted).await.done.len(), 2);
        assert_eq!(first.await.expect("not killed"), 1);
    });
    event_loop.destroy().expect("not running");
}
