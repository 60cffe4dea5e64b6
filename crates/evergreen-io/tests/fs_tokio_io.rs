//! Files by tokio's stream traits.
#![cfg(feature = "tokio-io")]

mod common;

use std::future::poll_fn;
use std::io::SeekFrom;
use std::pin::Pin;

use common::TestLoop;
use common::busy_pool::begin;
use common::scratch::Scratch;
use evergreen_io::fs::File;
use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

/// As tokio's adapter for one call: what was asked for before is done first.
async fn seek(file: &mut File, to: SeekFrom) -> u64 {
    complete(file).await;
    Pin::new(&mut *file).start_seek(to).expect("it only asks");
    complete(file).await
}

async fn complete(file: &mut File) -> u64 {
    poll_fn(|cx| Pin::new(&mut *file).poll_complete(cx)).await.expect("it has a position")
}

#[test]
fn a_file_is_written_moved_and_read_by_the_traits_of_tokio() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    event_loop.block_on(async {
        let mut file = scratch.file(b"").await;
        let written = poll_fn(|cx| Pin::new(&mut file).poll_write(cx, b"evergreen")).await;
        assert_eq!(written.unwrap(), 9);
        assert_eq!(seek(&mut file, SeekFrom::Start(4)).await, 4);
        let mut bytes = [0; 16];
        let mut buffer = ReadBuf::new(&mut bytes);
        poll_fn(|cx| AsyncRead::poll_read(Pin::new(&mut file), cx, &mut buffer)).await.unwrap();
        assert_eq!(buffer.filled(), b"green");
        assert_eq!(seek(&mut file, SeekFrom::Current(-2)).await, 7);
    });
}

// F17: a seek that was asked for and killed is done before the next one, once.
#[test]
fn a_killed_seek_of_tokios_is_done_once() {
    let (event_loop, scratch) = (TestLoop::new(), Scratch::new());
    event_loop.block_on(async {
        let mut file = scratch.file(b"0123456789").await;
        Pin::new(&mut file).start_seek(SeekFrom::End(-6)).unwrap();
        begin(poll_fn(|cx| Pin::new(&mut file).poll_complete(cx)));
        assert_eq!(seek(&mut file, SeekFrom::Current(1)).await, 5);
        assert_eq!(seek(&mut file, SeekFrom::Current(0)).await, 5);
    });
}
