use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use evergreen_loop::build::poll_budget;
use futures_core::Stream;

use super::{QueueOf, Storage};
use crate::wait::Wait;

/// The items of a queue, without an end. See [`QueueOf::stream`].
#[must_use = "a stream does nothing unless it is polled"]
pub struct Items<Q: Deref<Target = QueueOf<T, S>>, T, S: Storage<T>> {
    queue: Q,
    wait: Option<Wait<Q>>,
}

impl<Q: Deref<Target = QueueOf<T, S>>, T, S: Storage<T>> Items<Q, T, S> {
    pub(super) const fn new(queue: Q) -> Self {
        Self { queue, wait: None }
    }
}

impl<Q: Deref<Target = QueueOf<T, S>>, T, S: Storage<T>> Unpin for Items<Q, T, S> {}

impl<Q, T, S> Stream for Items<Q, T, S>
where
    Q: Deref<Target = QueueOf<T, S>> + Clone,
    S: Storage<T>,
{
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let Self { queue, wait } = &mut *self;
        if wait.is_none() && !queue.is_empty() {
            ready!(poll_budget(cx));
            if let Ok(item) = queue.get_nowait() {
                return Poll::Ready(Some(item));
            }
        }
        let place = wait.get_or_insert_with(|| Wait::new(queue.clone(), ()));
        let (_, item) = ready!(Pin::new(place).poll(cx));
        *wait = None;
        Poll::Ready(Some(item))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

impl<Q: Deref<Target = QueueOf<T, S>>, T, S: Storage<T>> fmt::Debug for Items<Q, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Items").field(&*self.queue).finish()
    }
}
