//! One task at a time, which may enter again.

use std::cell::{Cell, RefCell};
use std::fmt;

use evergreen_loop::Delay;
use evergreen_task::Timeout;

use super::LockError;
use super::owner::Owner;
use crate::wait::{Grants, Wait};
use crate::wait_list::WaitList;

/// A lock that its owner may enter again: it is unlocked when it was released as often as it was
/// acquired.
///
/// The owner is a task; the futures that one task polls side by side, in a `join!`, are one owner.
/// All callbacks of a loop are one owner, too, and so is what a `block_on` runs. If a task ends and
/// has not released what it acquired, the lock stays locked for ever; guards make that rare.
///
/// ```
/// use evergreen_sync::locks::{LockError, RLock};
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let lock = RLock::new();
/// let outer = lock.lock().await;
/// let within = lock.lock().await; // at once: it is ours
/// drop((outer, within));
/// assert_eq!(lock.release(), Err(LockError::NotOwner));
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// The counterpart of Python evergreen's `RLock`, fair as [`Lock`](super::Lock) is.
#[derive(Default)]
pub struct RLock {
    held: Cell<Option<Hold>>,
    holds: Cell<u64>,
    waiters: RefCell<WaitList<Hold, Hold>>,
}

/// How it is held, or is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold {
    owner: Owner,
    level: usize,
    /// Tells one time that it is held from all others, so that a guard knows whether it is still
    /// its own.
    epoch: u64,
}

impl RLock {
    /// A lock that is not locked.
    pub const fn new() -> Self {
        let waiters = RefCell::new(WaitList::new());
        Self { held: Cell::new(None), holds: Cell::new(0), waiters }
    }

    /// Locks it, and waits if another has it; always true. Its owner enters at once. It is unlocked
    /// by as many [`release`](Self::release)s, not by a kill: [`lock`](Self::lock) has a guard that
    /// does it.
    ///
    /// # Kill safety
    ///
    /// Whoever is killed while it waits has not locked it. If it was to be the next, another is.
    pub async fn acquire(&self) -> bool {
        self.enter().await;
        true
    }

    /// Locks it if nobody else has it or is owed it.
    pub fn try_acquire(&self) -> bool {
        self.try_enter(Owner::current()).is_some()
    }

    /// Locks it, and waits with a limit; false if that is over first. Zero is over after one trip
    /// through the queue, a negative limit never.
    ///
    /// # Kill safety
    ///
    /// As [`acquire`](Self::acquire).
    pub async fn acquire_timeout(&self, limit: impl Into<Delay>) -> bool {
        Timeout::after(limit).run(self.enter()).await.is_ok()
    }

    /// Locks it until the guard is dropped, or once more.
    ///
    /// # Kill safety
    ///
    /// As [`acquire`](Self::acquire); whoever is killed later drops the guard.
    pub async fn lock(&self) -> RLockGuard<'_> {
        RLockGuard { lock: self, epoch: self.enter().await }
    }

    /// Locks it until the guard is dropped, or once more, if nobody else has it or is owed it.
    pub fn try_lock(&self) -> Option<RLockGuard<'_>> {
        self.try_enter(Owner::current()).map(|epoch| RLockGuard { lock: self, epoch })
    }

    /// Goes back one level. From the last the lock goes to whoever has waited longest, or is
    /// unlocked. It does not suspend.
    ///
    /// # Errors
    ///
    /// [`LockError::NotOwner`] if the caller does not have it, whether another has it or nobody.
    pub fn release(&self) -> Result<(), LockError> {
        let hold = self.owned().ok_or(LockError::NotOwner)?;
        self.leave(hold.epoch, 1);
        Ok(())
    }

    /// How the caller holds it, if it does.
    pub(super) fn owned(&self) -> Option<Hold> {
        self.held.get().filter(|hold| hold.owner == Owner::current())
    }

    /// Unlocks it, whatever the level. What is given back is for [`take_back`](Self::take_back).
    pub(super) fn let_go(&self) -> Option<Hold> {
        let hold = self.owned()?;
        self.hand_over();
        Some(hold)
    }

    /// Locks it as it was before, for the same owner. The guards of that time are valid again.
    pub(super) async fn take_back(&self, hold: Hold) {
        if self.held.get().is_none() {
            self.held.set(Some(hold));
        } else {
            Wait::new(self, hold).await;
        }
    }

    async fn enter(&self) -> u64 {
        let owner = Owner::current();
        match self.try_enter(owner) {
            Some(epoch) => epoch,
            None => Wait::new(self, self.new_hold(owner)).await.epoch,
        }
    }

    fn try_enter(&self, owner: Owner) -> Option<u64> {
        let hold = match self.held.get() {
            None => self.new_hold(owner),
            Some(hold) if hold.owner == owner => Hold { level: hold.level + 1, ..hold },
            Some(_) => return None,
        };
        self.held.set(Some(hold));
        Some(hold.epoch)
    }

    fn new_hold(&self, owner: Owner) -> Hold {
        self.holds.set(self.holds.get() + 1);
        Hold { owner, level: 1, epoch: self.holds.get() }
    }

    /// Goes back so many levels, if it is still held as it was then.
    fn leave(&self, epoch: u64, levels: usize) {
        let Some(hold) = self.held.get().filter(|hold| hold.epoch == epoch) else { return };
        match hold.level.saturating_sub(levels) {
            0 => self.hand_over(),
            level => self.held.set(Some(Hold { level, ..hold })),
        }
    }

    /// It is the next one's before that one is woken: a waker may be anything.
    fn hand_over(&self) {
        let next = self.waiters.borrow().first().copied();
        self.held.set(next);
        if let Some(hold) = next {
            self.grant(hold).ok();
        }
    }
}

impl Grants for RLock {
    type Grant = Hold;
    type Offer = Hold;

    fn waiters(&self) -> &RefCell<WaitList<Hold, Hold>> {
        &self.waiters
    }

    fn pass_on(&self, hold: Hold) {
        self.leave(hold.epoch, hold.level);
    }
}

impl fmt::Debug for RLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hold = self.held.get();
        let (owner, level) = (hold.map(|hold| hold.owner), hold.map_or(0, |hold| hold.level));
        let mut debug = f.debug_struct("RLock");
        debug.field("owner", &owner).field("level", &level);
        debug.field("waiting", &self.waiting()).finish()
    }
}

/// One level of an [`RLock`], until this is dropped: on behalf of the owner, whoever drops it. If
/// that level is gone by then, the drop does nothing.
#[must_use = "the lock is released when this is dropped"]
#[derive(Debug)]
pub struct RLockGuard<'a> {
    lock: &'a RLock,
    epoch: u64,
}

impl Drop for RLockGuard<'_> {
    fn drop(&mut self) {
        self.lock.leave(self.epoch, 1);
    }
}
