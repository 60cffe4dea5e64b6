//! `select`.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::Write;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use common::TestLoop;
use common::scratch::Scratch;
use evergreen_io::lib::select::select;
use evergreen_io::lib::socket::{AF_UNIX, SOCK_STREAM, Socket, socketpair};
use evergreen_io::lib::time;
use evergreen_io::net;
use evergreen_loop::{Delay, LoopError};
use evergreen_task::{spawn, yield_now};
use evergreen_testing::must_suspend;

fn pair() -> (Socket, Socket) {
    socketpair(AF_UNIX, SOCK_STREAM, 0).unwrap()
}

type Selected = (Vec<usize>, Vec<usize>, Vec<usize>);

fn places(read: &[usize], written: &[usize]) -> Selected {
    (read.to_vec(), written.to_vec(), Vec::new())
}

// EV-LIB-02
#[test]
fn the_places_of_those_that_are_ready_come_back() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (ours, theirs) = pair();
        let (std, mut other) = UnixStream::pair().unwrap();
        let number: RawFd = std.as_raw_fd();
        let selecting = spawn({
            let ours = ours.clone();
            async move { must_suspend(select(&[&ours, &number], &[], &[], None)).await }
        });
        yield_now().await;
        assert_eq!(event_loop.metrics().sources, 2);
        other.write_all(b"x").unwrap();
        assert_eq!(selecting.await.unwrap().unwrap(), places(&[1], &[]));
        assert_eq!(event_loop.metrics().sources, 0);
        // All that are ready, in both directions; one given twice is there twice.
        theirs.send(b"x").await.unwrap();
        let all = select(&[&ours, &std, &theirs, &ours], &[&ours, &std], &[&ours], None).await;
        assert_eq!(all.unwrap(), places(&[0, 1, 3], &[0, 1]));
    });
}

// EV-LIB-02
#[test]
fn when_the_time_is_over_nothing_is_ready() {
    let event_loop = TestLoop::with_virtual_time();
    event_loop.block_on(async {
        let (ours, theirs) = pair();
        let before = event_loop.time();
        let none = select(&[&ours], &[], &[&ours], Some(60.0.into())).await.unwrap();
        assert_eq!(none, places(&[], &[]));
        assert_eq!(event_loop.time() - before, Duration::from_secs(60));
        assert_eq!(event_loop.metrics().sources, 0);
        // Below zero it waits as long as it takes.
        let late = spawn(async move {
            time::sleep(3600.0).await;
            theirs.send(b"x").await
        });
        let ready = select(&[&ours], &[], &[], Some((-1.0).into())).await.unwrap();
        assert_eq!(ready, places(&[0], &[]));
        late.await.unwrap().unwrap();
    });
}

// EV-LIB-02
#[test]
fn without_time_to_wait_the_poller_is_asked_once() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (ours, theirs) = pair();
        let before = event_loop.metrics().polls;
        let none = select(&[&ours], &[], &[], Some(Delay::ZERO)).await.unwrap();
        assert_eq!(none, places(&[], &[]));
        assert_eq!(event_loop.metrics().polls, before + 1);
        theirs.send(b"x").await.unwrap();
        let ready = select(&[&ours], &[&ours], &[], Some(Delay::ZERO)).await.unwrap();
        assert_eq!(ready, places(&[0], &[0]));
        assert_eq!(event_loop.metrics().polls, before + 2);
        assert_eq!(event_loop.metrics().sources, 0);
    });
}

// EV-LIB-02
#[test]
fn a_descriptor_that_others_watch_is_refused() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (ours, theirs) = pair();
        let free = pair();
        let reader = spawn({
            let ours = ours.clone();
            async move { ours.recv(1).await }
        });
        yield_now().await;
        let sources = event_loop.metrics().sources;
        let busy = select(&[&free.0, &ours], &[], &[], None).await.unwrap_err();
        assert!(matches!(busy, LoopError::Busy(fd) if fd == ours.as_raw_fd()), "{busy}");
        assert_eq!(event_loop.metrics().sources, sources);
        // The other direction is free.
        assert_eq!(select(&[], &[&ours], &[], None).await.unwrap(), places(&[], &[0]));
        theirs.send(b"x").await.unwrap();
        assert_eq!(reader.await.unwrap().unwrap(), b"x");
        let (stream, _other) = net::UnixStream::pair().unwrap();
        let busy = select(&[&stream], &[], &[], None).await.unwrap_err();
        assert!(matches!(busy, LoopError::Busy(_)), "{busy}");
    });
}

// EV-LIB-02
#[test]
fn what_cannot_be_watched_is_refused() {
    TestLoop::new().block_on(async {
        let bad = select(&[&-1], &[], &[], None).await.unwrap_err();
        assert!(matches!(bad, LoopError::BadDescriptor(-1)), "{bad}");
        let scratch = Scratch::new();
        let file = std::fs::File::create(scratch.join("file")).unwrap();
        let refused = select(&[], &[&file], &[], None).await.unwrap_err();
        assert!(matches!(refused, LoopError::NotPollable(_)), "{refused}");
    });
}

// EV-LIB-02
#[test]
fn a_killed_select_watches_nothing() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (ours, _theirs) = pair();
        for limit in [None, Some(Delay::ZERO), Some(60.0.into())] {
            let selecting = spawn({
                let ours = ours.clone();
                async move { select(&[&ours], &[], &[], limit).await }
            });
            yield_now().await;
            selecting.kill();
            yield_now().await;
            assert_eq!(event_loop.metrics().sources, 0);
        }
    });
    // Nothing holds the loop.
    assert!(!event_loop.run().unwrap().stopped);
}

// EV-LIB-01
#[test]
fn a_sleep_parks_its_task_only() {
    let event_loop = TestLoop::with_virtual_time();
    event_loop.block_on(async {
        let before = event_loop.time();
        let sleeping = spawn(time::sleep(60.0));
        yield_now().await;
        assert_eq!(event_loop.time(), before);
        sleeping.await.unwrap();
        assert_eq!(event_loop.time() - before, Duration::from_secs(60));
    });
}
