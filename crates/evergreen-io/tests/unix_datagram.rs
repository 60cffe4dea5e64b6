//! Unix datagram sockets on one loop.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::ErrorKind;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net;
use std::path::PathBuf;
use std::pin::pin;
use std::thread;

use common::{TestLoop, beside};
use evergreen_io::net::UnixDatagram;
use evergreen_task::{spawn, yield_now};
use futures_lite::future::{block_on, poll_fn, poll_once};

/// A path of this test's own, whose file goes at the end.
struct Name(PathBuf);

impl Name {
    fn new(test: &str) -> Self {
        let file = format!("evergreen-datagram-{}-{test}", std::process::id());
        Self(std::env::temp_dir().join(file))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

#[test]
fn a_datagram_goes_to_a_name_and_comes_with_one() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let names = [Name::new("server"), Name::new("client")];
        let server = UnixDatagram::bind(&names[0].0).unwrap();
        let client = UnixDatagram::bind(&names[1].0).unwrap();
        let echo = spawn(async move {
            let mut buffer = [0; 64];
            let (length, peer) = server.recv_from(&mut buffer).await.unwrap();
            server.send_to(&buffer[..length], peer.as_pathname().unwrap()).await.unwrap();
        });
        yield_now().await;
        client.connect(&names[0].0).unwrap();
        assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(&*names[0].0));
        assert_eq!(client.send(b"hello").await.unwrap(), 5);
        let mut buffer = [0; 64];
        assert_eq!(client.recv(&mut buffer).await.unwrap(), 5);
        assert_eq!(&buffer[..5], b"hello");
        echo.await.unwrap();
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_datagram_goes_to_an_abstract_name() {
    TestLoop::new().block_on(async {
        let name = format!("\0evergreen-datagram-{}", std::process::id());
        let server = UnixDatagram::bind(&name).unwrap();
        let client = UnixDatagram::unbound().unwrap();
        assert_eq!(client.try_send_to(b"word", &name).unwrap(), 4);
        let (length, peer) = server.try_recv_from(&mut [0; 8]).unwrap();
        assert!(length == 4 && peer.is_unnamed());
    });
}

// one call a datagram, and each is shorter than the buffer.
#[test]
fn datagrams_that_wait_together_are_received_one_by_one_also_empty_ones() {
    TestLoop::new().block_on(async {
        let (one, other) = UnixDatagram::pair().unwrap();
        let mut buffer = [0; 64];
        assert!(poll_once(other.recv(&mut buffer)).await.is_none());
        for length in [3, 0, 1] {
            let sent = poll_fn(|cx| one.poll_send(cx, &[7; 8][..length])).await;
            assert_eq!(sent.unwrap(), length);
        }
        for length in [3, 0, 1] {
            let receive = poll_fn(|cx| other.poll_recv_from(cx, &mut buffer));
            assert_eq!(receive.await.unwrap().0, length);
        }
        assert!(poll_once(poll_fn(|cx| other.poll_recv(cx, &mut buffer))).await.is_none());
    });
}

/// Fills the queue of the peer, and says with how many datagrams.
fn fill(mut send: impl FnMut() -> std::io::Result<usize>) -> usize {
    let mut sent = 0;
    loop {
        match send() {
            Ok(_) => sent += 1,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return sent;
            },
        }
    }
}

// F8
#[test]
fn a_sender_waits_for_room_at_its_peer() {
    TestLoop::new().block_on(async {
        let (one, other) = UnixDatagram::pair().unwrap();
        let sent = fill(|| one.try_send(b"x"));
        assert!(sent > 0);
        let sender = spawn(async move { one.send(b"last").await.unwrap() });
        yield_now().await;
        for _ in 0..sent {
            assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 1);
        }
        assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 4);
        assert_eq!(sender.await.unwrap(), 4);
    });
}

// F5, F8: a socket that is not connected is told of room at once, and again, while the receiver that
// others filled has none.
#[test]
fn a_sender_to_a_name_waits_for_room_there_and_stays_writable() {
    TestLoop::new().block_on(async {
        let name = Name::new("full");
        let server = UnixDatagram::bind(&name.0).unwrap();
        let [client, other] = [(); 2].map(|()| UnixDatagram::unbound().unwrap());
        client.send_to(b"first", &name.0).await.unwrap();
        assert_eq!(server.recv(&mut [0; 8]).await.unwrap(), 5);
        let sent = fill(|| other.try_send_to(b"x", &name.0));
        assert!(sent > 0);
        let error = client.try_send_to(b"last", &name.0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert!(poll_once(client.writable()).await.is_some());
        let to = name.0.clone();
        let sender = spawn(async move { client.send_to(b"last", to).await.unwrap() });
        // The loop asks its poller a hundred times, and the sender sleeps longer each time.
        let (one, two) = UnixDatagram::pair().unwrap();
        for _ in 0..100 {
            one.send(b"x").await.unwrap();
            assert_eq!(two.recv(&mut [0; 8]).await.unwrap(), 1);
            assert!(poll_once(two.recv(&mut [0; 8])).await.is_none());
        }
        assert!(sender.task_ref().polls() < 50, "{}", sender.task_ref().polls());
        for _ in 0..sent {
            assert_eq!(server.recv(&mut [0; 8]).await.unwrap(), 1);
        }
        assert_eq!(server.recv(&mut [0; 8]).await.unwrap(), 4);
        assert_eq!(sender.await.unwrap(), 4);
    });
}

// Bad input: each with the name, and the way out.
#[test]
fn names_that_cannot_be_used_are_refused_with_the_reason() {
    TestLoop::new().block_on(async {
        let name = Name::new("bad");
        let socket = UnixDatagram::unbound().unwrap();
        let error = socket.send_to(b"x", &name.0).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(
            error.to_string(),
            format!("cannot send to {:?}: there is no such socket", name.0)
        );
        drop(net::UnixDatagram::bind(&name.0).unwrap());
        let error = socket.send_to(b"x", &name.0).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(socket.connect(&name.0).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        let error = UnixDatagram::bind(&name.0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains("remove it first"), "{error}");
        let error = UnixDatagram::bind("x".repeat(200)).unwrap_err();
        assert!(error.to_string().contains("has 200 bytes"), "{error}");
        let error = socket.try_send(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
        assert!(error.to_string().contains("use connect first"), "{error}");
    });
}

// Bad input
#[test]
fn a_datagram_that_is_too_large_is_an_error_that_names_the_buffer() {
    TestLoop::new().block_on(async {
        let (one, other) = UnixDatagram::pair().unwrap();
        one.set_send_buffer_size(8_192).unwrap();
        let size = one.send_buffer_size().unwrap();
        let error = one.send(&vec![7; 100_000]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let reason = format!(
            "a datagram of 100000 bytes is too large: the send buffer has {size} bytes, see \
             set_send_buffer_size"
        );
        assert_eq!(error.to_string(), reason);
        assert_eq!(one.send(b"small").await.unwrap(), 5);
        assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 5);
    });
}

#[test]
fn sockets_of_other_kinds_are_refused() {
    let _event_loop = TestLoop::new();
    let (stream, _peer) = net::UnixStream::pair().unwrap();
    let error = UnixDatagram::from_std(OwnedFd::from(stream).into()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().ends_with("is a socket for a stream, not for messages"), "{error}");
}

// F9
#[test]
fn after_a_shutdown_nothing_is_sent_but_what_had_come_is_there() {
    TestLoop::new().block_on(async {
        let (one, other) = UnixDatagram::pair().unwrap();
        one.send(b"sent").await.unwrap();
        one.shutdown(Shutdown::Write).unwrap();
        assert_eq!(one.send(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 4);
        other.shutdown(Shutdown::Read).unwrap();
        assert_eq!(one.try_send(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

//
#[test]
fn a_socket_may_be_used_and_dropped_on_another_thread() {
    let event_loop = TestLoop::new();
    let (one, other) = UnixDatagram::pair().unwrap();
    beside(&event_loop, move || {
        let echo = thread::spawn(move || {
            block_on(async {
                let mut buffer = [0; 8];
                let length = other.recv(&mut buffer).await.unwrap();
                other.send(&buffer[..length]).await.unwrap();
            });
        });
        block_on(async {
            one.send(b"word").await.unwrap();
            assert_eq!(one.recv(&mut [0; 8]).await.unwrap(), 4);
        });
        echo.join().unwrap();
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// R-1, F8: the pauses are those of the socket's loop, whatever thread sends.
#[test]
fn who_waits_for_room_at_a_name_may_do_so_on_another_thread() {
    let event_loop = TestLoop::new();
    let name = Name::new("full-there");
    let server = UnixDatagram::bind(&name.0).unwrap();
    let [client, other] = [(); 2].map(|()| UnixDatagram::unbound().unwrap());
    beside(&event_loop, move || {
        let sent = fill(|| other.try_send_to(b"x", &name.0));
        block_on(async {
            let mut sending = pin!(client.send_to(b"last", &name.0));
            assert!(poll_once(&mut sending).await.is_none());
            for _ in 0..sent {
                assert_eq!(server.try_recv(&mut [0; 8]).unwrap(), 1);
            }
            assert_eq!(sending.await.unwrap(), 4);
        });
        assert_eq!(server.try_recv(&mut [0; 8]).unwrap(), 4);
    });
    assert_eq!((event_loop.metrics().sources, event_loop.metrics().timers), (0, 0));
}
