use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use evergreen_loop::build::poll_budget;
use futures_sink::Sink;

use super::put::Putters;
use super::{QueueOf, Storage};
use crate::wait::Wait;

/// Puts items into a queue. See [`QueueOf::sink`].
#[must_use = "a sink does nothing unless items are sent to it"]
pub struct Inlet<'a, T, S> {
    queue: &'a QueueOf<T, S>,
    /// With an item for which there was no room.
    wait: Option<Wait<&'a Putters<T>>>,
}

impl<'a, T, S: Storage<T>> Inlet<'a, T, S> {
    pub(super) const fn new(queue: &'a QueueOf<T, S>) -> Self {
        Self { queue, wait: None }
    }

    /// Ready when no item waits for room.
    fn poll_put(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if let Some(wait) = &mut self.wait {
            if Pin::new(&mut *wait).poll(cx).is_pending() {
                // There may be room by now: it was not in line since it was sent.
                self.queue.fill();
                ready!(Pin::new(wait).poll(cx));
            }
            self.wait = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T, S> Unpin for Inlet<'_, T, S> {}

impl<T, S: Storage<T>> Sink<T> for Inlet<'_, T, S> {
    type Error = Infallible;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.wait.is_none() {
            return poll_budget(cx).map(Ok);
        }
        self.poll_put(cx)
    }

    /// # Panics
    ///
    /// If the item that was sent before still waits for room: `poll_ready` tells.
    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), Infallible> {
        assert!(self.wait.is_none(), "an item was sent to a queue's sink that was not ready");
        if let Err(refused) = self.queue.put_nowait(item) {
            self.wait = Some(self.queue.wait_for_room(refused.item));
        }
        Ok(())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.poll_put(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.poll_put(cx)
    }
}

impl<T, S: Storage<T>> fmt::Debug for Inlet<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Inlet").field(self.queue).finish()
    }
}
