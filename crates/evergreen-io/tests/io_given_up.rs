//! Whoever waited and is gone keeps nothing alive: neither the loop nor the waker.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::future::{Future, pending};

use common::TestLoop;
use common::streams::plain_pair;
use evergreen_io::io::{BaseStream, PipeStream, TcpConnection, TcpServer, UdpEndpoint};
use evergreen_loop::RunError;
use evergreen_task::{spawn, yield_now};

/// Kills a task that waits. What it waited for is still held.
async fn killed(waits: impl Future<Output = ()> + 'static) {
    let task = spawn(waits);
    yield_now().await;
    assert!(!task.is_finished());
    task.kill();
    yield_now().await;
    assert!(task.is_finished());
}

/// The loop says that nothing is left that could happen, though something is held.
fn leaves_nothing_alive<T>(holds: impl Future<Output = T>) {
    let event_loop = TestLoop::new();
    let outcome = event_loop.try_block_on(async {
        let _held = holds.await;
        pending::<()>().await;
    });
    assert!(matches!(outcome, Err(RunError::Exit(_))), "{outcome:?}");
}

// EV-STR-25
#[test]
fn a_reader() {
    leaves_nothing_alive(async {
        let (ours, theirs) = plain_pair();
        let reads = ours.clone();
        killed(async move { drop(reads.read_bytes(1).await) }).await;
        (ours, theirs)
    });
}

// EV-STR-25, EV-PIPE-04
#[test]
fn a_reader_of_a_pipe() {
    leaves_nothing_alive(async {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let stream = PipeStream::new();
        stream.open(reader).unwrap();
        let reads = stream.clone();
        killed(async move { drop(reads.read_bytes(1).await) }).await;
        (stream, writer)
    });
}

// D-5: a server is alive inside `serve`.
#[test]
fn who_serves() {
    leaves_nothing_alive(async {
        let server = TcpServer::new(async |_: TcpConnection| {});
        server.bind("127.0.0.1:0").unwrap();
        let serves = server.clone();
        killed(async move { drop(serves.serve().await) }).await;
        server
    });
}

// EV-UDP-03
#[test]
fn who_receives() {
    leaves_nothing_alive(async {
        let endpoint = UdpEndpoint::new();
        endpoint.bind("127.0.0.1:0").unwrap();
        let receives = endpoint.clone();
        killed(async move { drop(receives.receive().await) }).await;
        endpoint
    });
}
