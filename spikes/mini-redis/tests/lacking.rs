//! What R-1 still lacks for a face whose tasks are `Send`. Each fails on the day that it is there;
//! README.md has the list.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::Read;
use std::net;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use common::{LIMIT, elsewhere, pair, run};
use evergreen::{EventLoop, LoopError, LoopRemote, Task};
use evergreen_testing::TestLoop;
use futures_lite::future::{self, poll_once};
use mini_redis::blocking_client;
use static_assertions::{assert_impl_all, assert_not_impl_any};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::sleep;

// D-10: tokio's `Runtime` is both. What there is for other threads runs nothing.
assert_not_impl_any!(EventLoop: Send, Sync);
assert_not_impl_any!(Runtime: Send, Sync);
assert_not_impl_any!(Task<()>: Send, Sync);
assert_impl_all!(LoopRemote: Send, Sync);

fn is_of_no_loop(error: &std::io::Error) -> bool {
    error.to_string() == LoopError::NoLoop.to_string()
}

/// What a panic of `f` says.
fn panic_of(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it panics");
    payload.downcast_ref::<String>().cloned().unwrap_or_else(|| {
        (*payload.downcast_ref::<&str>().expect("a panic says a text")).to_owned()
    })
}

// D-1
#[test]
fn a_thread_has_one_runtime() {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let first = blocking_client::connect(address).unwrap();
    let second = blocking_client::connect(address).err().expect("the first has the thread");
    assert_eq!(second.to_string(), LoopError::AlreadyExists.to_string());
    drop(first);
    assert!(blocking_client::connect(address).is_ok());
}

// D-1, R-10
#[test]
fn block_on_of_another_thread_runs_another_loop() {
    run(async || {
        let id = || EventLoop::current().unwrap().id();
        let there = elsewhere(move || evergreen::block_on(async { id() }));
        assert_ne!(there.await, id());
    });
}

// tokio's runtime is whose object it is; ours is its thread's.
#[test]
fn a_loop_ends_with_its_thread() {
    let (remote, (mut stream, _peer)) = thread::spawn(|| {
        let event_loop = EventLoop::new().unwrap();
        (event_loop.remote(), event_loop.block_on(pair()))
    })
    .join()
    .unwrap();
    assert!(remote.is_closed());
    let read = future::block_on(poll_once(stream.read(&mut [0; 1])));
    let error = read.expect("it does not wait").unwrap_err();
    assert_eq!(error.to_string(), LoopError::Closed.to_string());
}

// there is no `Handle::enter`.
#[test]
fn a_thread_without_a_loop_makes_no_socket() {
    run(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (bound, connected) = elsewhere(move || {
            let bound = future::block_on(TcpListener::bind("127.0.0.1:0"));
            (bound.err(), future::block_on(TcpStream::connect(address)).err())
        })
        .await;
        assert!(is_of_no_loop(&bound.unwrap()));
        assert!(is_of_no_loop(&connected.unwrap()));
    });
}

// what is accepted belongs to the loop of the thread that accepts, and not to the listener's.
#[test]
fn a_thread_without_a_loop_that_accepts_loses_the_connection() {
    run(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(LIMIT)).unwrap();
        let (accepted, _listener) =
            elsewhere(move || (future::block_on(listener.accept()).err(), listener)).await;
        assert!(is_of_no_loop(&accepted.unwrap()));
        assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    });
}

//
#[test]
fn a_thread_without_a_loop_starts_no_sleep_and_no_task() {
    run(async || {
        let asleep = elsewhere(|| panic_of(|| _ = future::block_on(poll_once(sleep(LIMIT)))));
        assert_eq!(asleep.await, LoopError::NoLoop.to_string());
        let started = elsewhere(|| panic_of(|| drop(tokio::spawn(async {}))));
        assert_eq!(started.await, "no runtime on this thread");
    });
}

// R-1, D-10: a `Send` runtime would have to refuse tasks that are not.
#[test]
fn every_loop_takes_tasks_that_are_not_send() {
    let event_loop = TestLoop::new();
    let value = std::rc::Rc::new(7);
    let task = evergreen::LoopTasks::spawn(&*event_loop, async move { *value });
    assert_eq!(event_loop.block_on(task).unwrap(), 7);
}
