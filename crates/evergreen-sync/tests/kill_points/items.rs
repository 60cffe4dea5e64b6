//! Values of which each is to be received once.

use std::cell::RefCell;
use std::rc::Rc;

/// What became of each item.
#[derive(Clone, Default)]
pub(crate) struct Items(Rc<RefCell<Vec<Fate>>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    UnderWay,
    Received,
    Lost,
}

#[derive(Debug)]
pub(crate) struct Item {
    number: usize,
    items: Items,
}

impl std::fmt::Debug for Items {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.borrow().iter()).finish()
    }
}

impl Items {
    pub(crate) fn make(&self) -> Item {
        let mut fates = self.0.borrow_mut();
        fates.push(Fate::UnderWay);
        Item { number: fates.len() - 1, items: self.clone() }
    }

    /// How many were made.
    pub(crate) fn made(&self) -> usize {
        self.0.borrow().len()
    }

    pub(crate) fn received(&self) -> usize {
        self.count(Fate::Received)
    }

    /// All have come to an end, and at most so many were dropped unread.
    pub(crate) fn assert_lost_at_most(&self, lost: usize) {
        assert_eq!(self.count(Fate::UnderWay), 0, "{self:?}");
        assert!(self.count(Fate::Lost) <= lost, "{self:?}");
    }

    fn count(&self, fate: Fate) -> usize {
        self.0.borrow().iter().filter(|&&other| other == fate).count()
    }
}

impl Item {
    /// It has arrived.
    pub(crate) fn receive(self) {
        let fate = std::mem::replace(&mut self.items.0.borrow_mut()[self.number], Fate::Received);
        assert_eq!(fate, Fate::UnderWay, "item {} is there twice", self.number);
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        let fate = &mut self.items.0.borrow_mut()[self.number];
        if *fate == Fate::UnderWay {
            *fate = Fate::Lost;
        }
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Item {}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Item {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.number.cmp(&other.number)
    }
}
