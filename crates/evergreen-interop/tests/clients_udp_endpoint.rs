//! `UdpEndpoint`, with netcat and socat at the other end.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use common::program::Program;
use common::{content, run};
use evergreen::io::{UdpEndpoint, UdpError};
use evergreen::net::UnixDatagram;
use evergreen::spawn;

/// Sends each datagram back, until the endpoint is closed.
async fn echo(endpoint: UdpEndpoint) -> UdpError {
    loop {
        match endpoint.receive().await {
            Ok((bytes, from)) => endpoint.send(&bytes, from).unwrap(),
            Err(error) => return error,
        }
    }
}

/// Sends so many at a time, and gets each as it was.
async fn come_back(client: &UnixDatagram, in_a_row: usize) {
    let mut buffer = vec![0; 64 * 1024];
    for lengths in [1_400, 1, 8_000].chunks(in_a_row) {
        for &length in lengths {
            client.send(&content(length)).await.unwrap();
        }
        for &length in lengths {
            assert_eq!(client.recv(&mut buffer).await.unwrap(), length);
            assert!(buffer[..length] == content(length));
        }
    }
}

// EV-UDP-02, EV-UDP-03, EV-UDP-06
#[test]
fn datagrams_come_back_whole_until_the_endpoint_is_closed() {
    for (host, literal) in [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")] {
        run(async || {
            let endpoint = UdpEndpoint::new();
            endpoint.bind(format!("{literal}:0")).unwrap();
            let port = endpoint.local_addr().unwrap().port().to_string();
            let echoing = spawn(echo(endpoint.clone()));
            let server = format!("UDP:{literal}:{port}");
            let netcat = Program::with_datagrams("nc", &["-u", host, &port]);
            let socat = Program::with_datagrams("socat", &["STDIO", &server]);
            // netcat writes several at once.
            for ((mut client, datagrams), in_a_row) in [(netcat, 1), (socat, 3)] {
                come_back(&datagrams, in_a_row).await;
                client.child.kill().await.unwrap();
            }
            endpoint.close();
            assert_eq!(echoing.await.unwrap().to_string(), "UDP: closed");
        });
    }
}
