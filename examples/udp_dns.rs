//! A small DNS client: a question is a datagram, and asked again if no answer comes in time. The
//! server is its own: it knows one name, and loses the first question.
//!
//! ```sh
//! cargo run --example udp_dns
//! ```
//!
//! You should see:
//!
//! ```text
//! no answer to question 1 in time
//! evergreen.test is 192.0.2.7
//! nobody.test: there is no such name
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::io::{UdpEndpoint, UdpError};
use evergreen::{spawn, timeout};
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

#[evergreen::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = UdpEndpoint::new();
    server.bind("127.0.0.1:0")?;
    let address = server.local_addr()?;
    let serving = spawn(serve(server.clone()));
    for name in ["evergreen.test", "nobody.test"] {
        match resolve(name, address).await? {
            Some(address) => println!("{name} is {address}"),
            None => println!("{name}: there is no such name"),
        }
    }
    server.close();
    assert!(serving.await?.is_err(), "it was told that the endpoint is closed");
    Ok(())
}

// ANCHOR: resolve
async fn resolve(name: &str, server: SocketAddr) -> Result<Option<Ipv4Addr>, Box<dyn Error>> {
    // Bound by its first question, to a port that the system chooses.
    let endpoint = UdpEndpoint::new();
    for id in 1..=3 {
        let question = question(id, name);
        endpoint.send(&question, server)?;
        match timeout(0.5, receive(&endpoint, id, server)).await {
            Ok(answer) => return Ok(address(&answer?, question.len())),
            Err(_) => println!("no answer to question {id} in time"),
        }
    }
    Err("the server does not answer".into())
}

/// Whatever else comes is not for us.
async fn receive(endpoint: &UdpEndpoint, id: u16, server: SocketAddr) -> Result<Vec<u8>, UdpError> {
    loop {
        let (datagram, from) = endpoint.receive().await?;
        if from == server && datagram.starts_with(&id.to_be_bytes()) {
            return Ok(datagram);
        }
    }
}
// ANCHOR_END: resolve

/// A header and a question for an address (type 1) of the internet (class 1): RFC 1035.
fn question(id: u16, name: &str) -> Vec<u8> {
    let mut question = [&id.to_be_bytes()[..], &[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]].concat();
    for label in name.split('.') {
        question.push(u8::try_from(label.len()).expect("a label is short"));
        question.extend(label.bytes());
    }
    question.extend([0, 0, 1, 0, 1]);
    question
}

/// The address of the record behind the question: name, type, class, time to live, length, value.
fn address(answer: &[u8], question: usize) -> Option<Ipv4Addr> {
    match answer.get(question..)? {
        [_, _, 0, 1, 0, 1, _, _, _, _, 0, 4, a, b, c, d, ..] => Some([*a, *b, *c, *d].into()),
        _ => None,
    }
}

async fn serve(server: UdpEndpoint) -> Result<(), UdpError> {
    server.receive().await?;
    loop {
        let (mut datagram, client) = server.receive().await?;
        let Some(asked) = datagram.get(12..) else { continue };
        let known = asked == &question(0, "evergreen.test")[12..];
        // One record, or the error (3) that there is no such name.
        let header = if known { [0x81, 0x80, 0, 1, 0, 1] } else { [0x81, 0x83, 0, 1, 0, 0] };
        datagram.splice(2..8, header);
        if known {
            datagram.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
        }
        server.send(&datagram, client)?;
    }
}
