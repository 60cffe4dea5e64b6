//! TCP sockets that are set up before they are bound or connected, and their options.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::{ErrorKind, Write};
use std::net::{self, SocketAddr};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use common::{Refusing, TestLoop, pair, pair_with_std};
use evergreen_io::net::{TcpListener, TcpSocket, TcpStream};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};

const ANY_PORT: SocketAddr = SocketAddr::new(net::IpAddr::V4(net::Ipv4Addr::LOCALHOST), 0);

/// Sets an option to a value, and sees that it was another before.
macro_rules! assert_option {
    ($socket:expr, $get:ident, $set:ident, $before:expr => $after:expr) => {
        assert_eq!($socket.$get().unwrap(), $before);
        $socket.$set($after).unwrap();
        assert_eq!($socket.$get().unwrap(), $after);
    };
}

#[test]
fn options_of_a_socket_can_be_set_and_read() {
    for socket in [TcpSocket::new_v4().unwrap(), TcpSocket::new_v6().unwrap()] {
        assert_option!(socket, keepalive, set_keepalive, false => true);
        assert_option!(socket, reuseaddr, set_reuseaddr, false => true);
        assert_option!(socket, reuseport, set_reuseport, false => true);
        assert_option!(socket, nodelay, set_nodelay, false => true);
        assert_option!(socket, linger, set_linger, None => Some(Duration::from_secs(3)));
        assert_option!(socket, ttl, set_ttl, 64 => 17);
        assert_option!(socket, tos, set_tos, 0 => 16);
        for size in [10_000, 20_000] {
            socket.set_send_buffer_size(size).unwrap();
            socket.set_recv_buffer_size(size + 1).unwrap();
            // Linux doubles what is set.
            assert!([size, 2 * size].contains(&socket.send_buffer_size().unwrap()));
            assert!([size + 1, 2 * size + 2].contains(&socket.recv_buffer_size().unwrap()));
        }
        assert!(socket.take_error().unwrap().is_none());
    }
}

// Half a second became none, which resets the connection.
#[test]
fn lingering_for_part_of_a_second_is_lingering() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_linger(Some(Duration::from_millis(1_500))).unwrap();
    assert_eq!(socket.linger().unwrap(), Some(Duration::from_secs(2)));
    socket.set_linger(Some(Duration::ZERO)).unwrap();
    assert_eq!(socket.linger().unwrap(), Some(Duration::ZERO));
}

#[test]
#[cfg(target_os = "linux")]
fn a_socket_is_bound_to_a_device_by_its_name() {
    let socket = TcpSocket::new_v4().unwrap();
    assert_eq!(socket.device().unwrap(), None);
    assert!(socket.bind_device(Some(b"no device")).is_err());
    match socket.bind_device(Some(b"lo")) {
        Ok(()) => assert_eq!(socket.device().unwrap().as_deref(), Some(b"lo".as_slice())),
        Err(error) => assert_eq!(error.kind(), ErrorKind::PermissionDenied),
    }
}

#[test]
fn options_of_connections_and_listeners_can_be_set_and_read() {
    TestLoop::new().block_on(async {
        let (client, _server) = pair().await;
        assert_option!(client, linger, set_linger, None => Some(Duration::ZERO));
        assert_option!(client, ttl, set_ttl, 64 => 17);
        #[cfg(target_os = "linux")]
        {
            client.set_quickack(false).unwrap();
            assert!(!client.quickack().unwrap());
            client.set_quickack(true).unwrap();
            assert!(client.quickack().unwrap());
        }
        let listener = TcpListener::bind(ANY_PORT).await.unwrap();
        assert_option!(listener, ttl, set_ttl, 64 => 17);
        assert!(listener.take_error().unwrap().is_none());
    });
}

#[test]
fn a_bound_socket_connects_from_its_address() {
    TestLoop::new().block_on(async {
        let listener = TcpListener::bind(ANY_PORT).await.unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(ANY_PORT).unwrap();
        let from = socket.local_addr().unwrap();
        assert_ne!(from.port(), 0);
        let mut client = socket.connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, from);
        client.write_all(b"x").await.unwrap();
        server.read_exact(&mut [0]).await.unwrap();
    });
}

// One loop for each core, each with a listener of its own on one port.
#[test]
#[cfg(target_os = "linux")]
fn listeners_that_share_a_port_share_its_connections() {
    const TOTAL: usize = 64;
    let (listeners, address) = TestLoop::new().block_on(async {
        let mut address = ANY_PORT;
        let listeners = [0; 2].map(|_| {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseport(true).unwrap();
            socket.bind(address).unwrap();
            let listener = socket.listen(128).unwrap();
            address = listener.local_addr().unwrap();
            listener.into_std().unwrap()
        });
        (listeners, address)
    });
    let clients: Vec<_> = (0..TOTAL).map(|_| net::TcpStream::connect(address).unwrap()).collect();
    let counts = listeners.map(|listener| thread::spawn(|| accept_all(listener)).join().unwrap());
    assert_eq!(counts.iter().sum::<usize>(), TOTAL);
    assert!(counts.iter().all(|&count| count > 0), "{counts:?}");
    drop(clients);
}

/// Accepts on a loop of this thread what is waiting already.
#[cfg(target_os = "linux")]
fn accept_all(listener: net::TcpListener) -> usize {
    TestLoop::new().block_on(async {
        let listener = TcpListener::from_std(listener).unwrap();
        listener.accept().await.unwrap();
        let mut count = 1;
        while future::poll_once(listener.accept()).await.is_some() {
            count += 1;
        }
        count
    })
}

#[test]
fn a_socket_of_the_standard_library_may_be_set_up_as_well() {
    TestLoop::new().block_on(async {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = TcpSocket::from_std_stream(socket.unwrap().into());
        socket.bind(ANY_PORT).unwrap();
        let listener = socket.listen(u32::MAX).unwrap();
        let address = listener.local_addr().unwrap();
        let (client, accepted) = future::zip(TcpStream::connect(address), listener.accept()).await;
        assert_eq!(client.unwrap().local_addr().unwrap(), accepted.unwrap().1);
        let descriptor = OwnedFd::from(TcpSocket::new_v4().unwrap());
        assert!(net::TcpStream::from(descriptor).peer_addr().is_err());
    });
}

#[test]
fn a_refused_connection_is_an_error_of_connect() {
    TestLoop::new().block_on(async {
        let refusing = Refusing::new();
        let address = refusing.address();
        let connecting = TcpSocket::new_v4().unwrap().connect(address);
        let error = connecting.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let named = format!("cannot connect to {address}: ");
        assert!(error.to_string().starts_with(&named), "{error}");
    });
}

#[test]
fn what_is_peeked_at_by_polling_is_still_there() {
    TestLoop::new().block_on(async {
        let (stream, mut peer) = pair_with_std();
        let mut buffer = [0; 8];
        peer.write_all(b"four").unwrap();
        for _ in 0..2 {
            let peeked = std::future::poll_fn(|cx| stream.poll_peek(cx, &mut buffer)).await;
            assert_eq!((peeked.unwrap(), &buffer[..4]), (4, b"four".as_slice()));
        }
    });
}
