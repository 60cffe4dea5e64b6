//! tokio's stream traits on the streams of this crate, made of those of `futures-io`.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;

use crate::fs::File;
use crate::net::{TcpStream, UnixStream, tcp, unix};
use crate::pipe::{Receiver, Sender};
use crate::process::{ChildStderr, ChildStdin, ChildStdout};
use crate::stdio::{Stderr, Stdin, Stdout};

/// How much of a buffer is set to zero for one read, as much as a pipe holds.
const MOST_AT_ONCE: usize = 64 << 10;

/// The part of a buffer that is read into: what was initialized before, or as much as is worth it.
fn room<'a>(buffer: &'a mut ReadBuf<'_>) -> &'a mut [u8] {
    let initialized = buffer.initialized().len() - buffer.filled().len();
    let length = initialized.max(MOST_AT_ONCE.min(buffer.remaining()));
    buffer.initialize_unfilled_to(length)
}

macro_rules! reads {
    ($($stream:ty),* $(,)?) => { $(
        impl tokio::io::AsyncRead for $stream {
            /// Reads into the buffer itself. What was not initialized is set to zero before, since
            /// only unsafe code could tell that a read will do it: at most 64 KiB for one read.
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                let read = ready!(futures_io::AsyncRead::poll_read(self, cx, room(buffer)))?;
                buffer.advance(read);
                Poll::Ready(Ok(()))
            }
        }
    )* };
}

/// `$vectored` says whether a write of several buffers is one call of the system.
macro_rules! writes {
    ($vectored:literal: $($stream:ty),* $(,)?) => { $(
        impl tokio::io::AsyncWrite for $stream {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                futures_io::AsyncWrite::poll_write(self, cx, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                futures_io::AsyncWrite::poll_flush(self, cx)
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                futures_io::AsyncWrite::poll_close(self, cx)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                futures_io::AsyncWrite::poll_write_vectored(self, cx, buffers)
            }

            fn is_write_vectored(&self) -> bool {
                $vectored
            }
        }
    )* };
}

reads!(TcpStream, tcp::ReadHalf<'_>, tcp::OwnedReadHalf);
reads!(UnixStream, unix::ReadHalf<'_>, unix::OwnedReadHalf);
reads!(File, Receiver, ChildStdout, ChildStderr, Stdin);
writes!(true: TcpStream, tcp::WriteHalf<'_>, tcp::OwnedWriteHalf);
writes!(true: UnixStream, unix::WriteHalf<'_>, unix::OwnedWriteHalf);
writes!(true: File, Sender, ChildStdin);
writes!(false: Stdout, Stderr);
