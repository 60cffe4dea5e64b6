//! Writing: at once what there is room for; a task of its own sends the rest.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::{Inner, Phase, StreamCore};
use crate::io::error::StreamError;
use crate::io::outbox::{Outbox, Sends, begin_to_send};
use crate::io::unsent::Unsent;
use crate::source::uninterrupted;

impl StreamCore {
    /// As [`BaseStream::write`](crate::io::BaseStream::write).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn write(&self, bytes: &[u8]) -> Result<bool, StreamError> {
        self.check_open()?;
        self.0.check_writable()?;
        self.0.check_unshut()?;
        self.0.output.check(bytes)?;
        self.0.write(bytes)
    }

    /// As [`BaseStream::flush`](crate::io::BaseStream::flush).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn flush(&self) -> Result<(), StreamError> {
        self.check_open()?;
        self.0.output.flushed().await
    }

    /// As [`BaseStream::shutdown`](crate::io::BaseStream::shutdown).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn shutdown(&self) -> Result<(), StreamError> {
        self.0.check_connected()?;
        self.0.check_writable()?;
        let shut = self.0.shut()?;
        self.0.output.flushed().await?;
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
    fn check_unshut(&self) -> Result<(), StreamError> {
        if self.is_shut.get() { Err(StreamError::ShutDown) } else { Ok(()) }
    }

    /// Nothing more may be written; if whoever wants that gives it up, it may again.
    fn shut(&self) -> Result<Shut<'_>, StreamError> {
        self.check_unshut()?;
        self.is_shut.set(true);
        Ok(Shut(Some(&self.is_shut)))
    }

    fn write(self: &Rc<Self>, bytes: &[u8]) -> Result<bool, StreamError> {
        if self.phase.get() == Phase::New || !self.output.is_empty() {
            self.output.held().push(bytes);
            return Ok(self.output.is_empty());
        }
        let written = self.write_now(bytes).inspect_err(|_| self.close_keeping_input())?;
        if written == bytes.len() {
            return Ok(true);
        }
        self.output.held().push(&bytes[written..]);
        begin_to_send(self)?;
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
}

impl Sends for Inner {
    type Held = Unsent;
    const NAME: &str = "a stream";

    fn outbox(&self) -> &Outbox<Unsent> {
        &self.output
    }

    fn poll_send_all(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Not asked by phase: what was written before the end goes out.
        let Some(endpoint) = self.endpoint.borrow().clone() else { return Poll::Ready(Ok(())) };
        while !self.output.is_empty() {
            let mut held = self.output.held();
            match ready!(endpoint.poll_write(cx, held.first()))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                length => held.consume(length),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn close_unsent(&self) {
        self.close_keeping_input();
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
