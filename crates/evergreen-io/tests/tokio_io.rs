//! Streams by tokio's traits.
#![cfg(feature = "tokio-io")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::future::poll_fn;
use std::io::Write;
use std::mem::MaybeUninit;
use std::pin::Pin;

use common::{TestLoop, content, pair_with_std};
use evergreen_io::net::TcpStream;
use tokio::io::{AsyncRead, ReadBuf};

const MEBIBYTE: usize = 1 << 20;

async fn read(stream: &mut TcpStream, buffer: &mut ReadBuf<'_>) {
    poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, buffer)).await.unwrap();
}

// A large buffer for small messages was set to zero as a whole for each of them.
#[test]
fn of_a_large_buffer_no_more_is_initialized_than_one_read_takes() {
    TestLoop::new().block_on(async {
        let (mut stream, mut peer) = pair_with_std();
        let mut space = vec![MaybeUninit::uninit(); MEBIBYTE];
        let mut buffer = ReadBuf::uninit(&mut space);
        for word in [b"one", b"two"] {
            peer.write_all(word).unwrap();
            read(&mut stream, &mut buffer).await;
        }
        assert_eq!(buffer.filled(), b"onetwo");
        // The second read had as much room, behind the three bytes of the first.
        assert_eq!(buffer.initialized().len(), 3 + (64 << 10));
    });
}

#[test]
fn a_buffer_is_filled_to_the_brim_whatever_of_it_is_initialized() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (mut stream, mut peer) = pair_with_std();
        let sent = content(MEBIBYTE, 1);
        let writing = event_loop.run_blocking(move || peer.write_all(&sent));
        let mut space = vec![MaybeUninit::uninit(); MEBIBYTE];
        let mut buffer = ReadBuf::uninit(&mut space);
        while buffer.remaining() > 0 {
            read(&mut stream, &mut buffer).await;
        }
        assert!(buffer.filled() == content(MEBIBYTE, 1));
        writing.await.unwrap().unwrap();
        let mut initialized = [7; 8];
        read(&mut stream, &mut ReadBuf::new(&mut initialized)).await;
        assert_eq!(initialized, [7; 8], "the end of the stream leaves it alone");
    });
}
