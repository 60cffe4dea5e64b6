//! The pipe to a child: a sender as those of `pipe`, under tokio's name.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::process::{self, Stdio};
use std::task::{Context, Poll};

use futures_io::AsyncWrite;
use rustix::io::ioctl_fionbio;

use crate::pipe::Sender;

/// The pipe to the standard input of a child. When it is dropped or closed, the child has read all.
///
/// A write to a child that reads no more is an error of the kind [`io::ErrorKind::BrokenPipe`].
/// Through a reference it cannot be closed.
///
/// ```
/// use std::process::Stdio;
/// use evergreen_io::process::Command;
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
///
/// evergreen_loop::block_on(async {
///     let mut command = Command::new("cat");
///     let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
///     let mut stdin = child.stdin.take().expect("piped");
///     let mut stdout = child.stdout.take().expect("piped");
///     stdin.write_all(b"question").await?;
///     stdin.close().await?;
///     let mut answer = String::new();
///     stdout.read_to_string(&mut answer).await?;
///     assert_eq!(answer, "question");
///     child.wait().await.map(drop)
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ChildStdin {
    /// Gone once it is closed.
    pipe: Option<Sender>,
}

impl ChildStdin {
    /// Takes over a pipe that was made for a child just now.
    pub(super) fn made(pipe: process::ChildStdin) -> io::Result<Self> {
        let pipe = OwnedFd::from(pipe);
        ioctl_fionbio(&pipe, true)?;
        Ok(Self { pipe: Some(Sender::owned(pipe)?) })
    }

    /// Takes over the pipe to a child that the standard library has started.
    ///
    /// # Errors
    ///
    /// If it cannot be made non-blocking or registered, or this thread has no loop.
    pub fn from_std(pipe: process::ChildStdin) -> io::Result<Self> {
        Ok(Self { pipe: Some(Sender::from_owned_fd(pipe.into())?) })
    }

    /// The descriptor, blocking, as another child expects it.
    ///
    /// # Errors
    ///
    /// If it was closed, and what the system says.
    pub fn into_owned_fd(self) -> io::Result<OwnedFd> {
        self.pipe.ok_or_else(closed)?.into_blocking_fd()
    }

    fn pipe(&self) -> io::Result<&Sender> {
        self.pipe.as_ref().ok_or_else(closed)
    }

    /// Writes all, as far as the child reads it.
    pub(super) async fn feed(self, mut input: &[u8]) -> io::Result<()> {
        while !input.is_empty() {
            match poll_fn(|cx| Pin::new(&mut &self).poll_write(cx, input)).await {
                Ok(written) => input = &input[written..],
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the standard input of the child was closed")
}

impl AsyncWrite for &ChildStdin {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipe()?).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipe()?).poll_write_vectored(cx, pieces)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ChildStdin {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write_vectored(cx, pieces)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_flush(cx)
    }

    /// Closes the pipe: the child sees the end of its input.
    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pipe = None;
        Poll::Ready(Ok(()))
    }
}

impl AsFd for ChildStdin {
    /// # Panics
    ///
    /// If it was closed.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_ref().expect("the standard input of the child was closed").as_fd()
    }
}

impl TryFrom<ChildStdin> for Stdio {
    type Error = io::Error;

    fn try_from(pipe: ChildStdin) -> io::Result<Self> {
        Ok(pipe.into_owned_fd()?.into())
    }
}

impl AsRawFd for ChildStdin {
    /// # Panics
    ///
    /// If it was closed.
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}
