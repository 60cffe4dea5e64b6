//! tokio's stream traits on every stream of evergreen: tokio's own adaptors are the users.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use common::{content, pair, run};
use evergreen::net::UnixStream;
use evergreen::spawn;
use futures_lite::future;
use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf,
};

const LENGTH: usize = 1 << 20;

/// All that is written to one is read from the other, then the end.
async fn carries(mut writer: impl AsyncWrite + Unpin, mut reader: impl AsyncRead + Unpin) {
    let sending = async {
        writer.write_all(&content(LENGTH)).await.unwrap();
        writer.flush().await.unwrap();
        writer.shutdown().await.unwrap();
        drop(writer);
    };
    let mut received = Vec::new();
    future::zip(sending, async { reader.read_to_end(&mut received).await.unwrap() }).await;
    assert!(received == content(LENGTH));
}

#[test]
fn streams_carry_bytes_by_the_traits_of_tokio() {
    run(async || {
        let (one, other) = pair().await;
        carries(one, other).await;
        let (one, other) = UnixStream::pair().unwrap();
        carries(other, one).await;
    });
}

#[test]
fn halves_carry_bytes_both_ways_by_the_traits_of_tokio() {
    run(async || {
        let ((mut one, mut other), (left, right)) = (pair().await, UnixStream::pair().unwrap());
        let ((read, write), (back_read, back_write)) = (one.split(), other.split());
        future::zip(carries(write, back_read), carries(back_write, read)).await;
        let ((read, write), (back_read, back_write)) = (left.into_split(), right.into_split());
        future::zip(carries(write, back_read), carries(back_write, read)).await;
    });
}

// What was there before stays, and no more is read than there is room for.
#[test]
fn a_read_fills_what_is_left_of_the_buffer_and_no_more() {
    run(async || {
        let (mut one, mut other) = pair().await;
        one.write_all(b"abcdefgh").await.unwrap();
        let mut memory = [std::mem::MaybeUninit::uninit(); 6];
        let mut buffer = ReadBuf::uninit(&mut memory);
        buffer.put_slice(b">>");
        std::future::poll_fn(|cx| std::pin::Pin::new(&mut other).poll_read(cx, &mut buffer))
            .await
            .unwrap();
        assert_eq!(buffer.filled(), b">>abcd");
        assert_eq!(other.read_u32().await.unwrap().to_be_bytes(), *b"efgh");
    });
}

#[test]
fn several_buffers_are_written_as_one() {
    run(async || {
        let (mut one, other) = pair().await;
        assert!(one.is_write_vectored());
        let pieces =
            ["a line", "\n", "another"].map(|piece| std::io::IoSlice::new(piece.as_bytes()));
        assert_eq!(AsyncWriteExt::write_vectored(&mut one, &pieces).await.unwrap(), 14);
        drop(one);
        let mut lines = BufReader::new(other).lines();
        assert_eq!(lines.next_line().await.unwrap().unwrap(), "a line");
        assert_eq!(lines.next_line().await.unwrap().unwrap(), "another");
        assert!(lines.next_line().await.unwrap().is_none());
    });
}

#[test]
fn tokio_s_own_copy_forwards_between_streams() {
    run(async || {
        let ((mut client, mut near), (mut far, mut server)) = (pair().await, pair().await);
        let forward =
            spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        client.write_all(b"question").await.unwrap();
        AsyncWriteExt::shutdown(&mut client).await.unwrap();
        let mut question = String::new();
        server.read_to_string(&mut question).await.unwrap();
        server.write_all(b"answer").await.unwrap();
        AsyncWriteExt::shutdown(&mut server).await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!((&*question, &*answer), ("question", "answer"));
        assert_eq!(forward.await.unwrap().unwrap(), (8, 6));
    });
}
