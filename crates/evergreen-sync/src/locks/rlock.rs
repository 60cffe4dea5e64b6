//! One task at a time, which may enter again.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

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
    /// Those that were let go, and will be taken back if nobody ends them before.
    away: RefCell<Vec<Hold>>,
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
        Self {
            held: Cell::new(None),
            holds: Cell::new(0),
            waiters: RefCell::new(WaitList::new()),
            away: RefCell::new(Vec::new()),
        }
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

    /// Unlocks it for a while, whatever the level.
    pub(super) fn let_go(&self) -> Option<Away<'_>> {
        let hold = self.owned()?;
        self.away.borrow_mut().push(hold);
        self.hand_over();
        Some(Away { lock: self, epoch: hold.epoch })
    }

    /// A hold that was away, less the levels that were left meanwhile.
    fn forget(&self, epoch: u64) -> Option<Hold> {
        let mut away = self.away.borrow_mut();
        let place = away.iter().position(|hold| hold.epoch == epoch)?;
        Some(away.swap_remove(place))
    }

    async fn enter(&self) -> u64 {
        let owner = Owner::current();
        if let Some(epoch) = self.try_enter(owner) {
            return epoch;
        }
        let mut wait = Wait::new(self, self.new_hold(owner));
        poll_fn(|cx| match Pin::new(&mut wait).poll(cx) {
            Poll::Ready(hold) => Poll::Ready(self.come_in(hold.epoch)),
            // Another future of the same owner may have it by now.
            Poll::Pending => self.enter_again().map_or(Poll::Pending, Poll::Ready),
        })
        .await
    }

    /// It is the one's who comes, whoever has waited.
    fn come_in(&self, epoch: u64) -> u64 {
        if let Some(hold) = self.held_as(epoch) {
            self.held.set(Some(Hold { owner: Owner::current(), ..hold }));
        }
        epoch
    }

    fn enter_again(&self) -> Option<u64> {
        let owner = self.held.get()?.owner;
        if owner == Owner::current() { self.try_enter(owner) } else { None }
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

    /// Goes back so many levels, if it is held as it was then, or will be.
    fn leave(&self, epoch: u64, levels: usize) {
        if let Some(hold) = self.held_as(epoch) {
            self.hold_at(hold.level.saturating_sub(levels), hold);
        } else if let Some(hold) = self.forget(epoch) {
            let level = hold.level.saturating_sub(levels);
            self.away.borrow_mut().push(Hold { level, ..hold });
        }
    }

    fn held_as(&self, epoch: u64) -> Option<Hold> {
        self.held.get().filter(|hold| hold.epoch == epoch)
    }

    fn hold_at(&self, level: usize, hold: Hold) {
        match level {
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
        if let Some(held) = self.held_as(hold.epoch) {
            // Another future of the owner may have entered on it.
            self.hold_at(held.level.saturating_sub(hold.level), held);
        }
    }
}

/// A hold that was let go for a while. Dropped, it does not come back.
pub(super) struct Away<'a> {
    lock: &'a RLock,
    epoch: u64,
}

impl Away<'_> {
    /// Locks it as it was before, for the same owner. The guards of that time are valid again; what
    /// was dropped of them meanwhile counts.
    pub(super) async fn take_back(self) {
        let Self { lock, epoch } = &self;
        let hold = lock.away.borrow().iter().find(|hold| hold.epoch == *epoch).copied();
        let hold = hold.expect("away until it is taken back");
        if lock.held.get().is_none() {
            lock.held.set(Some(hold));
        } else {
            Wait::new(*lock, hold).await;
        }
        let left = lock.forget(*epoch).map_or(0, |still| hold.level - still.level);
        // Another future of the owner may have entered or left on it by now.
        if let Some(held) = lock.held_as(*epoch) {
            lock.hold_at(held.level.saturating_sub(left), held);
        }
    }
}

impl Drop for Away<'_> {
    fn drop(&mut self) {
        self.lock.forget(self.epoch);
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
