//! Writing: at once what there is room for; a task of its own sends the rest.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use evergreen_loop::{ErrorContext, ErrorOrigin, EventLoop};
use evergreen_sync::Event;
use evergreen_task::{KillOnDrop, spawn};

use super::{Inner, Phase, StreamCore};
use crate::io::MAX_BUFFER;
use crate::io::byte_queue::ByteQueue;
use crate::io::error::StreamError;
use crate::source::uninterrupted;

/// What is written and not out yet.
pub(super) struct Output {
    held: RefCell<ByteQueue>,
    limit: Cell<usize>,
    is_shut: Cell<bool>,
    /// Wakes whoever waits until nothing is held.
    drained: Event,
    /// Sends what is held.
    task: Cell<Option<KillOnDrop<()>>>,
}

impl StreamCore {
    /// As [`BaseStream::write`](crate::io::BaseStream::write).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn write(&self, bytes: &[u8]) -> Result<bool, StreamError> {
        self.check_open()?;
        self.0.check_writable()?;
        self.0.output.check(bytes.len())?;
        self.0.write(bytes)
    }

    /// As [`BaseStream::flush`](crate::io::BaseStream::flush).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn flush(&self) -> Result<(), StreamError> {
        self.check_open()?;
        self.0.output.flushed().await;
        Ok(())
    }

    /// As [`BaseStream::shutdown`](crate::io::BaseStream::shutdown).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn shutdown(&self) -> Result<(), StreamError> {
        self.0.check_connected()?;
        self.0.check_writable()?;
        let shut = self.0.output.shut()?;
        self.0.output.flushed().await;
        let endpoint = self.0.endpoint()?;
        if !endpoint.interest().is_readable() {
            // There is no other direction.
            self.close();
            return Ok(());
        }
        match endpoint.end() {
            // A connection that is gone has ended already.
            Err(error) if error.kind() != io::ErrorKind::NotConnected => Err(error.into()),
            _ => {
                shut.stays();
                Ok(())
            },
        }
    }
}

impl Inner {
    fn write(self: &Rc<Self>, bytes: &[u8]) -> Result<bool, StreamError> {
        if self.phase.get() == Phase::New || !self.output.is_empty() {
            self.output.push(bytes);
            return Ok(self.output.is_empty());
        }
        let written = self.write_now(bytes).inspect_err(|_| self.close())?;
        if written == bytes.len() {
            return Ok(true);
        }
        self.output.push(&bytes[written..]);
        self.begin_to_drain();
        Ok(false)
    }

    /// How much there was room for.
    fn write_now(&self, bytes: &[u8]) -> Result<usize, StreamError> {
        let endpoint = self.endpoint()?;
        let mut written = 0;
        while written < bytes.len() {
            match uninterrupted(|| endpoint.try_write(&bytes[written..])) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(length) => written += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(written)
    }

    pub(super) fn begin_to_drain(self: &Rc<Self>) {
        let stream = Rc::downgrade(self);
        let drain = poll_fn(move |cx| match stream.upgrade() {
            Some(stream) => stream.poll_drain(cx),
            None => Poll::Ready(()),
        });
        self.output.task.set(Some(spawn(drain).kill_on_drop()));
    }

    fn poll_drain(&self, cx: &mut Context<'_>) -> Poll<()> {
        if let Err(error) = ready!(self.poll_write_all(cx)) {
            report(&error);
            self.close_keeping_input();
        }
        self.output.tell_drained();
        Poll::Ready(())
    }

    fn poll_write_all(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Not asked by phase: what was written before the end goes out.
        let Some(endpoint) = self.endpoint.borrow().clone() else { return Poll::Ready(Ok(())) };
        while !self.output.is_empty() {
            let mut held = self.output.held.borrow_mut();
            match ready!(endpoint.poll_write(cx, held.as_slice()))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                length => held.consume(length),
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Nobody waits for what was written: the loop is told.
fn report(error: &io::Error) {
    if let Some(event_loop) = EventLoop::try_current() {
        let message = format!("a stream is closed: what was written could not be sent: {error}");
        event_loop.call_exception_handler(&ErrorContext::new(ErrorOrigin::Stream).saying(message));
    }
}

impl Output {
    pub(super) fn len(&self) -> usize {
        self.held.borrow().len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn set_limit(&self, limit: usize) {
        self.limit.set(limit);
    }

    /// Whether so much may be written.
    fn check(&self, length: usize) -> Result<(), StreamError> {
        if self.is_shut.get() {
            return Err(StreamError::ShutDown);
        }
        if self.len() + length >= self.limit.get() {
            return Err(StreamError::BufferFull { limit: self.limit.get() });
        }
        Ok(())
    }

    fn push(&self, bytes: &[u8]) {
        self.held.borrow_mut().push(bytes);
    }

    fn tell_drained(&self) {
        self.drained.set();
        self.drained.clear();
    }

    /// Waits until nothing is held.
    pub(super) async fn flushed(&self) {
        while !self.is_empty() {
            self.drained.wait().await;
        }
    }

    pub(super) fn close(&self) {
        self.forget();
        drop(self.task.take());
    }

    /// What is held is lost.
    pub(super) fn forget(&self) {
        let length = self.len();
        self.held.borrow_mut().consume(length);
        self.tell_drained();
    }

    /// Nothing more may be written; if whoever wants that gives it up, it may again.
    fn shut(&self) -> Result<Shut<'_>, StreamError> {
        if self.is_shut.replace(true) {
            return Err(StreamError::ShutDown);
        }
        Ok(Shut(Some(&self.is_shut)))
    }
}

struct Shut<'a>(Option<&'a Cell<bool>>);

impl Shut<'_> {
    fn stays(mut self) {
        self.0 = None;
    }
}

impl Drop for Shut<'_> {
    fn drop(&mut self) {
        if let Some(is_shut) = self.0 {
            is_shut.set(false);
        }
    }
}

impl Default for Output {
    fn default() -> Self {
        Self {
            held: RefCell::default(),
            limit: Cell::new(MAX_BUFFER),
            is_shut: Cell::new(false),
            drained: Event::new(),
            task: Cell::new(None),
        }
    }
}
