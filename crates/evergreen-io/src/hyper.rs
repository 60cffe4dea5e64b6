//! What hyper wants of a runtime: streams, an executor, a timer.
//!
//! [`TcpStream`] and [`UnixStream`] are hyper's `Read` and `Write` themselves, [`Exec`] starts its
//! tasks on the loop of the thread, [`Clock`] is the loop's time.
//!
//! ```
//! use evergreen_io::hyper::{Clock, Exec};
//! use hyper::rt::{Executor, Timer};
//! use std::{rc::Rc, time::Duration};
//!
//! evergreen_loop::block_on(async {
//!     let begun = Clock.now();
//!     let name = Rc::new("no `Send` asked for");
//!     Exec.execute(async move { println!("{name}") });
//!     Clock.sleep(Duration::from_millis(2)).await;
//!     assert!(Clock.now() >= begun + Duration::from_millis(2));
//! });
//! ```
//!
//! A server of HTTP/1 is `http1::Builder::new().timer(Clock)`, of HTTP/2
//! `http2::Builder::new(Exec).timer(Clock)`; both then serve a stream as it is.

mod clock;

use std::future::Future;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use ::hyper::rt::{Executor, Read, ReadBufCursor, Write};
use evergreen_loop::build::Direction;

pub use clock::Clock;

use crate::net::{TcpStream, UnixStream};
use crate::source::Source;

/// Starts hyper's tasks on the loop of this thread. They need not be `Send`.
///
/// # Panics
///
/// [`Executor::execute`] does, if the thread has no loop.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exec;

impl<F: Future<Output: 'static> + 'static> Executor<F> for Exec {
    fn execute(&self, future: F) {
        drop(evergreen_task::spawn(future));
    }
}

/// How much one read takes: four pages of the stack, more than most heads, and the payload of the
/// largest frame that HTTP/2 allows unasked.
const MOST_AT_ONCE: usize = 16 << 10;

/// Reads by way of the stack: hyper's buffer is not initialized, and to write to it directly takes
/// unsafe code. To copy what came costs less than to set the whole of it to zero first.
fn poll_read<T: AsFd + AsRawFd + Into<OwnedFd>>(
    source: &Source<T>,
    cx: &Context<'_>,
    mut buffer: ReadBufCursor<'_>,
) -> Poll<io::Result<()>> {
    let mut bytes = [MaybeUninit::uninit(); MOST_AT_ONCE];
    let bytes = &mut bytes[..MOST_AT_ONCE.min(buffer.remaining())];
    let read = source.poll_bytes(Direction::Read, cx, bytes.len(), |io| {
        let (read, _) = rustix::io::read(io, &mut *bytes)?;
        buffer.put_slice(read);
        Ok(read.len())
    });
    read.map_ok(drop)
}

macro_rules! streams {
    ($($stream:ty),*) => { $(
        impl Read for $stream {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: ReadBufCursor<'_>,
            ) -> Poll<io::Result<()>> {
                poll_read(self.source(), cx, buffer)
            }
        }

        impl Write for $stream {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.source().poll_write(cx, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                futures_io::AsyncWrite::poll_flush(self, cx)
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                futures_io::AsyncWrite::poll_close(self, cx)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.source().poll_write_vectored(cx, buffers)
            }
        }
    )* };
}

streams!(TcpStream, UnixStream);
