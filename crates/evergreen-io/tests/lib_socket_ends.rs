//! Sockets as Python has them, when somebody closes them while another waits.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::pin::Pin;

use common::scratch::Scratch;
use common::{Blackhole, TestLoop};
use evergreen_io::lib::socket::{
    AF_INET, AF_UNIX, Address, BadDescriptor, SOCK_DGRAM, SOCK_STREAM, Socket, create_connection,
    socketpair,
};
use evergreen_task::{Task, sleep, spawn, yield_now};

fn pair() -> (Socket, Socket) {
    socketpair(AF_UNIX, SOCK_STREAM, 0).unwrap()
}

fn reason(error: &io::Error) -> BadDescriptor {
    let inside = error.get_ref().and_then(|inside| inside.downcast_ref());
    *inside.unwrap_or_else(|| panic!("no bad descriptor: {error}"))
}

/// Starts a call on the socket, which is to wait.
async fn waiting<T: 'static, F: Future<Output = io::Result<T>> + 'static>(
    socket: &Socket,
    call: impl FnOnce(Socket) -> F,
) -> Task<io::Result<T>> {
    let task = spawn(call(socket.clone()));
    yield_now().await;
    task
}

async fn fill(socket: &Socket) {
    let full = socket.dup().unwrap();
    full.set_blocking(false);
    while full.send(&[7; 4096]).await.is_ok() {}
}

// EV-LIB-09
#[test]
fn who_waits_is_told_that_another_task_closed_the_socket() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (ours, theirs) = pair();
        fill(&ours).await;
        let reader = waiting(&ours, |socket| async move { socket.recv(1).await }).await;
        let writer = waiting(&ours, |socket| async move { socket.send_all(b"x").await }).await;
        assert_eq!(event_loop.metrics().sources, 1);
        ours.close();
        assert_eq!(event_loop.metrics().sources, 0);
        let told = [reader.await.unwrap().unwrap_err(), writer.await.unwrap().unwrap_err()];
        for error in told {
            assert_eq!(reason(&error), BadDescriptor::ClosedMeanwhile);
            assert_eq!(error.to_string(), "bad file descriptor: another task closed the socket");
        }
        assert_eq!(BadDescriptor::ClosedMeanwhile.errno(), libc::EBADF);
        // It is closed at once, whoever still holds a handle.
        while !theirs.recv(1 << 16).await.unwrap().is_empty() {}
    });
}

// EV-LIB-09
#[test]
fn whoever_waits_is_told() {
    TestLoop::new().block_on(async {
        let listener = Socket::new(AF_INET, SOCK_STREAM, 0).unwrap();
        listener.bind(("127.0.0.1", 0)).unwrap();
        listener.listen(1).unwrap();
        let accepting = waiting(&listener, |socket| async move { socket.accept().await }).await;
        listener.close();
        let closed = accepting.await.unwrap().unwrap_err();
        assert_eq!(reason(&closed), BadDescriptor::ClosedMeanwhile);

        let receiver = Socket::new(AF_INET, SOCK_DGRAM, 0).unwrap();
        let task = waiting(&receiver, |socket| async move { socket.recv_from(1).await }).await;
        receiver.close();
        assert_eq!(reason(&task.await.unwrap().unwrap_err()), BadDescriptor::ClosedMeanwhile);

        let silent = Blackhole::new();
        let client = Socket::new(AF_INET, SOCK_STREAM, 0).unwrap();
        let address = silent.address();
        let task = waiting(&client, |socket| async move { socket.connect_ex(address).await }).await;
        client.close();
        assert_eq!(task.await.unwrap().unwrap(), libc::EBADF);
    });
}

// EV-LIB-09
#[test]
fn a_closed_socket_says_so() {
    TestLoop::new().block_on(async {
        let (ours, _theirs) = pair();
        let reader = waiting(&ours, |socket| async move { socket.recv(1).await }).await;
        ours.close();
        ours.close();
        assert_eq!(ours.as_raw_fd(), -1);
        for error in [
            ours.recv(1).await.unwrap_err(),
            ours.send(b"x").await.unwrap_err(),
            ours.send_all(b"x").await.unwrap_err(),
            ours.accept().await.unwrap_err(),
            ours.connect(("127.0.0.1", 1)).await.unwrap_err(),
            ours.send_to(b"x", ("127.0.0.1", 1)).await.unwrap_err(),
            ours.dup().unwrap_err(),
            ours.make_file().unwrap_err(),
            ours.listen(1).unwrap_err(),
            ours.bind(("127.0.0.1", 0)).unwrap_err(),
            ours.local_addr().unwrap_err(),
            ours.shutdown(Shutdown::Both).unwrap_err(),
        ] {
            assert_eq!(reason(&error), BadDescriptor::Closed);
        }
        assert!(reader.await.unwrap().is_err());
    });
}

// EV-LIB-10
#[test]
fn who_waits_is_told_that_another_task_shut_its_direction_down() {
    for how in [Shutdown::Read, Shutdown::Write, Shutdown::Both] {
        TestLoop::with_virtual_time().block_on(async {
            let (ours, _theirs) = pair();
            fill(&ours).await;
            ours.set_timeout(Some(1.0.into())).unwrap();
            let reader = waiting(&ours, |socket| async move { socket.recv(1).await }).await;
            let writer = waiting(&ours, |socket| async move { socket.send_all(b"x").await }).await;
            ours.shutdown(how).unwrap();
            let (read, written) = (reader.await.unwrap(), writer.await.unwrap().unwrap_err());
            if how == Shutdown::Write {
                assert_eq!(read.unwrap_err().kind(), ErrorKind::TimedOut);
            } else {
                let told = read.unwrap_err();
                assert_eq!(reason(&told), BadDescriptor::ShutDownMeanwhile);
                assert!(told.to_string().contains("another task shut"), "{told}");
            }
            if how == Shutdown::Read {
                assert_eq!(written.kind(), ErrorKind::TimedOut);
            } else {
                assert_eq!(reason(&written), BadDescriptor::ShutDownMeanwhile);
            }
        });
    }
}

// EV-LIB-14
#[test]
fn the_second_who_reads_has_an_error_at_once() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = pair();
        let reader = waiting(&ours, |socket| async move { socket.recv(100).await }).await;
        let busy = ours.recv(100).await.unwrap_err();
        assert_eq!(busy.kind(), ErrorKind::ResourceBusy);
        assert!(busy.to_string().contains("read from this socket"), "{busy}");
        // The first is not disturbed, and the other direction is free.
        ours.send(b"ping").await.unwrap();
        theirs.send(b"pong").await.unwrap();
        assert_eq!(reader.await.unwrap().unwrap(), b"pong");
        // Once it has ended, or was killed, the next may wait.
        let reader = waiting(&ours, |socket| async move { socket.recv(100).await }).await;
        reader.kill();
        yield_now().await;
        let reader = waiting(&ours, |socket| async move { socket.recv(100).await }).await;
        theirs.send(b"next").await.unwrap();
        assert_eq!(reader.await.unwrap().unwrap(), b"next");
    });
}

// EV-LIB-14
#[test]
fn a_reader_of_the_loop_is_one_too() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (ours, _theirs) = pair();
        let handler = event_loop.add_reader(ours.as_raw_fd(), || ()).unwrap();
        assert_eq!(ours.recv(1).await.unwrap_err().kind(), ErrorKind::ResourceBusy);
        handler.cancel();
    });
}

// EV-LIB-03
#[test]
fn a_killed_call_watches_nothing_and_loses_nothing() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (ours, theirs) = pair();
        let reader = waiting(&ours, |socket| async move { socket.recv(100).await }).await;
        assert_eq!(event_loop.metrics().sources, 1);
        theirs.send(b"word").await.unwrap();
        reader.kill();
        sleep(0.0).await;
        assert_eq!(event_loop.metrics().sources, 0);
        assert_eq!(ours.recv(100).await.unwrap(), b"word");
    });
    assert!(!event_loop.run().unwrap().stopped);
}

type Call = fn(Socket) -> Pin<Box<dyn Future<Output = ()>>>;

// EV-LIB-03: at each place where a call may wait.
#[test]
fn every_call_may_be_killed_while_it_waits() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let listener = Socket::new(AF_INET, SOCK_STREAM, 0).unwrap();
        listener.bind(("127.0.0.1", 0)).unwrap();
        listener.listen(1).unwrap();
        let (full, _peer) = pair();
        fill(&full).await;
        let (silent, client) = (Blackhole::new(), Socket::new(AF_INET, SOCK_STREAM, 0).unwrap());
        client.set_blocking(false);
        client.connect(silent.address()).await.unwrap_err();
        client.set_blocking(true);
        let calls: [(&Socket, Call); 8] = [
            (&listener, |socket| Box::pin(async move { drop(socket.accept().await) })),
            (&full, |socket| Box::pin(async move { drop(socket.recv(1).await) })),
            (&full, |socket| Box::pin(async move { drop(socket.recv_into(&mut [0]).await) })),
            (&full, |socket| Box::pin(async move { drop(socket.recv_from(1).await) })),
            (&full, |socket| Box::pin(async move { drop(socket.recv_from_into(&mut [0]).await) })),
            (&full, |socket| Box::pin(async move { drop(socket.send(b"x").await) })),
            (&full, |socket| Box::pin(async move { drop(socket.send_all(b"x").await) })),
            (&client, |socket| Box::pin(async move { drop(socket.send_all(b"x").await) })),
        ];
        for (socket, call) in calls {
            let task = spawn(call(socket.clone()));
            yield_now().await;
            assert_eq!(event_loop.metrics().sources, 1);
            task.kill();
            yield_now().await;
            assert_eq!(event_loop.metrics().sources, 0);
            // The next one may wait there.
            let task = spawn(call(socket.clone()));
            yield_now().await;
            assert_eq!(event_loop.metrics().sources, 1);
            task.kill();
            yield_now().await;
        }
    });
}

// EV-LIB-03: where the socket is not one that may wait again.
#[test]
fn connecting_and_sending_to_an_address_may_be_killed() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let silent = Blackhole::new();
        let address = silent.address();
        let killed = async |call: Pin<Box<dyn Future<Output = ()>>>| {
            let task = spawn(call);
            yield_now().await;
            assert_eq!(event_loop.metrics().sources, 1);
            task.kill();
            yield_now().await;
            assert_eq!(event_loop.metrics().sources, 0);
        };
        let socket = || Socket::new(AF_INET, SOCK_STREAM, 0).unwrap();
        let (one, other) = (socket(), socket());
        killed(Box::pin(async move { one.connect(address).await.unwrap() })).await;
        killed(Box::pin(async move { drop(other.connect_ex(address).await) })).await;
        killed(Box::pin(async move { drop(create_connection(address, None, None).await) })).await;

        let (scratch, datagram) = (Scratch::new(), || Socket::new(AF_UNIX, SOCK_DGRAM, 0).unwrap());
        let (receiver, sender, path) = (datagram(), datagram(), scratch.join("receiver"));
        receiver.bind(&*path).unwrap();
        sender.set_blocking(false);
        while sender.send_to(b"x", &*path).await.is_ok() {}
        sender.set_blocking(true);
        killed(Box::pin(async move { drop(sender.send_to(b"x", &*path).await) })).await;
    });
}

// EV-LIB-03
#[test]
fn dropping_the_last_handle_closes_the_socket() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = pair();
        let handle = ours.clone();
        drop(ours);
        theirs.set_blocking(false);
        assert_eq!(theirs.recv(1).await.unwrap_err().kind(), ErrorKind::WouldBlock);
        drop(handle);
        assert_eq!(theirs.recv(1).await.unwrap(), b"");
    });
}

// EV-LIB-10: of datagrams, too, where the system has nobody wait and nothing to give.
#[test]
fn what_is_shut_down_to_read_from_has_nobody_wait() {
    TestLoop::new().block_on(async {
        let receiver = Socket::new(AF_INET, SOCK_DGRAM, 0).unwrap();
        receiver.bind(("127.0.0.1", 0)).unwrap();
        let told = waiting(&receiver, |socket| async move { socket.recv_from(1).await }).await;
        // It has no peer, and is shut down all the same.
        let error = receiver.shutdown(Shutdown::Read).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
        assert_eq!(reason(&told.await.unwrap().unwrap_err()), BadDescriptor::ShutDownMeanwhile);
        let error = receiver.recv(1).await.unwrap_err();
        assert_eq!(reason(&error), BadDescriptor::ShutDownMeanwhile);
    });
}

// EV-LIB-10: the system lets a listener that was shut down listen again.
#[test]
#[cfg(target_os = "linux")]
fn a_listener_that_was_shut_down_may_listen_again() {
    TestLoop::new().block_on(async {
        let listener = Socket::new(AF_INET, SOCK_STREAM, 0).unwrap();
        listener.bind(("127.0.0.1", 0)).unwrap();
        listener.listen(1).unwrap();
        let accepting = waiting(&listener, |socket| async move { socket.accept().await }).await;
        listener.shutdown(Shutdown::Read).unwrap();
        assert!(accepting.await.unwrap().is_err());
        listener.listen(1).unwrap();
        let accepting = waiting(&listener, |socket| async move { socket.accept().await }).await;
        let Address::Ip(address) = listener.local_addr().unwrap() else { panic!("an IP address") };
        let client = std::net::TcpStream::connect(address).unwrap();
        let (_, peer) = accepting.await.unwrap().unwrap();
        assert_eq!(peer, Address::Ip(client.local_addr().unwrap()));
    });
}

// EV-LIB-09
#[test]
fn nothing_is_sent_on_a_closed_socket_also_if_it_is_nothing() {
    TestLoop::new().block_on(async {
        let (ours, _theirs) = pair();
        ours.close();
        assert_eq!(reason(&ours.send_all(b"").await.unwrap_err()), BadDescriptor::Closed);
    });
}
