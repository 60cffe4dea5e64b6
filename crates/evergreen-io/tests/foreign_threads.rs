//! Sockets used away from the thread of their loop. The loop runs meanwhile.

mod common;

use std::future::{Future, poll_fn};
use std::io::{self, Read, Write};
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::thread;

use common::child::{injected, part, under_strace};
use common::{TestLoop, beside, content, pair, pair_with_std};
use evergreen_io::Interest;
use evergreen_io::net::{TcpListener, UnixStream};
use evergreen_loop::EventLoop;
use evergreen_task::{RemoteTasks, sleep};
use futures_lite::future::{block_on, zip};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

//
#[test]
fn a_stream_may_be_used_and_dropped_on_another_thread() {
    let event_loop = TestLoop::new();
    let (mut stream, mut peer) = pair_with_std();
    beside(&event_loop, move || {
        let echo = thread::spawn(move || {
            let mut request = [0; 5];
            peer.read_exact(&mut request).unwrap();
            peer.write_all(&request).unwrap();
            peer.read(&mut request).unwrap()
        });
        block_on(async {
            stream.write_all(b"hello").await.unwrap();
            let mut answer = [0; 5];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"hello");
            let error = stream.try_read(&mut answer).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        });
        drop(stream);
        // The descriptor is closed, and the peer sees the end.
        assert_eq!(echo.join().unwrap(), 0);
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// R-1, F7
#[test]
fn four_mebibytes_go_both_ways_on_another_thread() {
    const LENGTH: usize = 4 << 20;
    let event_loop = TestLoop::new();
    let (client, server) = event_loop.block_on(pair());
    beside(&event_loop, move || {
        let ends = [(client, 1), (server, 2)].map(|(stream, seed)| {
            thread::spawn(move || {
                let (mut reader, mut writer) = stream.into_split();
                let send = async {
                    writer.write_all(&content(LENGTH, seed)).await.unwrap();
                    writer.close().await.unwrap();
                };
                let mut received = Vec::new();
                // Two futures of one thread wait for one stream.
                block_on(zip(send, async { reader.read_to_end(&mut received).await.unwrap() }));
                assert!(received == content(LENGTH, 3 - seed));
            })
        });
        ends.into_iter().for_each(|end| end.join().unwrap());
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

//
#[test]
fn a_stream_that_waited_here_goes_on_there_and_comes_back() {
    let event_loop = TestLoop::new();
    let (mut stream, mut peer) = pair_with_std();
    event_loop.block_on(async {
        assert!(futures_lite::future::poll_once(stream.read(&mut [0; 8])).await.is_none());
    });
    let (mut stream, mut peer) = beside(&event_loop, move || {
        let (waiting, waits) = mpsc::channel();
        let writer = thread::spawn(move || {
            waits.recv().unwrap();
            peer.write_all(b"there").unwrap();
            peer
        });
        let mut word = [0; 5];
        block_on(async {
            assert!(futures_lite::future::poll_once(stream.read(&mut word)).await.is_none());
            waiting.send(()).unwrap();
            stream.read_exact(&mut word).await.unwrap();
        });
        assert_eq!(&word, b"there");
        (stream, writer.join().unwrap())
    });
    peer.write_all(b"here").unwrap();
    let mut word = [0; 4];
    event_loop.block_on(async { stream.read_exact(&mut word).await.unwrap() });
    assert_eq!(&word, b"here");
}

//
#[test]
fn readable_and_writable_may_be_awaited_on_another_thread() {
    let event_loop = TestLoop::new();
    let (stream, mut peer) = pair_with_std();
    beside(&event_loop, move || {
        block_on(stream.writable()).unwrap();
        let writer = thread::spawn(move || {
            peer.write_all(b"word").unwrap();
            peer
        });
        block_on(stream.readable()).unwrap();
        let mut word = [0; 4];
        while stream.try_read(&mut word).is_err() {
            block_on(stream.readable()).unwrap();
        }
        assert_eq!(&word, b"word");
        drop(writer.join().unwrap());
        block_on(stream.readable()).unwrap();
        assert_eq!(stream.try_read(&mut word).unwrap(), 0);
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

//
#[test]
fn a_listener_may_accept_and_be_dropped_on_another_thread() {
    let event_loop = TestLoop::new();
    let listener = event_loop.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let remote = event_loop.remote();
    // A connection that is accepted is registered with the loop of the thread that accepts it.
    beside(&event_loop, move || {
        let here = EventLoop::new().unwrap();
        let client = thread::spawn(move || std::net::TcpStream::connect(address).unwrap());
        let (stream, peer) = here.block_on(listener.accept()).unwrap();
        assert_eq!(client.join().unwrap().local_addr().unwrap(), peer);
        assert_eq!(here.metrics().sources, 1);
        drop((stream, listener));
        assert_eq!(here.metrics().sources, 0);
        // Some pollers have the descriptor closed by the loop's own thread.
        let (here, there) = mpsc::channel();
        remote.call_from_thread(move || here.send(()).unwrap()).unwrap();
        there.recv().unwrap();
        std::net::TcpStream::connect(address).unwrap_err();
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// a `Send` future that holds a stream and a sleep at once.
#[test]
fn a_task_from_another_thread_may_bring_a_stream_and_a_sleep() {
    let event_loop = TestLoop::new();
    let (mut stream, mut peer) = pair_with_std();
    let remote = event_loop.remote();
    let task = thread::spawn(move || {
        remote.spawn_from_thread(async move {
            let asleep = sleep(0.001);
            let mut word = [0; 4];
            stream.read_exact(&mut word).await.unwrap();
            asleep.await;
            stream.write_all(&word).await.unwrap();
            word
        })
    });
    let task = task.join().unwrap().unwrap();
    peer.write_all(b"word").unwrap();
    assert_eq!(event_loop.block_on(task).unwrap(), *b"word");
    let mut word = [0; 4];
    peer.read_exact(&mut word).unwrap();
    assert_eq!(&word, b"word");
    assert_eq!((event_loop.metrics().sources, event_loop.metrics().timers), (0, 0));
}

//
#[test]
fn a_stream_kept_beyond_its_loop_can_be_dropped_anywhere() {
    let event_loop = TestLoop::new();
    let (stream, mut peer) = pair_with_std();
    event_loop.destroy().unwrap();
    thread::spawn(move || {
        assert!(block_on(stream.readable()).is_err());
        drop(stream);
    })
    .join()
    .unwrap();
    assert_eq!(peer.read(&mut [0; 1]).unwrap(), 0);
}

// `TcpStream::readable` may be awaited by any number, on any thread.
#[test]
fn two_other_threads_may_wait_for_one_stream() {
    let event_loop = TestLoop::new();
    let (stream, mut peer) = pair_with_std();
    let stream = Arc::new(stream);
    let remote = event_loop.remote();
    let woken = beside(&event_loop, move || {
        let (waiting, waits) = mpsc::channel();
        let (woken, wakes) = mpsc::channel();
        for _ in 0..2 {
            let (stream, waiting, woken) = (Arc::clone(&stream), waiting.clone(), woken.clone());
            thread::spawn(move || {
                block_on(async {
                    let mut readable = std::pin::pin!(stream.readable());
                    assert!(futures_lite::future::poll_once(&mut readable).await.is_none());
                    waiting.send(()).unwrap();
                    readable.await.unwrap();
                });
                woken.send(()).ok();
            });
        }
        (0..2).for_each(|_| waits.recv().unwrap());
        // The loop knows of both before the bytes come.
        let (here, there) = mpsc::channel();
        remote.call_from_thread(move || here.send(()).unwrap()).unwrap();
        there.recv().unwrap();
        peer.write_all(b"word").unwrap();
        wakes.recv().unwrap();
        // The poller has told of the bytes: a second waker was woken with the first, or never. The
        // limit is for the thread of the second, and only spares a failing test from hanging.
        let limit = std::time::Duration::from_secs(5);
        (wakes.recv_timeout(limit), peer)
    });
    assert_eq!(woken.0, Ok(()));
}

/// Waits for what takes a few polls at most.
async fn in_few_polls<T>(future: impl Future<Output = T>) -> T {
    let (mut future, mut polls) = (pin!(future), 0);
    poll_fn(|cx| {
        polls += 1;
        assert!(polls < 10, "woken again and again");
        future.as_mut().poll(cx)
    })
    .await
}

// the poller tells of urgent data, so the kernel must be asked for it as well.
#[test]
#[cfg(target_os = "linux")]
fn urgent_data_alone_does_not_have_another_thread_spin() {
    let event_loop = TestLoop::new();
    let (stream, peer) = pair_with_std();
    beside(&event_loop, move || {
        socket2::SockRef::from(&peer).send_out_of_band(b"!").unwrap();
        block_on(in_few_polls(stream.readable())).unwrap();
        let ready = block_on(in_few_polls(stream.ready(Interest::READABLE))).unwrap();
        assert!(ready.is_readable());
        let error = stream.try_read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    });
}

// R-1, F4
#[test]
#[cfg(target_os = "linux")]
fn signals_while_the_kernel_is_asked_are_invisible() {
    let name = "signals_while_the_kernel_is_asked_are_invisible";
    if part().is_none() {
        let calls = under_strace(name, "EINTR", "ppoll", "error=EINTR:when=1..50");
        assert_eq!(injected(&calls), 50, "{calls:?}");
        return;
    }
    let event_loop = TestLoop::new();
    let (stream, _peer) = pair_with_std();
    beside(&event_loop, move || block_on(stream.writable())).unwrap();
}

// of a FIFO alone a read may say that somebody has gone who was never there. Elsewhere the
// standard library makes this call as well.
#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn a_connection_is_read_without_asking_whether_it_is_worth_it() {
    let name = "a_connection_is_read_without_asking_whether_it_is_worth_it";
    if part().is_none() {
        let calls = under_strace(name, "EIO", "ppoll", "error=EIO");
        assert_eq!(injected(&calls), 0, "{calls:?}");
        return;
    }
    let event_loop = TestLoop::new();
    let (mut ours, mut theirs) = event_loop.block_on(async { UnixStream::pair().unwrap() });
    beside(&event_loop, move || {
        block_on(async {
            theirs.write_all(b"word").await.unwrap();
            assert_eq!(ours.read(&mut [0; 8]).await.unwrap(), 4);
        });
    });
}
