//! The one queue of the loop (D-2).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::entry::Entry;

/// Entries in the order they came, and where the current pass ends.
pub(crate) struct Ready {
    queue: RefCell<VecDeque<Entry>>,
    popped: Cell<u64>,
    pass_end: Cell<u64>,
}

/// Places that a queue has from the beginning.
const NEW_QUEUE: usize = 64;

/// Places that a queue keeps when it is empty.
const KEPT_PLACES: usize = 16_384;

/// A burst of a million entries must not hold its memory for ever.
#[inline]
fn release(emptied: &mut VecDeque<Entry>) {
    if emptied.capacity() > KEPT_PLACES {
        *emptied = VecDeque::with_capacity(NEW_QUEUE);
    }
}

impl Ready {
    pub(crate) fn new() -> Self {
        Self {
            queue: RefCell::new(VecDeque::with_capacity(NEW_QUEUE)),
            popped: Cell::new(0),
            pass_end: Cell::new(0),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.borrow().len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.borrow().is_empty()
    }

    /// Inlined, so that an entry is made where it is to stand.
    #[inline(always)]
    pub(crate) fn push(&self, entry: Entry) {
        self.queue.borrow_mut().push_back(entry);
    }

    /// Takes the next entry. If it is the first of a pass, the pass is what stands in the queue now.
    #[inline(always)]
    pub(crate) fn pop(&self) -> Option<Entry> {
        let mut queue = self.queue.borrow_mut();
        if self.at_pass_end() {
            self.pass_end.set(self.popped.get() + queue.len() as u64);
        }
        let Some(entry) = queue.pop_front() else {
            release(&mut queue);
            return None;
        };
        self.popped.set(self.popped.get() + 1);
        Some(entry)
    }

    /// Whether everything has run that was queued when the pass began.
    pub(crate) fn at_pass_end(&self) -> bool {
        self.popped.get() == self.pass_end.get()
    }

    /// How many entries were ever pushed.
    pub(crate) fn pushed(&self) -> u64 {
        self.popped.get() + self.queue.borrow().len() as u64
    }

    /// Takes the newest entry back.
    pub(crate) fn pop_newest(&self) -> Option<Entry> {
        self.queue.borrow_mut().pop_back()
    }
}
