//! Connections that fail, and systems that make them wait: F3, F4, F5 and F7 of the fault
//! catalogue, and R-5. What needs a kernel that fails runs under `strace` in a second process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Write};
use std::net;
use std::os::fd::AsRawFd;
use std::os::unix::net as unix;
use std::time::Duration;

use common::child::{injected, part, under_strace};
use common::{TestLoop, content, pair_with_std};
use evergreen_io::net::{TcpListener, TcpSocket, TcpStream, UnixStream};
use evergreen_task::{spawn, yield_now};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};

/// Ends a connection as a peer does that has crashed.
fn reset(peer: net::TcpStream) {
    socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
    drop(peer);
}

/// Writes until there is no room.
async fn fill(stream: &TcpStream) {
    while future::poll_once((&mut &*stream).write(&[0; 65_536])).await.is_some() {}
}

fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

// F3: the error once, then the end; nothing of it kills the process.
#[test]
fn who_waits_to_read_hears_once_of_a_reset() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (mut stream, peer) = pair_with_std();
        let reading = async { stream.read(&mut [0; 8]).await };
        let (read, ()) = future::zip(reading, async {
            yield_now().await;
            reset(peer);
        })
        .await;
        assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(stream.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        let parts = [IoSlice::new(b"x"), IoSlice::new(b"y")];
        let error = stream.write_vectored(&parts).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        stream.flush().await.unwrap();
        stream.close().await.unwrap();
        assert_eq!(
            stream.shutdown(net::Shutdown::Write).unwrap_err().kind(),
            ErrorKind::NotConnected
        );
        assert!(stream.ready(evergreen_io::Interest::BOTH).await.unwrap().is_write_closed());
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// F3
#[test]
fn who_waits_to_write_hears_of_a_reset() {
    TestLoop::new().block_on(async {
        let (mut stream, peer) = pair_with_std();
        fill(&stream).await;
        let writer = spawn(async move {
            let error = stream.write_all(&[0; 65_536]).await.unwrap_err();
            (error, stream)
        });
        yield_now().await;
        assert!(!writer.is_finished());
        reset(peer);
        let (error, mut stream) = writer.await.unwrap();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert_eq!(stream.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    });
}

// F3: whoever waits is woken, in both directions; the system gives its error to the first.
#[test]
fn both_halves_end_at_a_reset() {
    TestLoop::new().block_on(async {
        let (stream, peer) = pair_with_std();
        fill(&stream).await;
        let (mut reader, mut writer) = stream.into_split();
        let reader = spawn(async move { reader.read(&mut [0; 8]).await });
        let writer = spawn(async move { writer.write_all(&[0; 65_536]).await });
        yield_now().await;
        reset(peer);
        let read = reader.await.unwrap();
        let wrote = writer.await.unwrap().unwrap_err();
        assert!(is_end(&wrote), "{wrote}");
        assert!(read.as_ref().map_or_else(is_end, |&read| read == 0), "{read:?}");
        let told = [read.err(), Some(wrote)].into_iter().flatten();
        assert_eq!(told.filter(|error| error.kind() == ErrorKind::ConnectionReset).count(), 1);
    });
}

// F3: a Unix peer that leaves what it was sent.
#[test]
fn a_unix_peer_that_leaves_bytes_unread_resets_the_connection() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = unix::UnixStream::pair().unwrap();
        let mut ours = UnixStream::from_std(ours).unwrap();
        ours.write_all(b"unread").await.unwrap();
        drop(theirs);
        assert_eq!(ours.read(&mut [0; 8]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(ours.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(ours.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        ours.close().await.unwrap();
    });
}

/// Has the connection make one call of a kind.
async fn make(call: &str, client: &mut TcpStream, server: &mut TcpStream) -> io::Result<()> {
    match call {
        "sendto" => client.write_all(b"x").await,
        "recvfrom" => server.read_exact(&mut [0]).await,
        _ => client.close().await,
    }
}

// F3: by the kernel.
#[test]
fn an_error_of_one_call_is_told_once_and_the_stream_goes_on() {
    let name = "an_error_of_one_call_is_told_once_and_the_stream_goes_on";
    let codes = ["ECONNRESET", "EPIPE"];
    if let Some(part) = part() {
        TestLoop::new().block_on(async {
            let (mut client, server) = pair_with_std();
            let mut server = TcpStream::from_std(server).unwrap();
            rustix::io::write(&client, b"x").unwrap();
            let error = make(&part, &mut client, &mut server).await.unwrap_err();
            assert!(is_end(&error), "{error}");
            make(&part, &mut client, &mut server).await.unwrap();
        });
        return;
    }
    for call in ["recvfrom", "sendto", "shutdown"] {
        for code in codes {
            let calls = under_strace(name, call, call, &format!("error={code}:when=1"));
            assert_eq!((calls.len(), injected(&calls)), (2, 1), "{calls:?}");
        }
    }
}

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
        assert_eq!(injected(&calls), STORM);
        assert!(calls.len() <= STORM + 3, "{}", calls.len());
        return;
    }
    TestLoop::new().block_on(async {
        let (mut stream, mut peer) = pair_with_std();
        peer.set_nodelay(true).unwrap();
        let reader = spawn(async move { stream.read_exact(&mut [0; STORM]).await });
        let mut turns = 0;
        while !reader.is_finished() {
            // Each byte is an event, and the event is an empty promise.
            if reader.task_ref().polls() > turns {
                turns = reader.task_ref().polls();
                peer.write_all(b"x").unwrap();
            }
            yield_now().await;
        }
        reader.await.unwrap().unwrap();
        assert!(turns as usize >= STORM);
    });
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

// a short read says nothing where urgent data lies, again and again.
#[test]
fn what_lies_between_urgent_marks_is_read() {
    TestLoop::new().block_on(async {
        let (mut stream, peer) = pair_with_std();
        let mut peer = socket2::Socket::from(peer);
        let mut read = Vec::new();
        for word in [b"one", b"two", b"six"] {
            peer.write_all(word).unwrap();
            peer.send_out_of_band(b"!").unwrap();
            peer.write_all(word).unwrap();
            let wanted = read.len() + 6;
            while read.len() < wanted {
                let mut buffer = [0; 64];
                let reading = evergreen_task::timeout(20.0, stream.read(&mut buffer));
                let n = reading.await.unwrap().unwrap();
                read.extend_from_slice(&buffer[..n]);
            }
        }
        assert_eq!(read, b"oneonetwotwosixsix");
    });
}

// R-5, F21: a closed descriptor whose duplicate lives is still with the poller. What it reports is
// nobody's, also when the number is somebody else's.
#[test]
fn a_duplicate_that_lives_on_disturbs_nobody() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (stream, mut peer) = pair_with_std();
        let stream = stream.into_std().unwrap();
        let duplicate = stream.try_clone().unwrap();
        drop(TcpStream::from_std(stream).unwrap());
        let (mut next, mut next_peer) = pair_with_std();
        let reader = spawn(async move {
            let mut word = [0; 4];
            next.read_exact(&mut word).await.map(|()| word)
        });
        yield_now().await;
        let polls = reader.task_ref().polls();
        for _ in 0..10 {
            peer.write_all(b"stale").unwrap();
            yield_now().await;
            yield_now().await;
        }
        assert_eq!(reader.task_ref().polls(), polls);
        next_peer.write_all(b"here").unwrap();
        assert_eq!(&reader.await.unwrap().unwrap(), b"here");
        // The duplicate is a stream as good as any.
        let mut duplicate = TcpStream::from_std(duplicate).unwrap();
        duplicate.read_exact(&mut [0; 50]).await.unwrap();
        let reading = async { duplicate.read(&mut [0; 8]).await };
        let (read, ()) = future::zip(reading, async { peer.write_all(b"last").unwrap() }).await;
        assert_eq!(read.unwrap(), 4);
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// R-5, F21: the poller knows descriptors by number and file, and has this pair of old.
#[test]
fn a_duplicate_that_gets_the_number_of_the_closed_one_is_a_stream() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (stream, mut peer) = pair_with_std();
        let stream = stream.into_std().unwrap();
        let number = stream.as_raw_fd();
        let duplicate = stream.try_clone().unwrap();
        drop(TcpStream::from_std(stream).unwrap());
        // Numbers are given out from the lowest up; other tests may take this one.
        let mut again: Vec<_> = (0..=number).map(|_| duplicate.try_clone().unwrap()).collect();
        let place = again.iter().position(|io| io.as_raw_fd() == number);
        let Some(place) = place else { return };
        let mut stream = TcpStream::from_std(again.swap_remove(place)).unwrap();
        let reading = async { stream.read(&mut [0; 8]).await };
        let (read, ()) = future::zip(reading, async { peer.write_all(b"four").unwrap() }).await;
        assert_eq!(read.unwrap(), 4);
    });
    assert_eq!(event_loop.metrics().sources, 0);
}
