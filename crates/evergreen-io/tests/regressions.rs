//! Faults that were found once.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::Write;
use std::thread;

use common::{TestLoop, pair_with_std};
use evergreen_io::net::{TcpListener, TcpStream};
use evergreen_task::{spawn, timeout, yield_now};
use futures_lite::{AsyncReadExt, future};

/// Far more than any of the waits takes that this cuts short when a fault is back.
const LIMIT: f64 = 20.0;

// The waker of the second replaced that of the first, which then slept beside a waiting connection.
#[test]
fn two_tasks_may_accept_on_one_listener() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let listener = std::rc::Rc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = listener.local_addr().unwrap();
        let tasks: Vec<_> = (0..2)
            .map(|_| {
                let listener = std::rc::Rc::clone(&listener);
                spawn(async move { listener.accept().await.map(drop) })
            })
            .collect();
        yield_now().await;
        for task in tasks {
            let _client = TcpStream::connect(address).await.unwrap();
            timeout(LIMIT, task).await.unwrap().unwrap().unwrap();
        }
    });
}

// F19: who waited on another thread was dropped with the loop, and slept for ever.
#[test]
fn a_thread_that_waits_for_a_stream_hears_of_the_end_of_its_loop() {
    let event_loop = TestLoop::new();
    let (stream, _peer) = event_loop.block_on(async { pair_with_std() });
    let waiting = thread::spawn(move || future::block_on(stream.readable()));
    while event_loop.metrics().entries < 2 {
        event_loop.turn(None).unwrap();
    }
    event_loop.destroy().unwrap();
    assert!(waiting.join().unwrap().is_err());
}

// a read stops at urgent data; being short, it was taken to have read all.
#[test]
#[cfg(target_os = "linux")]
fn bytes_behind_urgent_data_are_read() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (mut stream, peer) = pair_with_std();
        let mut peer = socket2::Socket::from(peer);
        peer.write_all(b"abc").unwrap();
        peer.send_out_of_band(b"!").unwrap();
        peer.write_all(b"def").unwrap();
        let (mut read, mut buffer) = (Vec::new(), [0; 64]);
        while read.len() < 6 {
            let n = timeout(LIMIT, stream.read(&mut buffer)).await.unwrap().unwrap();
            read.extend_from_slice(&buffer[..n]);
        }
        assert_eq!(read, b"abcdef");
    });
}
