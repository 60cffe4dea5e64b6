//! Sockets as Python has them: calls, and how long they take.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::cell::Cell;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

use common::scratch::Scratch;
use common::{Blackhole, Refusing, TestLoop, content};
use evergreen_io::lib::socket::{
    AF_INET, AF_INET6, AF_UNIX, Address, IPPROTO_UDP, SO_ERROR, SO_RCVBUF, SO_REUSEADDR, SO_TYPE,
    SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET, Socket, socketpair,
};
use evergreen_task::{sleep, spawn, yield_now};
use evergreen_testing::{must_not_suspend, must_suspend};
use futures_lite::io::BufReader;
use futures_lite::{AsyncBufReadExt, AsyncWriteExt};

fn stream() -> Socket {
    Socket::new(AF_INET, SOCK_STREAM, 0).unwrap()
}

fn pair() -> (Socket, Socket) {
    socketpair(AF_UNIX, SOCK_STREAM, 0).unwrap()
}

fn listening() -> (Socket, Address) {
    let listener = stream();
    listener.bind(("127.0.0.1", 0)).unwrap();
    listener.listen(5).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Sends until there is no room.
fn fill(mut peer: &UnixStream) -> usize {
    peer.set_nonblocking(true).unwrap();
    let chunk = [7; 4096];
    std::iter::from_fn(|| peer.write(&chunk).ok()).sum()
}

async fn fill_socket(socket: &Socket) {
    socket.set_blocking(false);
    while socket.send(&[7; 4096]).await.is_ok() {}
}

// EV-LIB-03, EV-LIB-05, EV-LIB-06, EV-LIB-07, EV-LIB-08
#[test]
fn only_the_task_that_calls_waits() {
    TestLoop::new().block_on(async {
        let (listener, address) = listening();
        let server = spawn(async move {
            let (client, peer) = must_suspend(listener.accept()).await?;
            assert_eq!(peer, client.peer_addr()?);
            client.send_all(&client.recv(100).await?).await?;
            client.recv(100).await
        });
        yield_now().await;
        let client = stream();
        client.connect(address.clone()).await.unwrap();
        assert_eq!(client.peer_addr().unwrap(), address);
        assert_eq!(must_not_suspend(client.send(b"hello")).await.unwrap(), 5);
        let mut answer = [0; 8];
        assert_eq!(must_suspend(client.recv_into(&mut answer)).await.unwrap(), 5);
        assert_eq!(&answer[..5], b"hello");
        drop(client);
        assert_eq!(server.await.unwrap().unwrap(), b"");
    });
}

// EV-LIB-07, EV-LIB-08
#[test]
fn datagrams_have_a_sender() {
    TestLoop::new().block_on(async {
        let [one, other] = [(); 2].map(|()| Socket::new(AF_INET, SOCK_DGRAM, 0).unwrap());
        one.bind(("", 0)).unwrap();
        other.bind(("127.0.0.1", 0)).unwrap();
        let Address::Ip(SocketAddr::V4(bound)) = one.local_addr().unwrap() else { panic!() };
        assert!(bound.ip().is_unspecified());
        let sent = one.send_to(b"question", other.local_addr().unwrap()).await;
        assert_eq!(sent.unwrap(), 8);
        let (question, sender) = other.recv_from(4).await.unwrap();
        assert_eq!(question, b"ques");
        assert_eq!(sender, Address::from(([127, 0, 0, 1], bound.port())));
        other.send_to(b"", sender).await.unwrap();
        let mut answer = [0; 8];
        let (length, sender) = one.recv_from_into(&mut answer).await.unwrap();
        assert_eq!((length, sender), (0, other.local_addr().unwrap()));
        let unnamed = one.send_to(b"x", Address::Unnamed).await.unwrap_err();
        assert_eq!(unnamed.kind(), ErrorKind::InvalidInput);
    });
}

// EV-LIB-04
#[test]
fn a_limit_ends_each_call() {
    let event_loop = TestLoop::with_virtual_time();
    event_loop.block_on(async {
        let (ours, _theirs) = pair();
        assert_eq!(ours.timeout(), None);
        ours.set_timeout(Some(60.0.into())).unwrap();
        assert_eq!(ours.timeout(), Some(Duration::from_secs(60)));
        for _ in 0..2 {
            let before = event_loop.time();
            let late = ours.recv(1).await.unwrap_err();
            assert_eq!(late.kind(), ErrorKind::TimedOut);
            assert_eq!(late.to_string(), "timed out after 60 seconds");
            assert_eq!(event_loop.time() - before, Duration::from_secs(60));
        }
        assert_eq!(event_loop.metrics().sources, 0);
        let (listener, _) = listening();
        listener.set_timeout(Some(1.0.into())).unwrap();
        assert_eq!(listener.accept().await.unwrap_err().kind(), ErrorKind::TimedOut);
    });
}

// EV-LIB-04
#[test]
fn without_time_to_wait_a_call_would_block_at_once() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = pair();
        for not_blocking in [
            |socket: &Socket| socket.set_blocking(false),
            |socket: &Socket| {
                socket.set_timeout(Some(0.0.into())).unwrap();
            },
        ] {
            ours.set_blocking(true);
            assert_eq!(ours.timeout(), None);
            not_blocking(&ours);
            assert_eq!(ours.timeout(), Some(Duration::ZERO));
            let blocked = must_not_suspend(ours.recv(1)).await.unwrap_err();
            assert_eq!(blocked.raw_os_error(), Some(libc::EAGAIN));
        }
        theirs.send(b"x").await.unwrap();
        assert_eq!(must_not_suspend(ours.recv(1)).await.unwrap(), b"x");
        fill_socket(&ours).await;
        let blocked = must_not_suspend(ours.send_all(b"x")).await.unwrap_err();
        assert_eq!(blocked.kind(), ErrorKind::WouldBlock);
    });
}

// EV-LIB-04
#[test]
fn a_limit_below_zero_is_refused() {
    let (ours, _theirs) = pair();
    ours.set_timeout(Some(2.0.into())).unwrap();
    let refused = ours.set_timeout(Some((-1.0).into())).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    assert!(refused.to_string().contains("below zero"), "{refused}");
    assert_eq!(ours.timeout(), Some(Duration::from_secs(2)));
    assert!(evergreen_loop::Delay::from_secs(f64::NAN).is_err());
}

// EV-LIB-06
#[test]
fn connecting_ends_connected_or_with_a_number() {
    TestLoop::with_virtual_time().block_on(async {
        let (_listener, address) = listening();
        let client = stream();
        assert_eq!(client.connect_ex(address.clone()).await.unwrap(), 0);
        assert_eq!(client.connect_ex(address.clone()).await.unwrap(), libc::EISCONN);
        let twice = client.connect(address).await.unwrap_err();
        assert_eq!(twice.raw_os_error(), Some(libc::EISCONN));
        client.close();
        assert_eq!(client.connect_ex(("127.0.0.1", 1)).await.unwrap(), libc::EBADF);

        let refusing = Refusing::new();
        let refused = stream().connect_ex(refusing.address()).await.unwrap();
        assert_eq!(refused, libc::ECONNREFUSED);
        let refused = stream().connect(refusing.address()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);

        let silent = Blackhole::new();
        let client = stream();
        client.set_timeout(Some(5.0.into())).unwrap();
        assert_eq!(client.connect_ex(silent.address()).await.unwrap(), libc::EAGAIN);
        let late = stream();
        late.set_timeout(Some(5.0.into())).unwrap();
        assert_eq!(late.connect(silent.address()).await.unwrap_err().kind(), ErrorKind::TimedOut);
    });
}

// EV-LIB-06
#[test]
fn without_time_to_wait_connecting_is_one_attempt() {
    TestLoop::new().block_on(async {
        let silent = Blackhole::new();
        let client = stream();
        client.set_blocking(false);
        let number = must_not_suspend(client.connect_ex(silent.address())).await.unwrap();
        assert_eq!(number, libc::EINPROGRESS);
        let again = must_not_suspend(client.connect(silent.address())).await.unwrap_err();
        assert_eq!(again.raw_os_error(), Some(libc::EALREADY));
    });
}

// EV-LIB-06
#[test]
fn a_full_queue_of_a_unix_listener_is_waited_for() {
    TestLoop::with_virtual_time().block_on(async {
        let scratch = Scratch::new();
        let path = scratch.join("socket");
        let listener = Socket::new(AF_UNIX, SOCK_STREAM, 0).unwrap();
        assert_eq!(listener.local_addr().unwrap(), Address::Unnamed);
        listener.bind(path.as_path()).unwrap();
        assert_eq!(listener.local_addr().unwrap(), Address::Path(path.clone()));
        let taken = Socket::new(AF_UNIX, SOCK_STREAM, 0).unwrap().bind(path.as_path()).unwrap_err();
        assert!(taken.to_string().contains("remove it first"), "{taken}");
        listener.listen(0).unwrap();
        let [first, second] = [(); 2].map(|()| Socket::new(AF_UNIX, SOCK_STREAM, 0).unwrap());
        first.connect(path.as_path()).await.unwrap();
        second.set_timeout(Some(1.0.into())).unwrap();
        let late = second.connect(path.as_path()).await.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        second.set_blocking(true);
        let connecting = spawn(async move { second.connect(path).await });
        yield_now().await;
        listener.accept().await.unwrap();
        connecting.await.unwrap().unwrap();
    });
}

// EV-LIB-08
#[test]
fn send_tries_once_waits_once_and_tries_once_more() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        // Another handle of the connection, which is always faster.
        let rival = ours.try_clone().unwrap();
        let ours = Socket::from_owned_fd(ours.into()).unwrap();
        fill(&rival);
        let sender = spawn(async move { (ours.send(b"late").await, ours) });
        yield_now().await;
        let stolen = Rc::new(Cell::new(0));
        let tally = Rc::clone(&stolen);
        let steals = event_loop.check(move || tally.set(tally.get() + fill(&rival)));
        let mut room = vec![0; 1 << 20];
        assert!(theirs.read(&mut room).unwrap() > 0);
        let (sent, ours) = sender.await.unwrap();
        assert_eq!(sent.unwrap(), 0);
        assert!(stolen.get() > 0);
        drop(steals);
        theirs.set_nonblocking(true).unwrap();
        while theirs.read(&mut room).is_ok() {}
        assert_eq!(must_not_suspend(ours.send(b"soon")).await.unwrap(), 4);
        // And one that was not overtaken.
        let rival = ours.dup().unwrap();
        fill_socket(&rival).await;
        let sender = spawn(async move { ours.send(b"late").await });
        yield_now().await;
        while theirs.read(&mut room).is_ok() {}
        assert_eq!(sender.await.unwrap().unwrap(), 4);
    });
}

// EV-LIB-08
#[test]
fn all_is_sent_under_one_limit() {
    let event_loop = TestLoop::with_virtual_time();
    event_loop.block_on(async {
        let (ours, theirs) = pair();
        let bytes = content(4 << 20, 1);
        let sender = spawn({
            let (ours, bytes) = (ours.clone(), bytes.clone());
            async move { ours.send_all(&bytes).await }
        });
        let mut received = Vec::new();
        while received.len() < bytes.len() {
            received.extend(theirs.recv(1 << 16).await.unwrap());
        }
        sender.await.unwrap().unwrap();
        assert!(received == bytes, "the content is intact");

        // The peer reads a little each second: each wait is short, the whole is not.
        let reader = spawn(async move {
            loop {
                sleep(1.0).await;
                theirs.recv(1 << 18).await.unwrap();
            }
        })
        .kill_on_drop();
        ours.set_timeout(Some(2.5.into())).unwrap();
        let before = event_loop.time();
        let late = ours.send_all(&bytes).await.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        assert_eq!(event_loop.time() - before, Duration::from_millis(2500));
        drop(reader);
    });
}

// EV-LIB-11
#[test]
fn a_duplicate_has_a_descriptor_and_a_limit_of_its_own() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = pair();
        ours.set_timeout(Some(5.0.into())).unwrap();
        let duplicate = ours.dup().unwrap();
        assert_ne!(duplicate.as_raw_fd(), ours.as_raw_fd());
        assert_eq!(duplicate.timeout(), None);
        ours.close();
        duplicate.send(b"still here").await.unwrap();
        assert_eq!(theirs.recv(100).await.unwrap(), b"still here");

        let (std, other) = UnixStream::pair().unwrap();
        let made = Socket::from_fd(&std).unwrap();
        drop(std);
        made.send(b"here too").await.unwrap();
        assert_eq!(Socket::from_fd(other).unwrap().recv(100).await.unwrap(), b"here too");
        let (pipe, _) = rustix::pipe::pipe().unwrap();
        let refused = Socket::from_fd(pipe).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
        assert!(refused.to_string().contains("is no socket"), "{refused}");
    });
}

// EV-LIB-11
#[test]
fn the_connection_is_open_until_both_the_file_and_the_socket_are_closed() {
    TestLoop::new().block_on(async {
        for file_first in [true, false] {
            let (ours, theirs) = pair();
            let mut file = ours.make_file().unwrap();
            file.write_all(b"one\ntwo\n").await.unwrap();
            let mut lines = BufReader::new(theirs.make_file().unwrap());
            let mut line = String::new();
            lines.read_line(&mut line).await.unwrap();
            assert_eq!(line, "one\n");
            theirs.set_blocking(false);
            if file_first {
                drop(file);
                assert_eq!(theirs.recv(1).await.unwrap_err().kind(), ErrorKind::WouldBlock);
                ours.close();
            } else {
                ours.close();
                assert_eq!(theirs.recv(1).await.unwrap_err().kind(), ErrorKind::WouldBlock);
                file.close().await.unwrap();
                assert_eq!(theirs.recv(1).await.unwrap_err().kind(), ErrorKind::WouldBlock);
                drop(file);
            }
            assert_eq!(theirs.recv(1).await.unwrap(), b"");
        }
    });
}

// EV-LIB-15
#[test]
fn what_the_system_does_at_once_goes_through() {
    let socket = Socket::new(AF_INET6, SOCK_DGRAM, IPPROTO_UDP).unwrap();
    assert_eq!(socket.family().unwrap(), AF_INET6);
    assert_eq!(socket.kind().unwrap(), SOCK_DGRAM);
    assert_eq!(socket.protocol(), IPPROTO_UDP);
    assert_eq!(socket.option(SOL_SOCKET, SO_TYPE).unwrap(), SOCK_DGRAM);
    for on in [1, 0] {
        socket.set_option(SOL_SOCKET, SO_REUSEADDR, on).unwrap();
        assert_eq!(socket.option(SOL_SOCKET, SO_REUSEADDR).unwrap(), on);
    }
    let unknown = socket.set_option(SOL_SOCKET, 12_345, 1).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Unsupported);
    assert!(unknown.to_string().contains("option 12345"), "{unknown}");
    let below = socket.set_option(SOL_SOCKET, SO_RCVBUF, -1).unwrap_err();
    assert_eq!(below.kind(), ErrorKind::InvalidInput);
    socket.bind(("::1", 0)).unwrap();
    let Address::Ip(SocketAddr::V6(own)) = socket.local_addr().unwrap() else { panic!() };
    assert!(own.ip().is_loopback() && own.port() != 0);
    assert_eq!(socket.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
    assert!(socket.as_raw_fd() > 2);
    let name = stream().bind(("localhost", 0)).unwrap_err();
    assert!(name.to_string().contains("look it up"), "{name}");
    let (listener, address) = listening();
    let taken = stream().bind(address.clone()).unwrap_err();
    assert!(taken.to_string().contains(&address.to_string()), "{taken}");
    assert_eq!(listener.option(SOL_SOCKET, SO_TYPE).unwrap(), SOCK_STREAM);
}

// EV-LIB-04: a limit is for the calls to come.
#[test]
fn a_call_that_waits_keeps_the_limit_that_it_had() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = socketpair(AF_UNIX, SOCK_STREAM, 0).unwrap();
        let bytes = vec![7; 1 << 20];
        let sender = spawn({
            let (ours, bytes) = (ours.clone(), bytes.clone());
            async move { ours.send_all(&bytes).await }
        });
        yield_now().await;
        ours.set_blocking(false);
        let mut received = 0;
        while received < bytes.len() {
            received += theirs.recv(1 << 16).await.unwrap().len();
        }
        sender.await.unwrap().unwrap();
    });
}

// EV-LIB-06: the system connects a datagram socket at once, to whomever.
#[test]
fn a_datagram_socket_connects_at_once() {
    TestLoop::new().block_on(async {
        let socket = Socket::new(AF_INET, SOCK_DGRAM, 0).unwrap();
        must_not_suspend(socket.connect(("127.0.0.1", 0))).await.unwrap();
    });
}

// EV-LIB-06: the error of a connection is told once; whoever comes second has one, too.
#[test]
fn a_connection_whose_error_was_taken_by_another_has_failed() {
    TestLoop::new().block_on(async {
        let silent = Blackhole::new();
        let (socket, address) = (stream(), silent.address());
        let connecting = spawn({
            let socket = socket.clone();
            async move { socket.connect(address).await }
        });
        yield_now().await;
        // Unseen: a duplicate has tasks of its own that wait.
        socket.dup().unwrap().shutdown(Shutdown::Both).unwrap();
        assert_ne!(socket.option(SOL_SOCKET, SO_ERROR).unwrap(), 0);
        let error = connecting.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected, "{error}");
    });
}

#[test]
fn a_buffer_that_no_memory_is_there_for_is_an_error() {
    TestLoop::new().block_on(async {
        let (ours, _theirs) = socketpair(AF_UNIX, SOCK_STREAM, 0).unwrap();
        let error = ours.recv(usize::MAX).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutOfMemory);
    });
}
