//! Name resolution that hangs, has no thread, or loses its loop (F28).
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::TestLoop;
use common::resolvers::Hanging;
use evergreen_io::net::{TcpStream, lookup_host};
use evergreen_io::resolve::{Query, Resolver, SystemResolver};
use evergreen_loop::{EventLoop, LoopError, TurnOutcome};
use evergreen_task::{spawn, timeout};
use evergreen_testing::VirtualClock;
use futures_lite::future;

/// A loop whose only thread is taken, until the sender is used or dropped.
fn full_pool() -> (TestLoop, mpsc::Sender<()>) {
    let event_loop = TestLoop::of(EventLoop::builder().blocking_threads(1).build().unwrap());
    let (release, released) = mpsc::channel();
    drop(event_loop.run_blocking(move || released.recv().ok()));
    (event_loop, release)
}

// F28: the limit drops the question, and with it the loop has nothing left to live for.
#[test]
fn a_resolver_that_hangs_is_given_up_when_time_is_over() {
    let event_loop = TestLoop::with_virtual_time();
    let resolver = Hanging::set();
    event_loop.block_on(async {
        let connecting = TcpStream::connect("name.test:80");
        assert!(timeout(5.0, connecting).await.is_err());
        assert_eq!(VirtualClock::current().elapsed(), Duration::from_secs(5));
    });
    assert_eq!(resolver.waiting(), 0);
    let report = event_loop.run().unwrap();
    assert_eq!((report.parked_tasks, report.stopped), (0, false));
}

// F28, EV-TASK-08
#[test]
fn a_killed_task_takes_its_question_back() {
    let event_loop = TestLoop::new();
    let resolver = Hanging::set();
    let connecting = spawn(async { TcpStream::connect("name.test:80").await.map(drop) });
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    assert_eq!(resolver.waiting(), 1);
    connecting.kill();
    let report = event_loop.run().unwrap();
    assert_eq!((report.parked_tasks, resolver.waiting()), (0, 0));
}

// F28, EV-FUT-23: the limit holds, though the pool has no thread for the question.
#[test]
fn a_limit_is_kept_while_the_pool_is_full() {
    let (event_loop, release) = full_pool();
    event_loop.block_on(async {
        assert!(timeout(0.01, lookup_host("localhost:80")).await.is_err());
    });
    // D-5: jobs hold the loop, and let it go when they are over.
    assert_eq!(event_loop.metrics().blocking_jobs, 2);
    assert_eq!(event_loop.turn(Some(Duration::ZERO)).unwrap(), TurnOutcome::Alive);
    drop(release);
    let report = event_loop.run().unwrap();
    assert_eq!((report.parked_tasks, event_loop.metrics().blocking_jobs), (0, 0));
}

// F28: it is answered late, and nothing else waits for it.
#[test]
fn a_question_to_a_full_pool_is_answered_when_there_is_a_thread() {
    let (event_loop, release) = full_pool();
    let found = spawn(async { lookup_host("localhost:80").await.unwrap().count() });
    event_loop.block_on(async {
        evergreen_task::yield_now().await;
        assert!(!found.is_finished());
        release.send(()).unwrap();
        assert!(timeout(60.0, found).await.unwrap().unwrap() > 0);
    });
    assert_eq!(event_loop.metrics().blocking_jobs, 0);
}

// F28, EV-FUT-24: who waits elsewhere hears of the end of the loop.
#[test]
fn a_question_that_waits_for_a_thread_fails_when_its_loop_is_destroyed() {
    let (event_loop, release) = full_pool();
    let answer = SystemResolver.lookup(Query::stream("localhost", 80));
    let waiting = thread::spawn(move || future::block_on(answer).unwrap_err());
    event_loop.destroy().unwrap();
    let error = waiting.join().unwrap();
    assert!(matches!(LoopError::from(error), LoopError::Closed));
    drop(release);
}

// F28: it runs on its own thread to its end, for nobody.
#[test]
fn a_question_that_is_being_asked_fails_when_its_loop_is_destroyed() {
    let event_loop = TestLoop::new();
    let answer = SystemResolver.lookup(Query::stream("localhost", 80));
    let waiting = thread::spawn(move || future::block_on(answer));
    event_loop.destroy().unwrap();
    // The loop has not run: the answer cannot have been delivered.
    assert!(matches!(LoopError::from(waiting.join().unwrap().unwrap_err()), LoopError::Closed));
}
