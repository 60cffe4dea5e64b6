//! Copies that cannot go on, and copies that never stop.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use common::{TestLoop, pair};
use evergreen_io::net::UnixStream;
use evergreen_io::{copy, copy_bidirectional};
use evergreen_task::{spawn, timeout, yield_now};
use futures_lite::io::{AsyncRead, AsyncWrite, Cursor, repeat, sink};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};

// F22: a reset is an error, and no end of the stream.
#[test]
fn a_reset_of_one_side_is_an_error_of_the_whole() {
    TestLoop::new().block_on(async {
        let (client, mut near) = pair().await;
        let (mut far, mut server) = pair().await;
        let forward = spawn(async move { copy_bidirectional(&mut near, &mut far).await });
        server.write_all(b"on its way").await.unwrap();
        client.set_linger(Some(Duration::ZERO)).unwrap();
        client.peek(&mut [0; 10]).await.unwrap();
        drop(client);
        let error = forward.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
    });
}

// F22: the server that reads no more, while the client has more to say.
#[test]
fn a_side_that_takes_no_more_is_an_error_of_the_whole() {
    TestLoop::new().block_on(async {
        let (mut client, mut near) = UnixStream::pair().unwrap();
        let (mut far, server) = UnixStream::pair().unwrap();
        server.shutdown(Shutdown::Read).unwrap();
        client.write_all(b"is anybody there?").await.unwrap();
        let error = copy_bidirectional(&mut near, &mut far).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    });
}

/// Takes nothing, and says so at once.
struct Full;

impl AsyncWrite for Full {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(0))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_writer_that_takes_nothing_is_an_error() {
    TestLoop::new().block_on(async {
        let error = copy(&mut Cursor::new(b"word"), &mut Full).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WriteZero);
        assert_eq!(copy(&mut Cursor::new(b""), &mut Full).await.unwrap(), 0);
    });
}

// the streams are always ready, and no sockets that count.
#[test]
fn an_endless_copy_gives_way_to_others() {
    TestLoop::new().block_on(async {
        let copying = spawn(async { copy(&mut repeat(7), &mut sink()).await });
        for _ in 0..3 {
            yield_now().await;
        }
        assert!(!copying.is_finished());
        copying.kill();
    });
}

/// Reads without end, writes to a counter.
struct Busy<'a>(&'a UnixStream);

impl AsyncRead for Busy<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buffer.len()))
    }
}

impl AsyncWrite for Busy<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.0).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Takes all, and gives one word.
struct Word(Option<&'static [u8]>);

impl AsyncRead for Word {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let word = self.0.take().unwrap_or_default();
        buffer[..word.len()].copy_from_slice(word);
        Poll::Ready(Ok(word.len()))
    }
}

impl AsyncWrite for Word {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

// the budget of a task that one direction uses up is missing in the other.
#[test]
fn a_direction_that_never_waits_does_not_keep_the_other_from_moving() {
    for busy_is_first in [true, false] {
        TestLoop::new().block_on(async {
            let (mut reader, writer) = UnixStream::pair().unwrap();
            let (mut busy, mut word) = (Busy(&writer), Word(Some(b"word")));
            let forward = async {
                match busy_is_first {
                    true => copy_bidirectional(&mut busy, &mut word).await,
                    false => copy_bidirectional(&mut word, &mut busy).await,
                }
            };
            let mut received = [0; 4];
            let reading = async { reader.read_exact(&mut received).await.unwrap() };
            let both = future::race(async { drop(forward.await) }, reading);
            timeout(20.0, both).await.unwrap();
            assert_eq!(&received, b"word");
        });
    }
}
