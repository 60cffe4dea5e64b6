//! Putting items in, and waiting for room.

use std::cell::RefCell;

use evergreen_loop::Delay;
use evergreen_task::Timeout;

use super::error::at_least_none;
use super::{Inlet, PutError, QueueError, QueueOf, Storage};
use crate::budget::counts_if;
use crate::wait::{Grants, Wait, Wakes};
use crate::wait_list::WaitList;

impl<T, S: Storage<T>> QueueOf<T, S> {
    /// Puts an item in, and waits for room if there is none.
    ///
    /// # Kill safety
    ///
    /// Whoever is killed while it waits takes its item with it.
    pub async fn put(&self, item: T) {
        counts_if(!self.is_full()).await;
        if let Err(refused) = self.put_nowait(item) {
            self.wait_for_room(refused.item).await;
        }
    }

    /// Puts an item in, if there is room.
    ///
    /// # Errors
    ///
    /// [`QueueError::Full`], with the item.
    pub fn put_nowait(&self, item: T) -> Result<(), PutError<T>> {
        if self.is_full() {
            return Err(full(item));
        }
        self.let_in(item);
        Ok(())
    }

    /// Puts an item in, and waits for room with a limit. Zero is over after one trip through the
    /// queue of the loop.
    ///
    /// # Errors
    ///
    /// [`QueueError::Full`] if the limit is over first; [`QueueError::NegativeTimeout`], also if there
    /// is room. Both with the item.
    ///
    /// # Kill safety
    ///
    /// As [`put`](Self::put).
    pub async fn put_timeout(&self, item: T, limit: impl Into<Delay>) -> Result<(), PutError<T>> {
        let limit = match at_least_none(limit) {
            Ok(limit) => limit,
            Err(error) => return Err(PutError { error, item }),
        };
        counts_if(!self.is_full()).await;
        let Err(refused) = self.put_nowait(item) else { return Ok(()) };
        let mut wait = self.wait_for_room(refused.item);
        if Timeout::after(limit).run(&mut wait).await.is_ok() {
            return Ok(());
        }
        wait.give_up().map_err(full)
    }

    /// Takes items as a sink. One that finds no room waits in the sink, and the sink is ready for the
    /// next when that one is in: `SinkExt::send` does what [`put`](Self::put) does.
    ///
    /// # Kill safety
    ///
    /// An item that still waits is dropped with the sink.
    pub const fn sink(&self) -> Inlet<'_, T, S> {
        Inlet::new(self)
    }

    pub(super) const fn wait_for_room(&self, item: T) -> Wait<&Putters<T>> {
        Wait::new(&self.putters, item)
    }

    /// Lets in whoever has waited longest to put, as long as there is room.
    pub(super) fn fill(&self) {
        while !self.is_full() {
            let Ok((waker, item)) = self.putters.0.borrow_mut().grant_at(0, ()) else { return };
            // A waker may be anything, and find the item in its place.
            let _wakes = Wakes::new(waker);
            self.let_in(item);
        }
    }
}

const fn full<T>(item: T) -> PutError<T> {
    PutError { error: QueueError::Full, item }
}

/// Only while there is no room. Each brings an item.
pub(super) struct Putters<T>(RefCell<WaitList<(), T>>);

impl<T> Putters<T> {
    pub(super) const fn new() -> Self {
        Self(RefCell::new(WaitList::new()))
    }
}

impl<T> Grants for Putters<T> {
    type Grant = ();
    type Offer = T;

    fn waiters(&self) -> &RefCell<WaitList<(), T>> {
        &self.0
    }

    /// Its item is in.
    fn pass_on(&self, (): ()) {}
}
