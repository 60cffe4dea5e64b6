//! Reading: from what is held, and from the system only while somebody waits for more.

use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::{Context, Poll};

use evergreen_loop::build::poll_budget;
use evergreen_sync::locks::LockGuard;
use regex::bytes::Regex;

use super::{Inner, Phase, StreamCore};
use crate::io::buffer::ReadBuffer;
use crate::io::error::StreamError;
use crate::io::room::with_room;

impl StreamCore {
    /// As [`BaseStream::read_bytes`](crate::io::BaseStream::read_bytes).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn read_bytes(&self, n: usize) -> Result<Vec<u8>, StreamError> {
        above_zero(n)?;
        self.0.read(|input| input.read(n), ReadBuffer::take_all).await
    }

    /// As [`BaseStream::read_some`](crate::io::BaseStream::read_some).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn read_some(&self, n: usize) -> Result<Vec<u8>, StreamError> {
        above_zero(n)?;
        let some = |input: &mut ReadBuffer| match input.len().min(n) {
            0 => Ok(None),
            held => input.read(held),
        };
        self.0.read(some, ReadBuffer::take_all).await
    }

    /// As [`BaseStream::read_until`](crate::io::BaseStream::read_until).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn read_until(
        &self,
        delimiter: &[u8],
    ) -> impl Future<Output = Result<Vec<u8>, StreamError>> {
        self.0.read(|input| input.read_until(delimiter), |_| Vec::new())
    }

    /// As [`BaseStream::read_until_regex`](crate::io::BaseStream::read_until_regex).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn read_until_regex(
        &self,
        regex: &Regex,
    ) -> impl Future<Output = Result<Vec<u8>, StreamError>> {
        self.0.read(|input| input.read_until_regex(regex), |_| Vec::new())
    }

    /// As [`BaseStream::take_buffered`](crate::io::BaseStream::take_buffered).
    pub fn take_buffered(&self) -> Vec<u8> {
        self.0.input.borrow_mut().take_all()
    }

    /// How many bytes were looked at so far in search of delimiters.
    #[doc(hidden)]
    pub fn bytes_searched(&self) -> u64 {
        self.0.input.borrow().bytes_searched()
    }
}

const fn above_zero(n: usize) -> Result<(), StreamError> {
    if n == 0 { Err(StreamError::Zero) } else { Ok(()) }
}

impl Inner {
    /// Reads until `take` finds what it looks for, or the peer sends no more: then what `rest` finds.
    async fn read(
        self: &Rc<Self>,
        mut take: impl FnMut(&mut ReadBuffer) -> Result<Option<Vec<u8>>, StreamError>,
        rest: impl FnOnce(&mut ReadBuffer) -> Vec<u8>,
    ) -> Result<Vec<u8>, StreamError> {
        self.check_readable()?;
        let mut turn = self.turn().await;
        loop {
            self.check_connected()?;
            if let Some(found) = take(&mut self.input.borrow_mut())? {
                return Ok(found);
            }
            if self.at_end.get() {
                return Ok(self.tell_end(rest));
            }
            // Whoever waits for the peer does so alone.
            turn = turn.or_else(|| self.readers.try_lock());
            self.fill().await?;
        }
    }

    /// The turn of a reader; none is needed by who finds nobody before it, until it has to wait. What is
    /// held is as ready as a socket that always is: who gives way for that keeps its turn.
    async fn turn(&self) -> Option<LockGuard<'_>> {
        let mut turn = None;
        if self.readers.is_locked() {
            turn = Some(self.readers.lock().await);
        }
        poll_fn(|cx| {
            let polled = poll_budget(cx);
            if polled.is_pending() {
                turn = turn.take().or_else(|| self.readers.try_lock());
            }
            polled
        })
        .await;
        turn
    }

    /// The end itself is told by an empty result, and closes the stream.
    fn tell_end(self: &Rc<Self>, rest: impl FnOnce(&mut ReadBuffer) -> Vec<u8>) -> Vec<u8> {
        let rest = rest(&mut self.input.borrow_mut());
        if rest.is_empty() && !self.keep_open_on_eof.get() {
            self.end();
        }
        rest
    }

    /// Waits for bytes, or for the end.
    async fn fill(&self) -> Result<(), StreamError> {
        let _filling = Filling(self);
        let filled = poll_fn(|cx| self.poll_fill(cx)).await;
        if filled.is_err() && self.phase.get() == Phase::Open {
            self.close_keeping_input();
        }
        filled
    }

    fn poll_fill(&self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        let filled = self.poll_feed(cx);
        if filled.is_ready() {
            drop(self.filler.take());
        } else {
            // A waker may have closed it just now.
            self.check_connected()?;
            self.filler.set(Some(cx.waker().clone()));
        }
        filled
    }

    fn poll_feed(&self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        let endpoint = self.endpoint()?;
        with_room(|room| {
            let most = self.input.borrow().room().clamp(1, room.len());
            endpoint.poll_read(cx, &mut room[..most]).map(|read| match read? {
                0 => {
                    self.at_end.set(true);
                    Ok(())
                },
                length => self.input.borrow_mut().feed(&room[..length]),
            })
        })
    }
}

/// A reader that waits for the peer. If it is gone before that is over, nobody waits.
struct Filling<'a>(&'a Inner);

impl Drop for Filling<'_> {
    fn drop(&mut self) {
        if self.0.filler.take().is_some() {
            self.0.endpoint().iter().for_each(|endpoint| endpoint.stop_reading());
        }
    }
}
