//! What a socket does to the life of the loop (D-5).
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::Write;
use std::time::Duration;

use common::{TestLoop, pair_with_std};
use evergreen_io::net::TcpListener;
use evergreen_loop::{EventLoop, TurnOutcome};
use evergreen_task::spawn;
use futures_lite::AsyncReadExt;

fn turn(event_loop: &EventLoop) -> TurnOutcome {
    event_loop.turn(Some(Duration::ZERO)).unwrap()
}

// D-5
#[test]
fn a_socket_that_nobody_waits_for_does_not_keep_the_loop_alive() {
    let event_loop = TestLoop::new();
    let (stream, _peer) = pair_with_std();
    let listener = event_loop.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    assert_eq!(event_loop.metrics().sources, 2);
    assert!(!event_loop.run().unwrap().stopped);
    drop((stream, listener));
}

// D-5
#[test]
fn a_task_that_reads_keeps_the_loop_alive_until_it_has_read() {
    let event_loop = TestLoop::new();
    let (mut stream, mut peer) = pair_with_std();
    let reader = spawn(async move { stream.read(&mut [0; 8]).await.unwrap() });
    assert_eq!(turn(&event_loop), TurnOutcome::Alive);
    let writer = std::thread::spawn(move || peer.write_all(b"four"));
    let report = event_loop.run().unwrap();
    assert_eq!((report.parked_tasks, report.stopped), (0, false));
    assert_eq!(event_loop.block_on(reader).unwrap(), 4);
    writer.join().unwrap().unwrap();
}

// D-5
#[test]
fn a_task_that_accepts_keeps_the_loop_alive_until_it_has_accepted() {
    let event_loop = TestLoop::new();
    let listener = event_loop.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let server = spawn(async move { listener.accept().await.map(drop) });
    assert_eq!(turn(&event_loop), TurnOutcome::Alive);
    let client = std::thread::spawn(move || std::net::TcpStream::connect(address).map(drop));
    let report = event_loop.run().unwrap();
    assert_eq!((report.parked_tasks, report.stopped), (0, false));
    event_loop.block_on(server).unwrap().unwrap();
    client.join().unwrap().unwrap();
}

// D-5, EV-TASK-08: the wait is taken back, though the stream stays.
#[test]
fn a_killed_task_that_waited_until_a_stream_is_readable_lets_the_loop_end() {
    let event_loop = TestLoop::new();
    let (stream, _peer) = pair_with_std();
    let stream = std::rc::Rc::new(stream);
    let waiting = std::rc::Rc::clone(&stream);
    let waiter = spawn(async move { waiting.readable().await });
    assert_eq!(turn(&event_loop), TurnOutcome::Alive);
    waiter.kill();
    let report = event_loop.run().unwrap();
    assert_eq!((report.parked_tasks, report.stopped), (0, false));
    assert_eq!(event_loop.metrics().sources, 1);
    drop(stream);
}

// D-5, EV-TASK-08: the socket goes with the task.
#[test]
fn killed_tasks_that_own_their_sockets_let_the_loop_end() {
    let event_loop = TestLoop::new();
    let (mut stream, _peer) = pair_with_std();
    let listener = event_loop.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let reader = spawn(async move { stream.read(&mut [0; 8]).await.map(drop) });
    let server = spawn(async move { listener.accept().await.map(drop) });
    assert_eq!(turn(&event_loop), TurnOutcome::Alive);
    event_loop.call_soon(move || {
        reader.kill();
        server.kill();
    });
    let report = event_loop.run().unwrap();
    assert_eq!((report.parked_tasks, report.stopped), (0, false));
    assert_eq!((event_loop.metrics().sources, event_loop.metrics().tasks), (0, 0));
}
