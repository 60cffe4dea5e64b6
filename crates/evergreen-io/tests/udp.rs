//! UDP sockets on one loop.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::ErrorKind;
use std::net::{self, SocketAddr};
use std::os::fd::OwnedFd;
use std::thread;

use common::{TestLoop, beside};
use evergreen_io::net::UdpSocket;
use evergreen_task::{spawn, yield_now};
use futures_lite::future::{block_on, poll_fn, poll_once};

async fn bound() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Two sockets that are connected to each other.
async fn pair() -> (UdpSocket, UdpSocket) {
    let ((one, first), (other, second)) = (bound().await, bound().await);
    one.connect(second).await.unwrap();
    other.connect(first).await.unwrap();
    (one, other)
}

#[test]
fn a_datagram_comes_with_the_address_of_its_sender() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let ((server, address), (client, ours)) = (bound().await, bound().await);
        let echo = spawn(async move {
            let mut buffer = [0; 64];
            let (length, peer) = server.recv_from(&mut buffer).await.unwrap();
            server.send_to(&buffer[..length], peer).await.unwrap();
            peer
        });
        yield_now().await;
        assert_eq!(client.send_to(b"hello", address).await.unwrap(), 5);
        let mut buffer = [0; 64];
        assert_eq!(client.recv_from(&mut buffer).await.unwrap(), (5, address));
        assert_eq!(&buffer[..5], b"hello");
        assert_eq!(echo.await.unwrap(), ours);
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

#[test]
fn a_connected_socket_hears_its_peer_alone() {
    TestLoop::new().block_on(async {
        let ((one, other), (stranger, _)) = (pair().await, bound().await);
        assert_eq!(one.peer_addr().unwrap(), other.local_addr().unwrap());
        stranger.send_to(b"stranger", one.local_addr().unwrap()).await.unwrap();
        other.send(b"peer").await.unwrap();
        let mut buffer = [0; 64];
        assert_eq!(one.recv(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer[..4], b"peer");
        assert_eq!(one.try_recv(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

// one call a datagram, and each is shorter than the buffer.
#[test]
fn datagrams_that_wait_together_are_received_one_by_one_also_empty_ones() {
    TestLoop::new().block_on(async {
        let (one, other) = pair().await;
        let mut buffer = [0; 64];
        assert!(poll_once(other.recv(&mut buffer)).await.is_none());
        for length in (0..20).chain([0, 0]) {
            assert_eq!(one.send(&vec![7; length]).await.unwrap(), length);
        }
        for length in (0..20).chain([0, 0]) {
            let receive = poll_fn(|cx| other.poll_recv(cx, &mut buffer));
            assert_eq!(receive.await.unwrap(), length);
        }
        assert!(poll_once(poll_fn(|cx| other.poll_recv(cx, &mut buffer))).await.is_none());
        one.send(b"next").await.unwrap();
        assert_eq!(other.recv(&mut buffer).await.unwrap(), 4);
    });
}

// Bad input: what is too large, and how much would not be.
#[test]
fn a_datagram_that_is_too_large_is_an_error_that_says_so() {
    TestLoop::new().block_on(async {
        let (one, other) = pair().await;
        let reason = "a datagram of 65508 bytes is too large: 65507 are the most over IPv4";
        let large = [7; 65_508];
        let error = one.send(&large).await.unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::InvalidInput, reason));
        let (socket, to) = bound().await;
        assert_eq!(socket.send_to(&large, to).await.unwrap_err().to_string(), reason);
        assert_eq!(socket.try_send_to(&large, to).unwrap_err().to_string(), reason);
        assert_eq!(one.try_send(&large).unwrap_err().to_string(), reason);
        let polled = poll_fn(|cx| socket.poll_send_to(cx, &large, to)).await;
        assert_eq!(polled.unwrap_err().to_string(), reason);
        // The socket is as good as before.
        assert_eq!(one.send(&large[1..]).await.unwrap(), 65_507);
        assert_eq!(other.recv(&mut [0; 65_536]).await.unwrap(), 65_507);
    });
}

#[test]
fn what_the_buffer_has_no_room_for_is_lost() {
    TestLoop::new().block_on(async {
        let (one, other) = pair().await;
        one.send(b"too long").await.unwrap();
        one.send(b"next").await.unwrap();
        let mut buffer = [0; 4];
        assert_eq!(other.recv(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer, b"too ");
        assert_eq!(other.recv(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer, b"next");
    });
}

#[test]
fn a_datagram_that_was_looked_at_is_still_there() {
    TestLoop::new().block_on(async {
        let (one, other) = pair().await;
        let mut buffer = [0; 8];
        assert_eq!(other.try_peek(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
        one.send(b"word").await.unwrap();
        let from = one.local_addr().unwrap();
        assert_eq!(other.peek_from(&mut buffer).await.unwrap(), (4, from));
        assert_eq!(poll_fn(|cx| other.poll_peek_from(cx, &mut buffer)).await.unwrap(), (4, from));
        assert_eq!(other.peek(&mut buffer).await.unwrap(), 4);
        assert_eq!(other.try_recv_from(&mut buffer).unwrap(), (4, from));
        assert!(poll_once(other.peek(&mut buffer)).await.is_none());
    });
}

// F3: the refusal is told once, and the socket goes on.
#[test]
fn a_peer_that_is_gone_is_told_once() {
    TestLoop::new().block_on(async {
        let (one, other) = pair().await;
        let address = other.local_addr().unwrap();
        drop(other);
        one.send(b"lost").await.unwrap();
        let error = one.recv(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert!(one.take_error().unwrap().is_none());
        let other = UdpSocket::bind(address).await.unwrap();
        assert_eq!(one.send(b"found").await.unwrap(), 5);
        assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 5);
    });
}

#[test]
fn several_tasks_may_receive_at_once() {
    TestLoop::new().block_on(async {
        let (one, other) = pair().await;
        let other = std::rc::Rc::new(other);
        let receivers: Vec<_> = (0..3)
            .map(|_| {
                let other = std::rc::Rc::clone(&other);
                spawn(async move { other.recv(&mut [0; 8]).await.unwrap() })
            })
            .collect();
        yield_now().await;
        for length in 1..4 {
            one.send(&vec![7; length]).await.unwrap();
        }
        let mut lengths = Vec::new();
        for receiver in receivers {
            lengths.push(receiver.await.unwrap());
        }
        lengths.sort_unstable();
        assert_eq!(lengths, [1, 2, 3]);
    });
}

//
#[test]
fn a_socket_may_be_used_and_dropped_on_another_thread() {
    let event_loop = TestLoop::new();
    let (one, other) = event_loop.block_on(pair());
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

// Bad input: ports in use, addresses that are none of ours, sockets of other kinds.
#[test]
fn what_cannot_be_a_socket_is_refused_with_the_reason() {
    TestLoop::new().block_on(async {
        let (_taken, address) = bound().await;
        let error = UdpSocket::bind(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().starts_with(&format!("cannot bind to {address}")), "{error}");
        let error = UdpSocket::bind("192.0.2.1:0").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let others: [(OwnedFd, &str); 3] = [
            (listener.into(), "is a socket for a stream, not for messages"),
            (std::fs::File::open("/").unwrap().into(), "is no socket: see AsyncFd and fs"),
            (std::os::unix::net::UnixDatagram::unbound().unwrap().into(), "is a Unix socket"),
        ];
        for (fd, reason) in others {
            let error = UdpSocket::from_std(fd.into()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().ends_with(reason), "{error}");
        }
        let udp = OwnedFd::from(net::UdpSocket::bind("127.0.0.1:0").unwrap());
        let error = evergreen_io::net::UnixDatagram::from_std(udp.into()).unwrap_err();
        assert!(error.to_string().ends_with("is a UDP socket"), "{error}");
    });
}

// Bad input: both ends are named.
#[test]
fn an_address_that_the_socket_has_no_way_to_is_refused_with_both() {
    TestLoop::new().block_on(async {
        for (from, to) in
            [("127.0.0.1:0", "[::1]:9"), ("127.0.0.1:0", "127.0.0.1:0"), ("[::1]:0", "127.0.0.1:9")]
        {
            let socket = UdpSocket::bind(from).await.unwrap();
            let (from, to): (_, SocketAddr) = (socket.local_addr().unwrap(), to.parse().unwrap());
            let cannot = format!("cannot send to {to} from {from}: ");
            let errors = [
                socket.send_to(b"x", to).await,
                socket.try_send_to(b"x", to),
                poll_fn(|cx| socket.poll_send_to(cx, b"x", to)).await,
            ];
            for error in errors.map(Result::unwrap_err) {
                assert!(error.to_string().starts_with(&cannot), "{error}");
                let other =
                    error.to_string().ends_with("of the other family: use a socket for each");
                assert_eq!(other, from.is_ipv4() != to.is_ipv4(), "{error}");
            }
        }
        let (socket, from) = bound().await;
        let error = socket.connect("[::1]:9").await.unwrap_err();
        let cannot = format!("cannot connect to [::1]:9 from {from}: ");
        assert!(error.to_string().starts_with(&cannot), "{error}");
        let error = socket.send(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
        assert!(error.to_string().contains("use connect first"), "{error}");
    });
}

#[test]
fn the_socket_goes_to_the_standard_library_and_back() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (one, other) = pair().await;
        let other = other.into_std().unwrap();
        assert_eq!(event_loop.metrics().sources, 1);
        other.send(b"word").unwrap();
        assert_eq!(one.recv(&mut [0; 8]).await.unwrap(), 4);
        other.set_nonblocking(false).unwrap();
        let other = UdpSocket::from_std(other).unwrap();
        assert_eq!(other.try_recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

#[test]
fn the_options_keep_what_is_set() {
    TestLoop::new().block_on(async {
        let (socket, _) = bound().await;
        socket.set_broadcast(true).unwrap();
        socket.set_multicast_loop_v4(false).unwrap();
        socket.set_multicast_ttl_v4(7).unwrap();
        socket.set_ttl(9).unwrap();
        socket.set_tos(16).unwrap();
        assert!(socket.broadcast().unwrap() && !socket.multicast_loop_v4().unwrap());
        assert_eq!(socket.multicast_ttl_v4().unwrap(), 7);
        assert_eq!((socket.ttl().unwrap(), socket.tos().unwrap()), (9, 16));
        for set in [UdpSocket::set_send_buffer_size, UdpSocket::set_recv_buffer_size] {
            set(&socket, 32_768).unwrap();
        }
        assert!(socket.send_buffer_size().unwrap() >= 32_768);
        assert!(socket.recv_buffer_size().unwrap() >= 32_768);
        #[cfg(target_os = "linux")]
        assert_eq!(socket.device().unwrap(), None);
    });
}

#[test]
fn a_group_is_heard_once_it_is_joined_and_no_more_once_it_is_left() {
    TestLoop::new().block_on(async {
        let (group, loopback) = ([239, 255, 77, 77].into(), [127, 0, 0, 1].into());
        let member = UdpSocket::bind("0.0.0.0:0").await.unwrap();
        let to = SocketAddr::from((group, member.local_addr().unwrap().port()));
        let (sender, _) = bound().await;
        let socket = socket2::SockRef::from(&sender);
        socket.set_multicast_if_v4(&loopback).unwrap();
        member.join_multicast_v4(group, loopback).unwrap();
        sender.send_to(b"heard", to).await.unwrap();
        assert_eq!(member.recv(&mut [0; 8]).await.unwrap(), 5);
        member.leave_multicast_v4(group, loopback).unwrap();
        sender.send_to(b"unheard", to).await.unwrap();
        sender.send_to(b"own", ("127.0.0.1", to.port())).await.unwrap();
        assert_eq!(member.recv(&mut [0; 8]).await.unwrap(), 3);
        assert!(member.leave_multicast_v4(group, loopback).is_err());
        assert!(member.join_multicast_v4([127, 0, 0, 1].into(), loopback).is_err());
    });
}
