use std::cell::{Cell, RefCell};
use std::fmt;

use evergreen_loop::Delay;
use evergreen_task::Timeout;

use super::unfinished::Unfinished;
use super::{PutError, QueueError, Storage};
use crate::budget::counts_if;
use crate::wait::{Grants, Wait};
use crate::wait_list::WaitList;

/// What [`Queue`](super::Queue), [`PriorityQueue`](super::PriorityQueue) and [`LifoQueue`](super::LifoQueue) have in common: items that tasks put in and
/// get out, and a count of those that are not done.
///
/// Those who wait to get, and those who wait to put, are served in the order of coming. An item goes
/// straight to whoever waits for one; from then on it is not in the queue any more.
///
/// The counterpart of Python evergreen's `Queue`. Other threads put by
/// [`call_from_thread`](evergreen_loop::LoopRemote::call_from_thread).
pub struct QueueOf<T, S> {
    maxsize: usize,
    storage: RefCell<S>,
    /// The number of the next item that comes in.
    number: Cell<u64>,
    unfinished: Unfinished,
    /// Only while there is no item. Each is granted one, with its number.
    getters: RefCell<WaitList<(u64, T)>>,
    putters: Putters<T>,
}

/// Only while there is no room. Each brings an item.
struct Putters<T>(RefCell<WaitList<(), T>>);

impl<T, S: Storage<T> + Default> QueueOf<T, S> {
    /// A queue for so many items; zero is no limit.
    pub fn new(maxsize: usize) -> Self {
        Self::with_storage(maxsize, S::default())
    }
}

impl<T, S: Storage<T>> QueueOf<T, S> {
    /// A queue with a storage of one's own.
    pub const fn with_storage(maxsize: usize, storage: S) -> Self {
        Self {
            maxsize,
            storage: RefCell::new(storage),
            number: Cell::new(0),
            unfinished: Unfinished::new(),
            getters: RefCell::new(WaitList::new()),
            putters: Putters(RefCell::new(WaitList::new())),
        }
    }

    /// How many items there may be; zero is no limit.
    pub const fn maxsize(&self) -> usize {
        self.maxsize
    }

    /// How many items there are. One more than there may be, for each that has come back because its
    /// getter was killed.
    pub fn len(&self) -> usize {
        self.storage.borrow().len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room.
    pub fn is_full(&self) -> bool {
        self.maxsize > 0 && self.len() >= self.maxsize
    }

    /// Puts an item in, and waits for room if there is none.
    ///
    /// # Kill safety
    ///
    /// Whoever is killed while it waits takes its item with it.
    pub async fn put(&self, item: T) {
        counts_if(!self.is_full()).await;
        if let Err(refused) = self.put_nowait(item) {
            Wait::new(&self.putters, refused.item).await;
        }
    }

    /// Puts an item in, if there is room.
    ///
    /// # Errors
    ///
    /// [`QueueError::Full`], with the item.
    pub fn put_nowait(&self, item: T) -> Result<(), PutError<T>> {
        if self.is_full() {
            return Err(PutError::full(item));
        }
        self.let_in(item);
        Ok(())
    }

    /// Puts an item in, and waits for room with a limit. Zero is over after one trip through the
    /// queue of the loop.
    ///
    /// # Errors
    ///
    /// [`QueueError::Full`] if the limit is over first, [`QueueError::NegativeTimeout`] in any case;
    /// with the item.
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
        let mut wait = Wait::new(&self.putters, refused.item);
        if Timeout::after(limit).run(&mut wait).await.is_ok() {
            return Ok(());
        }
        wait.give_up().map_err(PutError::full)
    }

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
    /// [`QueueError::Empty`] if the limit is over first, [`QueueError::NegativeTimeout`] in any case.
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

    /// How many items came in and are not reported as done.
    pub fn unfinished(&self) -> usize {
        self.unfinished.count()
    }

    /// Reports an item as done. It does not suspend; with the last one, all who
    /// [`join`](Self::join) are woken.
    ///
    /// # Errors
    ///
    /// [`QueueError::TaskDoneTooOften`] if there is none to be done.
    pub fn task_done(&self) -> Result<(), QueueError> {
        self.unfinished.take_one().ok_or(QueueError::TaskDoneTooOften)
    }

    /// Waits until all items that came in are reported as done. If they are there is no trip through
    /// the loop.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost.
    pub async fn join(&self) {
        self.unfinished.none_left().await;
    }

    /// There is room.
    fn let_in(&self, item: T) {
        let number = self.number.get();
        self.number.set(number + 1);
        self.unfinished.add_one();
        self.pass_on((number, item));
    }

    /// Lets in whoever has waited longest to put, as long as there is room.
    fn fill(&self) {
        while !self.is_full() {
            let Ok((waker, item)) = self.putters.0.borrow_mut().grant(()) else { return };
            // A waker may be anything, and find it in its place.
            self.let_in(item);
            waker.wake();
        }
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

impl<T> Grants for Putters<T> {
    type Grant = ();
    type Offer = T;

    fn waiters(&self) -> &RefCell<WaitList<(), T>> {
        &self.0
    }

    /// Its item is in.
    fn pass_on(&self, (): ()) {}
}

impl<T, S: Storage<T>> fmt::Debug for QueueOf<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("len", &self.len())
            .field("maxsize", &self.maxsize)
            .field("unfinished", &self.unfinished())
            .field("getters", &self.waiting())
            .field("putters", &self.putters.waiting())
            .finish()
    }
}

fn at_least_none(limit: impl Into<Delay>) -> Result<Delay, QueueError> {
    let limit = limit.into();
    if limit.is_negative() { Err(QueueError::NegativeTimeout) } else { Ok(limit) }
}
