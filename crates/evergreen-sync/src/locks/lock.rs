//! One at a time.

use std::cell::{Cell, RefCell};
use std::fmt;

use evergreen_loop::Delay;
use evergreen_task::Timeout;

use super::LockError;
use crate::wait::{Grants, Wait};
use crate::wait_list::WaitList;

/// Lets one task through at a time.
///
/// Any task may release it. Where it guards a value, a [`Mutex`](crate::Mutex) has both in one.
///
/// ```
/// use evergreen_sync::locks::{Lock, LockError};
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let lock = Lock::new();
/// let guard = lock.lock().await;
/// assert!(!lock.try_acquire());
/// drop(guard);
/// assert!(lock.acquire().await);
/// lock.release()?;
/// assert_eq!(lock.release(), Err(LockError::NotLocked));
/// # Ok::<(), LockError>(())
/// # }).unwrap();
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// asyncio's `Lock`, fair: one that is released while others wait is the first one's from that
/// moment on.
#[derive(Default)]
pub struct Lock {
    held: Cell<Option<Hold>>,
    holds: Cell<Hold>,
    waiters: RefCell<WaitList<Hold, Hold>>,
}

/// Tells one time that a lock is held from all others, so that a guard knows whether it is still its
/// own.
pub(super) type Hold = u64;

impl Lock {
    /// A lock that is not locked.
    pub const fn new() -> Self {
        let waiters = RefCell::new(WaitList::new());
        Self { held: Cell::new(None), holds: Cell::new(0), waiters }
    }

    /// Locks it, and waits if it is locked; always true. It is unlocked by
    /// [`release`](Self::release), not by a kill: [`lock`](Self::lock) has a guard that does it.
    ///
    /// # Kill safety
    ///
    /// Whoever is killed while it waits has not locked it. If it was to be the next, another is.
    pub async fn acquire(&self) -> bool {
        let hold = self.new_hold();
        self.take(hold).await;
        true
    }

    /// Locks it if it is not locked and owed to nobody.
    pub fn try_acquire(&self) -> bool {
        let hold = self.new_hold();
        self.try_take(hold)
    }

    /// Locks it, and waits with a limit; false if that is over first. Zero is over after one trip
    /// through the queue, a negative limit never.
    ///
    /// # Kill safety
    ///
    /// As [`acquire`](Self::acquire).
    pub async fn acquire_timeout(&self, limit: impl Into<Delay>) -> bool {
        Timeout::after(limit).run(self.acquire()).await.is_ok()
    }

    /// Locks it until the guard is dropped.
    ///
    /// # Kill safety
    ///
    /// As [`acquire`](Self::acquire); whoever is killed later drops the guard.
    pub async fn lock(&self) -> LockGuard<'_> {
        let hold = self.new_hold();
        self.take(hold).await;
        LockGuard { lock: self, hold }
    }

    /// Locks it until the guard is dropped, if it is not locked and owed to nobody.
    pub fn try_lock(&self) -> Option<LockGuard<'_>> {
        let hold = self.new_hold();
        self.try_take(hold).then(|| LockGuard { lock: self, hold })
    }

    /// Gives it to whoever has waited longest, or unlocks it. It does not suspend.
    ///
    /// # Errors
    ///
    /// [`LockError::NotLocked`].
    pub fn release(&self) -> Result<(), LockError> {
        self.held.get().ok_or(LockError::NotLocked)?;
        self.hand_over();
        Ok(())
    }

    fn new_hold(&self) -> Hold {
        self.holds.set(self.holds.get() + 1);
        self.holds.get()
    }

    fn try_take(&self, hold: Hold) -> bool {
        let is_free = self.held.get().is_none();
        if is_free {
            self.held.set(Some(hold));
        }
        is_free
    }

    pub(super) fn held(&self) -> Option<Hold> {
        self.held.get()
    }

    /// Unlocks it. What is given back is for [`take`](Self::take).
    pub(super) fn let_go(&self) -> Option<Hold> {
        let hold = self.held.get()?;
        self.hand_over();
        Some(hold)
    }

    /// Locks it; the guards of that hold are valid from then on.
    pub(super) async fn take(&self, hold: Hold) {
        if !self.try_take(hold) {
            Wait::new(self, hold).await;
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

impl Grants for Lock {
    type Grant = Hold;
    type Offer = Hold;

    fn waiters(&self) -> &RefCell<WaitList<Hold, Hold>> {
        &self.waiters
    }

    /// Also for a guard that is dropped: somebody may have released its hold before.
    fn pass_on(&self, hold: Hold) {
        if self.held.get() == Some(hold) {
            self.hand_over();
        }
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_locked, waiting) = (self.held.get().is_some(), self.waiting());
        f.debug_struct("Lock").field("is_locked", &is_locked).field("waiting", &waiting).finish()
    }
}

/// A [`Lock`] that is locked, until this is dropped. If it was released otherwise before, the drop
/// does nothing.
#[must_use = "the lock is released when this is dropped"]
#[derive(Debug)]
pub struct LockGuard<'a> {
    lock: &'a Lock,
    hold: Hold,
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        self.lock.pass_on(self.hold);
    }
}
