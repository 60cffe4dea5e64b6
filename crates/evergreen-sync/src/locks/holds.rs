//! How a lock is held by one at a time: taken, handed on, and let go for a while.

use std::cell::{Cell, RefCell};

use super::owner::Owner;
use crate::wait::{Grants, Wait};
use crate::wait_list::WaitList;

/// What [`Lock`](super::Lock) and [`RLock`](super::RLock) have in common.
#[derive(Default)]
pub(super) struct Holds {
    now: Cell<Option<Hold>>,
    /// Whether that was granted, and whoever it is for has not come yet.
    is_owed: Cell<bool>,
    epochs: Cell<u64>,
    waiters: RefCell<WaitList<Hold, Hold>>,
    /// Those that were let go and will be taken back, less the levels that ended meanwhile.
    away: RefCell<Vec<Hold>>,
}

/// One time that a lock is held, or is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold {
    /// Who may enter again, if anybody may.
    pub(super) owner: Option<Owner>,
    pub(super) level: usize,
    /// Tells it from all others, so that a guard knows whether it is still its own.
    pub(super) epoch: u64,
}

impl Holds {
    pub(super) const fn new() -> Self {
        Self {
            now: Cell::new(None),
            is_owed: Cell::new(false),
            epochs: Cell::new(0),
            waiters: RefCell::new(WaitList::new()),
            away: RefCell::new(Vec::new()),
        }
    }

    /// How the lock is held, or owed to one who has waited.
    pub(super) fn now(&self) -> Option<Hold> {
        self.now.get()
    }

    /// How it is held by one who has come.
    pub(super) fn had(&self) -> Option<Hold> {
        self.now().filter(|_| !self.is_owed.get())
    }

    /// Locks it, if it is not held.
    pub(super) fn begin(&self, owner: Option<Owner>) -> Option<Hold> {
        let hold = self.now().is_none().then(|| self.make(owner));
        if hold.is_some() {
            self.now.set(hold);
        }
        hold
    }

    /// Locks it once more, if it is that owner's.
    pub(super) fn enter_again(&self, owner: Owner) -> Option<Hold> {
        let hold = self.now().filter(|hold| hold.owner == Some(owner))?;
        self.hold_at(hold.level + 1, hold);
        Some(hold)
    }

    pub(super) fn wait(&self, owner: Option<Owner>) -> Wait<&Self> {
        Wait::new(self, self.make(owner))
    }

    /// Whoever it was granted to has come: it is that one's, whoever has waited.
    pub(super) fn come(&self, epoch: u64, owner: Option<Owner>) {
        if let Some(hold) = self.held_as(epoch) {
            self.is_owed.set(false);
            self.now.set(Some(Hold { owner, ..hold }));
        }
    }

    /// Goes back so many levels, if it is held as it was then, or will be.
    pub(super) fn leave(&self, epoch: u64, levels: usize) {
        if let Some(hold) = self.held_as(epoch) {
            self.hold_at(hold.level.saturating_sub(levels), hold);
        } else if let Some(hold) = self.forget(epoch) {
            let level = hold.level.saturating_sub(levels);
            self.away.borrow_mut().push(Hold { level, ..hold });
        }
    }

    /// Unlocks it for a while, whatever the level.
    pub(super) fn let_go(&self, hold: Hold) -> Away<'_> {
        self.away.borrow_mut().push(hold);
        self.hand_over();
        Away { holds: self, hold }
    }

    fn make(&self, owner: Option<Owner>) -> Hold {
        self.epochs.set(self.epochs.get() + 1);
        Hold { owner, level: 1, epoch: self.epochs.get() }
    }

    fn held_as(&self, epoch: u64) -> Option<Hold> {
        self.now().filter(|hold| hold.epoch == epoch)
    }

    fn hold_at(&self, level: usize, hold: Hold) {
        match level {
            0 => self.hand_over(),
            level => self.now.set(Some(Hold { level, ..hold })),
        }
    }

    /// It is the next one's before that one is woken: a waker may be anything.
    fn hand_over(&self) {
        let next = self.waiters.borrow().first().copied();
        self.now.set(next);
        self.is_owed.set(next.is_some());
        if let Some(hold) = next {
            self.grant(hold).ok();
        }
    }

    /// A hold that was away.
    fn forget(&self, epoch: u64) -> Option<Hold> {
        let mut away = self.away.borrow_mut();
        let place = away.iter().position(|hold| hold.epoch == epoch)?;
        Some(away.swap_remove(place))
    }
}

impl Grants for Holds {
    type Grant = Hold;
    type Offer = Hold;

    fn waiters(&self) -> &RefCell<WaitList<Hold, Hold>> {
        &self.waiters
    }

    fn pass_on(&self, hold: Hold) {
        if let Some(now) = self.held_as(hold.epoch) {
            // Another future of the owner may have entered on it.
            self.hold_at(now.level.saturating_sub(hold.level), now);
        }
    }
}

/// A hold that was let go for a while. Dropped, it does not come back.
pub(super) struct Away<'a> {
    holds: &'a Holds,
    hold: Hold,
}

impl Away<'_> {
    /// Locks it as it was before, for the same owner. The guards of that time are valid again; what
    /// was dropped of them meanwhile counts.
    pub(super) async fn take_back(self) {
        let Self { holds, hold } = &self;
        if holds.now().is_none() {
            holds.now.set(Some(*hold));
        } else {
            Wait::new(*holds, *hold).await;
            holds.come(hold.epoch, hold.owner);
        }
        let ended = holds.forget(hold.epoch).map_or(0, |still| hold.level - still.level);
        // Another future of the owner may have entered or left on it by now.
        if let Some(now) = holds.held_as(hold.epoch) {
            holds.hold_at(now.level.saturating_sub(ended), now);
        }
    }
}

impl Drop for Away<'_> {
    fn drop(&mut self) {
        self.holds.forget(self.hold.epoch);
    }
}
