//! A connection in memory.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_io::{AsyncRead, AsyncWrite};

/// Two ends of a connection in memory. What is written to one is read from the other; up to
/// `capacity` bytes each way are kept in between, and who writes more waits.
///
/// It behaves as a socket does: [`close`](AsyncWrite::poll_close) ends one direction, and the other
/// end reads what is left and then the end of the stream. When an end is dropped, the other may read
/// what it had written; writing gives [`ErrorKind::BrokenPipe`]. No loop is needed, and the ends may
/// be on two threads.
///
/// As tokio's `io::duplex`.
///
/// ```
/// use evergreen_testing::duplex;
/// use futures_lite::{AsyncReadExt, AsyncWriteExt, future::zip};
///
/// # async fn upper(mut stream: evergreen_testing::MemoryStream) {
/// #     let mut text = String::new();
/// #     stream.read_to_string(&mut text).await.expect("text");
/// #     stream.write_all(text.to_uppercase().as_bytes()).await.expect("a reader");
/// # }
/// evergreen_loop::block_on(async {
///     let (mut client, server) = duplex(4);
///     let talk = async {
///         client.write_all(b"evergreen").await?;
///         client.close().await?;
///         let mut answer = String::new();
///         client.read_to_string(&mut answer).await?;
///         std::io::Result::Ok(answer)
///     };
///     let (answer, ()) = zip(talk, upper(server)).await;
///     assert_eq!(answer.expect("a connection"), "EVERGREEN");
/// });
/// ```
///
/// # Panics
///
/// If `capacity` is zero: nothing could ever be written.
#[track_caller]
pub fn duplex(capacity: usize) -> (MemoryStream, MemoryStream) {
    assert!(capacity > 0, "a stream without room for a byte would wait for ever");
    let (there, back) = (Lane::new(capacity), Lane::new(capacity));
    let near = MemoryStream { incoming: back.clone(), outgoing: there.clone() };
    (near, MemoryStream { incoming: there, outgoing: back })
}

/// One end of a [`duplex`] connection.
pub struct MemoryStream {
    incoming: Lane,
    outgoing: Lane,
}

/// One direction.
#[derive(Clone)]
struct Lane(Arc<Mutex<LaneState>>);

struct LaneState {
    bytes: VecDeque<u8>,
    capacity: usize,
    /// Nothing more will be written.
    ended: bool,
    /// Nothing more will be read.
    abandoned: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Lane {
    fn new(capacity: usize) -> Self {
        Self(Arc::new(Mutex::new(LaneState {
            bytes: VecDeque::new(),
            capacity,
            ended: false,
            abandoned: false,
            reader: None,
            writer: None,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, LaneState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_read(&self, cx: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        if state.bytes.is_empty() && !state.ended && !buffer.is_empty() {
            let former = state.reader.replace(cx.waker().clone());
            drop(state);
            drop(former);
            return Poll::Pending;
        }
        let read = io::Read::read(&mut state.bytes, buffer);
        let writer = if matches!(read, Ok(1..)) { state.writer.take() } else { None };
        drop(state);
        wake(writer);
        Poll::Ready(read)
    }

    fn poll_write(&self, cx: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        if state.ended || state.abandoned {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let written = bytes.len().min(state.capacity - state.bytes.len());
        if written == 0 && !bytes.is_empty() {
            let former = state.writer.replace(cx.waker().clone());
            drop(state);
            drop(former);
            return Poll::Pending;
        }
        state.bytes.extend(&bytes[..written]);
        let reader = if written > 0 { state.reader.take() } else { None };
        drop(state);
        wake(reader);
        Poll::Ready(Ok(written))
    }

    /// Nothing more will be written: whoever reads is told, and so is a half that still writes.
    fn end(&self) {
        self.change(|state| state.ended = true);
    }

    /// Nothing more will be read; what was written is lost.
    fn abandon(&self) {
        self.change(|state| {
            state.abandoned = true;
            state.bytes.clear();
        });
    }

    fn change(&self, f: impl FnOnce(&mut LaneState)) {
        let mut state = self.lock();
        f(&mut state);
        let waiting = [state.reader.take(), state.writer.take()];
        drop(state);
        waiting.into_iter().for_each(wake);
    }
}

/// A waker is called, and dropped, when the lane is no longer locked.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl AsyncRead for MemoryStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.incoming.poll_read(cx, buffer)
    }
}

impl AsyncWrite for MemoryStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.outgoing.poll_write(cx, bytes)
    }

    /// What is written is with the other end at once.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Ends this direction; reading goes on.
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.end();
        Poll::Ready(Ok(()))
    }
}

impl Drop for MemoryStream {
    fn drop(&mut self) {
        self.outgoing.end();
        self.incoming.abandon();
    }
}

impl fmt::Debug for MemoryStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStream")
            .field("readable", &self.incoming.lock().bytes.len())
            .field("unread", &self.outgoing.lock().bytes.len())
            .finish_non_exhaustive()
    }
}
