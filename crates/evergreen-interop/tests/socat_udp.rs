//! UDP sockets of evergreen, and socat at the other end.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use common::program::Program;
use common::{content, run};
use evergreen::net::UdpSocket;
use futures_lite::future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The number of the family, and its address of this machine.
const FAMILIES: [(u8, IpAddr); 2] =
    [(4, IpAddr::V4(Ipv4Addr::LOCALHOST)), (6, IpAddr::V6(Ipv6Addr::LOCALHOST))];

/// An address as socat has it.
fn host(address: IpAddr) -> String {
    if address.is_ipv6() { format!("[{address}]") } else { address.to_string() }
}

/// The port that a process has taken: socat reports the one that it was given, which is zero.
fn port_of(process: u32, family: u8) -> u16 {
    let names = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let open: Vec<_> = names.map(|name| name.unwrap().path().read_link().unwrap()).collect();
    let version = if family == 6 { "6" } else { "" };
    let table = std::fs::read_to_string(format!("/proc/net/udp{version}")).unwrap();
    let mut rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
    // The local address is the second column, the number of the socket the tenth.
    let row = rows.find(|row| open.contains(&format!("socket:[{}]", row[9]).into()));
    let (_, port) = row.expect("a socket of this family")[1].rsplit_once(':').unwrap();
    u16::from_str_radix(port, 16).unwrap()
}

/// A server for one datagram, and its address.
async fn server(family: u8, address: IpAddr) -> (Program, SocketAddr) {
    let receiving = format!("UDP{family}-RECVFROM:0,bind={}", host(address));
    let mut server = Program::socat(&[&receiving, "STDIO"]);
    server.says("receiving on").await;
    let port = port_of(server.child.id().unwrap(), family);
    (server, SocketAddr::new(address, port))
}

#[test]
fn a_datagram_reaches_a_server_and_its_answer_comes_back() {
    for (family, address) in FAMILIES {
        run(async || {
            let (mut server, peer) = server(family, address).await;
            let socket = UdpSocket::bind((address, 0)).await.unwrap();
            assert_eq!(socket.send_to(&content(1_400), peer).await.unwrap(), 1_400);
            assert!(server.receives(&content(1_400)).await);
            let mut buffer = [0; 64];
            let answered = socket.recv_from(&mut buffer);
            let (answered, rest) = future::zip(answered, server.finish(b"answer")).await;
            assert_eq!((answered.unwrap(), rest.len()), ((6, peer), 0));
            assert_eq!(&buffer[..6], b"answer");
        });
    }
}

// The stranger's datagram comes first, and is not received.
#[test]
fn a_connected_socket_hears_its_server_and_no_other() {
    for (family, address) in FAMILIES {
        run(async || {
            let (mut server, peer) = server(family, address).await;
            let socket = UdpSocket::bind((address, 0)).await.unwrap();
            socket.connect(peer).await.unwrap();
            assert_eq!(socket.send(b"question").await.unwrap(), 8);
            assert!(server.receives(b"question").await);
            let stranger = UdpSocket::bind((address, 0)).await.unwrap();
            stranger.send_to(b"stranger", socket.local_addr().unwrap()).await.unwrap();
            let mut buffer = [0; 64];
            let (answered, _) =
                future::zip(socket.recv(&mut buffer), server.finish(b"answer")).await;
            assert_eq!(&buffer[..answered.unwrap()], b"answer");
        });
    }
}

#[test]
fn datagrams_of_a_client_are_answered_before_and_after_connecting_to_it() {
    for (family, address) in FAMILIES {
        run(async || {
            let socket = UdpSocket::bind((address, 0)).await.unwrap();
            let port = socket.local_addr().unwrap().port();
            let sending = format!("UDP{family}-SENDTO:{}:{port}", host(address));
            let mut client = Program::socat(&["STDIO", &sending]);
            let mut buffer = vec![0; 4_096];
            client.send(&content(1)).await;
            let (length, peer) = socket.recv_from(&mut buffer).await.unwrap();
            assert!(buffer[..length] == content(1));
            socket.send_to(&content(1_400), peer).await.unwrap();
            assert!(client.receives(&content(1_400)).await);

            socket.connect(peer).await.unwrap();
            client.send(&content(4_000)).await;
            let length = socket.recv(&mut buffer).await.unwrap();
            assert!(buffer[..length] == content(4_000));
            socket.send(b"answer").await.unwrap();
            assert!(client.receives(b"answer").await);
            client.child.kill().await.unwrap();
        });
    }
}
