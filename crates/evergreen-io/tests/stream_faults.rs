//! Systems that make connections wait, or go by small pieces: F4, F5 and F7 of the fault catalogue.
//! The kernel is made to fail by `strace`, in second processes.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::{IoSlice, IoSliceMut, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use common::child::{injected, part, under_strace};
use common::{TestLoop, content, pair_with_std};
use evergreen_io::net::{TcpListener, TcpSocket, TcpStream};
use evergreen_task::spawn;
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};

/// Uses every call that a connection makes.
async fn use_every_call() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    client.write_all(b"first").await.unwrap();
    assert_eq!(server.peek(&mut [0; 8]).await.unwrap(), 5);
    server.read_exact(&mut [0; 5]).await.unwrap();
    let parts = [IoSlice::new(b"sec"), IoSlice::new(b"ond")];
    assert_eq!(client.write_vectored(&parts).await.unwrap(), 6);
    let (mut one, mut other) = ([0; 3], [0; 3]);
    let mut parts = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut other)];
    assert_eq!(server.read_vectored(&mut parts).await.unwrap(), 6);
    client.close().await.unwrap();
    assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
}

// F4
#[test]
fn fifty_interruptions_in_a_row_are_invisible() {
    let name = "fifty_interruptions_in_a_row_are_invisible";
    if part().is_some() {
        TestLoop::new().block_on(use_every_call());
        return;
    }
    for call in ["connect", "accept4", "recvfrom", "sendto", "readv", "writev", "shutdown"] {
        let calls = under_strace(name, call, call, "error=EINTR:when=1..50");
        assert_eq!(injected(&calls), 50, "{call}");
        assert!(calls.len() > 50, "{call}");
    }
}

// F5: no call without a word of the poller between, and all get their turn.
#[test]
fn a_thousand_refusals_of_what_was_reported_ready_are_no_spin() {
    const STORM: usize = 1_000;
    let name = "a_thousand_refusals_of_what_was_reported_ready_are_no_spin";
    if part().is_none() {
        let inject = format!("error=EAGAIN:when=1..{STORM}");
        let calls = under_strace(name, "storm", "recvfrom", &inject);
        assert_eq!((calls.len(), injected(&calls)), (STORM + 1, STORM));
        return;
    }
    let event_loop = TestLoop::new();
    let (mut stream, mut peer) = event_loop.block_on(async { pair_with_std() });
    let behind = stream.as_fd().try_clone_to_owned().unwrap();
    let reader = spawn(async move { stream.read_exact(&mut [0]).await });
    for _ in 0..STORM {
        // The event is an empty promise, and then it is quiet for a while.
        peer.write_all(b"x").unwrap();
        for _ in 0..4 {
            event_loop.turn(Some(Duration::ZERO)).unwrap();
        }
        assert_eq!(rustix::io::read(&behind, &mut [0; 8]), Ok(1));
    }
    peer.write_all(b"x").unwrap();
    event_loop.block_on(reader).unwrap().unwrap();
}

/// Sends what is to be sent, by pieces, and reads it, by pieces, over small buffers.
async fn send_in_pieces(length: usize, written: usize, read: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    // The least that the system gives.
    socket.set_send_buffer_size(1).unwrap();
    socket.set_recv_buffer_size(1).unwrap();
    let mut client = socket.connect(listener.local_addr().unwrap()).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    let writing = async move {
        for piece in content(length, 7).chunks(written) {
            client.write_all(piece).await.unwrap();
        }
        client.close().await.unwrap();
    };
    let reading = async move {
        let (mut received, mut piece) = (Vec::new(), vec![0; read]);
        loop {
            match server.read(&mut piece).await.unwrap() {
                0 => return received,
                n => received.extend_from_slice(&piece[..n]),
            }
        }
    };
    let ((), received) = future::zip(writing, reading).await;
    assert!(received == content(length, 7), "order and content are intact");
}

// F7
#[test]
fn pieces_of_every_size_arrive_in_order_over_small_buffers() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        send_in_pieces(20_000, 1, 65_536).await;
        send_in_pieces(20_000, 20_000, 1).await;
        send_in_pieces(2_000, 1, 1).await;
        send_in_pieces(300_000, 4_095, 4_096).await;
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// F9: one call of the system for each end of a direction.
#[test]
fn a_write_half_that_was_closed_is_not_ended_again_when_it_goes() {
    let name = "a_write_half_that_was_closed_is_not_ended_again_when_it_goes";
    if let Some(part) = part() {
        TestLoop::new().block_on(async {
            let (stream, _peer) = pair_with_std();
            let (_reader, mut writer) = stream.into_split();
            if part == "closed" {
                writer.close().await.unwrap();
            }
        });
        return;
    }
    for part in ["closed", "dropped"] {
        let calls = under_strace(name, part, "shutdown", "error=EIO:when=100");
        assert_eq!(calls.len(), 1, "{part}: {calls:?}");
    }
}
