//! Getting items out, and waiting for them.

use std::cell::RefCell;
use std::rc::Rc;

use evergreen_loop::Delay;
use evergreen_task::Timeout;

use super::error::at_least_none;
use super::{Items, QueueError, QueueOf, Storage};
use crate::budget::counts_if;
use crate::wait::{Grants, Wait};
use crate::wait_list::WaitList;

impl<T, S: Storage<T>> QueueOf<T, S> {
    /// Takes the next item, and waits for one if there is none.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost. An item for whoever is killed goes to the next who waits for one, or back to
    /// its place, also if the queue is full by then.
    pub async fn get(&self) -> T {
        counts_if(!self.is_empty()).await;
        match self.get_nowait() {
            Ok(item) => item,
            Err(_) => Wait::new(self, ()).await.1,
        }
    }

    /// Takes the next item, if there is one.
    ///
    /// # Errors
    ///
    /// [`QueueError::Empty`].
    pub fn get_nowait(&self) -> Result<T, QueueError> {
        let next = self.storage.borrow_mut().pop();
        let item = next.ok_or(QueueError::Empty)?;
        self.fill();
        Ok(item)
    }

    /// Takes the next item, and waits for one with a limit. Zero is over after one trip through the
    /// queue of the loop.
    ///
    /// # Errors
    ///
    /// [`QueueError::Empty`] if the limit is over first; [`QueueError::NegativeTimeout`], also if there
    /// is an item.
    ///
    /// # Kill safety
    ///
    /// As [`get`](Self::get).
    pub async fn get_timeout(&self, limit: impl Into<Delay>) -> Result<T, QueueError> {
        let limit = at_least_none(limit)?;
        counts_if(!self.is_empty()).await;
        if let Ok(item) = self.get_nowait() {
            return Ok(item);
        }
        let waited = Timeout::after(limit).run(Wait::new(self, ())).await;
        waited.map(|(_, item)| item).map_err(|_| QueueError::Empty)
    }

    /// The items as a stream, which has no end.
    ///
    /// ```
    /// use evergreen_sync::queue::Queue;
    /// use futures_lite::StreamExt;
    ///
    /// # let event_loop = evergreen_loop::EventLoop::new()?;
    /// # event_loop.block_on(async {
    /// let queue = Queue::new(0);
    /// for number in 1..=4 {
    ///     queue.put(number).await;
    /// }
    /// let squares: Vec<_> = queue.stream().map(|number| number * number).take(3).collect().await;
    /// assert_eq!(squares, [1, 4, 9]);
    /// assert_eq!(queue.len(), 1);
    /// # });
    /// # Ok::<(), evergreen_loop::LoopError>(())
    /// ```
    ///
    /// # Kill safety
    ///
    /// As [`get`](Self::get). Once polled, the stream keeps its place among the getters, and an item that
    /// it was given there, until it is polled again or dropped.
    pub const fn stream(&self) -> Items<&Self, T, S> {
        Items::new(self)
    }

    /// As [`stream`](Self::stream), of a queue that others have, too.
    pub const fn into_stream(self: Rc<Self>) -> Items<Rc<Self>, T, S> {
        Items::new(self)
    }
}

impl<T, S: Storage<T>> Grants for QueueOf<T, S> {
    type Grant = (u64, T);
    type Offer = ();

    fn waiters(&self) -> &RefCell<WaitList<(u64, T)>> {
        &self.getters
    }

    fn pass_on(&self, item: (u64, T)) {
        if let Err((number, item)) = self.grant(item) {
            self.storage.borrow_mut().push(number, item);
        }
    }
}
