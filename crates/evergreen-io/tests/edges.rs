//! What a poller in edge mode tells, and what not.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::Write;
use std::net;
use std::time::Duration;

use common::{TestLoop, pair_with_std};
use evergreen_io::net::{TcpListener, TcpSocket, TcpStream};
use evergreen_task::spawn;
use futures_lite::{AsyncReadExt, future};
use rustix::event::{PollFd, PollFlags, poll};
use socket2::{Domain, Socket, Type};

// a short read says nothing where urgent data lies, again and again.
#[test]
#[cfg(target_os = "linux")]
fn what_lies_between_urgent_marks_is_read() {
    TestLoop::new().block_on(async {
        let (mut stream, peer) = pair_with_std();
        let mut peer = Socket::from(peer);
        let mut read = Vec::new();
        for word in [b"one", b"two", b"six"] {
            peer.write_all(word).unwrap();
            peer.send_out_of_band(b"!").unwrap();
            peer.write_all(word).unwrap();
            let wanted = read.len() + 6;
            while read.len() < wanted {
                let mut buffer = [0; 64];
                let reading = evergreen_task::timeout(20.0, stream.read(&mut buffer));
                let n = reading.await.unwrap().unwrap();
                read.extend_from_slice(&buffer[..n]);
            }
        }
        assert_eq!(read, b"oneonetwotwosixsix");
    });
}

// of a descriptor that others may have duplicates of the poller is told when it goes.
#[test]
#[cfg(not(polling_test_poll_backend))]
fn a_duplicate_that_lives_on_does_not_wake_the_loop() {
    let event_loop = TestLoop::new();
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let duplicate = listener.try_clone().unwrap();
    drop(TcpListener::from_std(listener).unwrap());
    let mut peer = net::TcpStream::connect(duplicate.local_addr().unwrap()).unwrap();
    assert!(!has_work(&event_loop));
    let (stream, _) = duplicate.accept().unwrap();
    let _duplicate = stream.try_clone().unwrap();
    drop(TcpStream::from_std(stream).unwrap());
    peer.write_all(b"stale").unwrap();
    assert!(!has_work(&event_loop));
}

#[test]
#[cfg(not(polling_test_poll_backend))]
fn a_duplicate_of_what_a_tcp_socket_took_over_does_not_wake_the_loop() {
    let event_loop = TestLoop::new();
    let taken_over = || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        (socket.try_clone().unwrap(), TcpSocket::from_std_stream(socket.into()))
    };
    let (duplicate, socket) = taken_over();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    drop(event_loop.block_on(async { socket.listen(16).unwrap() }));
    let address = duplicate.local_addr().unwrap().as_socket().unwrap();
    let _client = net::TcpStream::connect(address).unwrap();
    assert!(!has_work(&event_loop), "a connection to accept is nobody's");
    let (_duplicate, socket) = taken_over();
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let connecting = socket.connect(listener.local_addr().unwrap());
    drop(event_loop.block_on(connecting).unwrap());
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"stale").unwrap();
    assert!(!has_work(&event_loop), "what comes is nobody's");
}

/// Whether the poller has something to tell.
#[cfg(not(polling_test_poll_backend))]
fn has_work(event_loop: &TestLoop) -> bool {
    let at_once = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut descriptors = [PollFd::new(&**event_loop, PollFlags::IN)];
    poll(&mut descriptors, Some(&at_once)).unwrap() > 0
}

// R-5, F21: a closed descriptor whose duplicate lives is still with the poller. What it reports is
// nobody's, also when the number is somebody else's.
#[test]
fn a_duplicate_that_lives_on_disturbs_nobody() {
    let event_loop = TestLoop::new();
    let turn = || event_loop.turn(Some(Duration::ZERO)).unwrap();
    let (stream, mut peer) = event_loop.block_on(async { pair_with_std() });
    let stream = stream.into_std().unwrap();
    let duplicate = stream.try_clone().unwrap();
    drop(event_loop.block_on(async { TcpStream::from_std(stream).unwrap() }));
    let (mut next, mut next_peer) = event_loop.block_on(async { pair_with_std() });
    let reader = spawn(async move {
        let mut word = [0; 4];
        next.read_exact(&mut word).await.map(|()| word)
    });
    turn();
    turn();
    let polls = reader.task_ref().polls();
    for _ in 0..10 {
        peer.write_all(b"stale").unwrap();
        turn();
        turn();
    }
    assert_eq!(reader.task_ref().polls(), polls);
    next_peer.write_all(b"here").unwrap();
    assert_eq!(&event_loop.block_on(reader).unwrap().unwrap(), b"here");
    // The duplicate is a stream as good as any.
    event_loop.block_on(async {
        let mut duplicate = TcpStream::from_std(duplicate).unwrap();
        duplicate.read_exact(&mut [0; 50]).await.unwrap();
        let reading = async { duplicate.read(&mut [0; 8]).await };
        let (read, ()) = future::zip(reading, async { peer.write_all(b"last").unwrap() }).await;
        assert_eq!(read.unwrap(), 4);
    });
    assert_eq!(event_loop.metrics().sources, 0);
}
