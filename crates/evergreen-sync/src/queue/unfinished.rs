//! How many items are not reported as done, and those who wait until none is left.

use std::cell::Cell;

use crate::event::Event;

pub(super) struct Unfinished {
    count: Cell<usize>,
    /// Set for a moment when none is left.
    none: Event,
}

impl Unfinished {
    pub(super) const fn new() -> Self {
        Self { count: Cell::new(0), none: Event::new() }
    }

    pub(super) fn count(&self) -> usize {
        self.count.get()
    }

    pub(super) fn add_one(&self) {
        self.count.set(self.count() + 1);
    }

    /// `None` if there is none.
    pub(super) fn take_one(&self) -> Option<()> {
        let left = self.count().checked_sub(1)?;
        self.count.set(left);
        if left == 0 {
            self.none.set();
            self.none.clear();
        }
        Some(())
    }

    pub(super) async fn none_left(&self) {
        // More may have come in before it is this one's turn.
        while self.count() > 0 {
            self.none.wait().await;
        }
    }
}
