//! Connections that fail: F3 of the fault catalogue. What needs a kernel that fails runs under
//! `strace` in a second process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::{self, ErrorKind, IoSlice};
use std::net;
use std::os::unix::net as unix;
use std::time::Duration;

use common::child::{injected, part, under_strace};
use common::{TestLoop, pair_with_std};
use evergreen_io::net::{TcpStream, UnixStream};
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
