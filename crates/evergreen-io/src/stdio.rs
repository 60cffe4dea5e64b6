//! The standard streams of the process.
//!
//! They are polled as sockets are, where the system can poll what they lead to: no thread reads
//! ahead, and a pending read does not keep the process from ending.
//!
//! What a standard stream leads to is shared with other processes: the shell, the other programs of
//! a pipeline. Making it non-blocking would make it so for all of them, so that is never done.
//!
//! - A terminal is opened once more by its name, as libuv does, and a pipe through `/proc`; what was
//!   opened is ours alone, and non-blocking.
//! - From a socket is received, and to it is sent, without waiting.
//! - Where that cannot be, the system is asked before every call whether it would wait. It cannot
//!   promise: another process that reads the same stream may be faster, and a terminal that has been
//!   stopped takes less than it said. Then the loop stands still.
//! - A file is read by a thread of the loop's pool, and written at once, so that nothing is lost at
//!   the end of the process; what is always ready, as `/dev/null` is, is read and written at once.
//!
//! Nothing goes through the buffers of [`std::io`]: what `print!` has not flushed comes later than
//! what is written here, and what `std::io::stdin` has read ahead is not read here.

mod file;
mod reopen;
mod stream;

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use evergreen_loop::build::Direction;
use futures_io::{AsyncRead, AsyncWrite};

pub(crate) use self::reopen::reopen_terminal;
use self::stream::Stream;
pub(crate) use self::stream::{Call, duplicate};

/// The standard input of the process, to be read by the loop of this thread.
///
/// If it cannot be read, because it is closed or this thread has no loop, every read says so.
/// Several may exist, and then each byte goes to one of them. A file is read on the loop's threads: what
/// a read that was given up has fetched is for the next read of the same [`Stdin`].
///
/// ```
/// use evergreen_io::stdio::stdin;
/// use evergreen_task::timeout;
/// use futures_lite::AsyncReadExt;
///
/// evergreen_loop::block_on(async {
///     // To give up is to drop the read, and the next one finds all bytes.
///     let (mut stdin, mut byte) = (stdin(), [0]);
///     match timeout(0.01, stdin.read(&mut byte)).await {
///         Ok(read) => println!("{} bytes", read?),
///         Err(_) => println!("nobody has typed anything"),
///     }
///     # std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn stdin() -> Stdin {
    Stdin { stream: Stream::open(rustix::stdio::stdin(), Direction::Read, "standard input") }
}

/// The standard output of the process, to be written by the loop of this thread.
///
/// If it cannot be written, because it is closed or this thread has no loop, every write says so.
/// A pipe that nobody reads any more gives [`io::ErrorKind::BrokenPipe`].
///
/// ```
/// use evergreen_io::stdio::stdout;
/// use futures_lite::AsyncWriteExt;
///
/// evergreen_loop::block_on(async { stdout().write_all(b"hello\n").await })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn stdout() -> Stdout {
    Stdout { stream: Stream::open(rustix::stdio::stdout(), Direction::Write, "standard output") }
}

/// The standard error of the process, as [`stdout`] is its standard output.
pub fn stderr() -> Stderr {
    Stderr { stream: Stream::open(rustix::stdio::stderr(), Direction::Write, "standard error") }
}

/// The standard input. See [`stdin`].
///
/// Dropping it leaves the standard input open.
#[derive(Debug)]
pub struct Stdin {
    stream: Stream,
}

/// The standard output. See [`stdout`].
///
/// Every write goes out at once. Dropping or closing it leaves the standard output open.
#[derive(Debug)]
pub struct Stdout {
    stream: Stream,
}

/// The standard error. See [`stderr`].
///
/// Every write goes out at once. Dropping or closing it leaves the standard error open.
#[derive(Debug)]
pub struct Stderr {
    stream: Stream,
}

macro_rules! input {
    ($($type:ty),*) => { $(
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.stream.poll_read(cx, buffer)
            }
        }
    )* };
}

input!(&Stdin, Stdin);

macro_rules! output {
    ($($type:ty),*) => { $(
        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.stream.poll_write(cx, bytes)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                pieces: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                let piece = pieces.iter().find(|piece| !piece.is_empty());
                self.stream.poll_write(cx, piece.map_or(&[], |piece| &**piece))
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }
        }
    )* };
}

output!(&Stdout, Stdout, &Stderr, Stderr);

macro_rules! standard {
    ($($type:ident $fd:ident),*) => { $(
        /// That of the process.
        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                rustix::stdio::$fd()
            }
        }

        /// That of the process.
        impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                self.as_fd().as_raw_fd()
            }
        }
    )* };
}

standard!(Stdin stdin, Stdout stdout, Stderr stderr);
