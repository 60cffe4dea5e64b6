//! What R-1 gives a face whose tasks are `Send`.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::{Read, Write};
use std::net::{self, SocketAddr};
use std::time::Duration;

use common::{LIMIT, elsewhere, pair, run};
use evergreen::{EventLoop, RemoteTasks, spawn_blocking, yield_now};
use futures_lite::future::{self, poll_once};
use static_assertions::assert_impl_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Sleep, sleep};

const CLIENTS: usize = 8;

assert_impl_all!(TcpListener: Send, Sync);
assert_impl_all!(TcpStream: Send, Sync);
assert_impl_all!(Sleep: Send, Sync);
assert_impl_all!(JoinHandle<u8>: Send, Sync);

/// Sets a key and gets it back, as a client that blocks.
fn converse(address: SocketAddr, number: usize) {
    let mut stream = net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let value = format!("value {number}");
    let key = format!("$3\r\nk{number:02}\r\n");
    let bulk = format!("${}\r\n{value}\r\n", value.len());
    for (request, answer) in [
        (format!("*3\r\n$3\r\nSET\r\n{key}{bulk}"), "+OK\r\n"),
        (format!("*2\r\n$3\r\nGET\r\n{key}"), &bulk),
    ] {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answered = vec![0; answer.len()];
        stream.read_exact(&mut answered).unwrap();
        assert_eq!(String::from_utf8_lossy(&answered), answer);
    }
}

// R-1, D-10: the whole server is one `Send` future, and starts such tasks.
#[test]
fn a_server_that_another_thread_sends_to_its_loop_serves_clients_of_eight_threads() {
    run(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let remote = EventLoop::current().unwrap().remote();
        let server = mini_redis::server::run(listener, stopped);
        let server = elsewhere(move || remote.spawn_from_thread(server)).await.unwrap();
        let clients = (0..CLIENTS).map(|number| spawn_blocking(move || converse(address, number)));
        for client in clients.collect::<Vec<_>>() {
            client.await.unwrap();
        }
        elsewhere(move || stop.send(())).await.unwrap();
        server.await.unwrap().unwrap();
    });
}

//
#[test]
fn a_socket_and_a_sleep_that_wait_here_go_on_on_another_thread() {
    run(async || {
        let ((mut stream, mut peer), mut asleep) = (pair().await, sleep(Duration::from_millis(1)));
        assert!(poll_once(stream.read(&mut [0; 4])).await.is_none());
        assert!(poll_once(&mut asleep).await.is_none());
        let job = spawn_blocking(move || {
            future::block_on(async {
                let mut word = [0; 4];
                stream.read_exact(&mut word).await.unwrap();
                asleep.await;
                word
            })
        });
        peer.write_all(b"word").await.unwrap();
        assert_eq!(&job.await.unwrap(), b"word");
    });
}

//
#[test]
fn a_socket_and_a_sleep_that_wait_here_may_be_dropped_on_another_thread() {
    run(async || {
        let here = EventLoop::current().unwrap();
        // The test's own limit is a timer, too.
        yield_now().await;
        let before = here.metrics();
        let ((mut stream, mut peer), mut asleep) = (pair().await, sleep(LIMIT));
        assert!(poll_once(stream.read(&mut [0; 1])).await.is_none());
        assert!(poll_once(&mut asleep).await.is_none());
        elsewhere(move || drop((stream, asleep))).await;
        assert_eq!(peer.read(&mut [0; 1]).await.unwrap(), 0);
        drop(peer);
        let after = here.metrics();
        assert_eq!((after.sources, after.timers), (before.sources, before.timers));
    });
}

// D-9, R-2
#[test]
fn a_handle_may_be_awaited_or_dropped_on_another_thread() {
    run(async || {
        let (go, gone) = oneshot::channel();
        let (done, is_done) = oneshot::channel();
        let awaited = tokio::spawn(async { 6 * 7 });
        let dropped = tokio::spawn(async { done.send(gone.await.unwrap()) });
        assert_eq!(elsewhere(|| future::block_on(awaited)).await.unwrap(), 42);
        elsewhere(|| drop(dropped)).await;
        go.send("its handle is gone").unwrap();
        assert_eq!(is_done.await.unwrap(), "its handle is gone");
    });
}
