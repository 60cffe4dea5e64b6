//! `UdpEndpoint`, with netcat and socat at the other end.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use common::program::Program;
use common::{content, run};
use evergreen::io::{UdpEndpoint, UdpError};
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

// EV-UDP-02, EV-UDP-03, EV-UDP-06
#[test]
fn datagrams_come_back_whole_until_the_endpoint_is_closed() {
    for (host, literal) in [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")] {
        run(async || {
            let endpoint = UdpEndpoint::new();
            endpoint.bind(format!("{literal}:0")).unwrap();
            let port = endpoint.local_addr().unwrap().port().to_string();
            let echoing = spawn(echo(endpoint.clone()));
            let netcat = Program::start("nc", &["-u", host, &port]);
            let socat = Program::socat(&["STDIO", &format!("UDP:{literal}:{port}")]);
            for mut client in [netcat, socat] {
                for length in [1, 1_400, 8_000] {
                    client.send(&content(length)).await;
                    assert!(client.receives(&content(length)).await);
                }
                client.child.kill().await.unwrap();
            }
            endpoint.close();
            assert_eq!(echoing.await.unwrap().to_string(), "UDP: closed");
        });
    }
}
