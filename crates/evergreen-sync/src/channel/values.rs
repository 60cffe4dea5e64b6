use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::meeting::Meeting;
use super::receive::Receive;

/// The values of a [`Channel`](super::Channel), and its errors, up to the end. See
/// [`Channel::stream`](super::Channel::stream).
#[must_use = "a stream does nothing unless it is polled"]
pub struct Values<T, E>(
    /// `None` after the end.
    Option<Own<T, E>>,
);

type Own<T, E> = Receive<Rc<Meeting<T, E>>, T, E>;

impl<T, E> Values<T, E> {
    pub(super) const fn new(meeting: Rc<Meeting<T, E>>) -> Self {
        Self(Some(Receive::new(meeting)))
    }
}

impl<T, E> Stream for Values<T, E> {
    type Item = Result<T, E>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T, E>>> {
        let Some(receive) = &mut self.0 else { return Poll::Ready(None) };
        let item = ready!(Pin::new(receive).poll(cx)).into_item();
        if item.is_none() {
            self.0 = None;
        }
        Poll::Ready(item)
    }
}

impl<T, E> FusedStream for Values<T, E> {
    fn is_terminated(&self) -> bool {
        self.0.is_none()
    }
}

impl<T, E> fmt::Debug for Values<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values").field("is_terminated", &self.is_terminated()).finish()
    }
}
