use std::cell::{Cell, RefCell};
use std::fmt;

use super::put::Putters;
use super::unfinished::Unfinished;
use super::{QueueError, Storage};
use crate::wait::Grants;
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
    pub(super) storage: RefCell<S>,
    /// The number of the next item that comes in.
    number: Cell<u64>,
    unfinished: Unfinished,
    /// Only while there is no item. Each is granted one, with its number.
    pub(super) getters: RefCell<WaitList<(u64, T)>>,
    pub(super) putters: Putters<T>,
}

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
            putters: Putters::new(),
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

    /// There is room: gives the item its number, and its place.
    pub(super) fn let_in(&self, item: T) {
        let number = self.number.get();
        self.number.set(number + 1);
        self.unfinished.add_one();
        self.pass_on((number, item));
    }
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
