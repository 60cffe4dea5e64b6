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
    /// Whether that one was granted it, and has not come yet.
    is_owed: Cell<bool>,
    holds: Cell<Hold>,
    waiters: RefCell<WaitList<Hold, Hold>>,
    /// Those that were let go, and will be taken back if nobody ends them before.
    away: RefCell<Vec<Hold>>,
}

/// Tells one time that a lock is held from all others, so that a guard knows whether it is still its
/// own.
pub(super) type Hold = u64;

impl Lock {
    /// A lock that is not locked.
    pub const fn new() -> Self {
        Self {
            held: Cell::new(None),
            is_owed: Cell::new(false),
            holds: Cell::new(0),
            waiters: RefCell::new(WaitList::new()),
            away: RefCell::new(Vec::new()),
        }
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

    /// Whether it is locked, or owed to one who has waited.
    pub fn is_locked(&self) -> bool {
        self.held.get().is_some()
    }

    /// Gives it to whoever has waited longest, or unlocks it. It does not suspend.
    ///
    /// # Errors
    ///
    /// [`LockError::NotLocked`]; also if it was released before, and whoever it is for has not come
    /// yet.
    pub fn release(&self) -> Result<(), LockError> {
        self.held().ok_or(LockError::NotLocked)?;
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

    /// How it is held, if somebody has it who could let it go.
    pub(super) fn held(&self) -> Option<Hold> {
        self.held.get().filter(|_| !self.is_owed.get())
    }

    /// Unlocks it for a while.
    pub(super) fn let_go(&self) -> Option<Away<'_>> {
        let hold = self.held()?;
        self.away.borrow_mut().push(hold);
        self.hand_over();
        Some(Away { lock: self, hold })
    }

    /// Whether a hold was away.
    fn forget(&self, hold: Hold) -> bool {
        let mut away = self.away.borrow_mut();
        let place = away.iter().position(|&other| other == hold);
        place.map(|place| away.swap_remove(place)).is_some()
    }

    /// Unlocks it, if it is held as it was then; if that is away, it will not come back. Somebody may
    /// have released it before.
    fn end(&self, hold: Hold) {
        if !self.forget(hold) {
            self.pass_on(hold);
        }
    }

    async fn take(&self, hold: Hold) {
        if !self.try_take(hold) {
            Wait::new(self, hold).await;
            self.is_owed.set(false);
        }
    }

    /// It is the next one's before that one is woken: a waker may be anything.
    fn hand_over(&self) {
        let next = self.waiters.borrow().first().copied();
        self.held.set(next);
        self.is_owed.set(next.is_some());
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

    fn pass_on(&self, hold: Hold) {
        if self.held.get() == Some(hold) {
            self.hand_over();
        }
    }
}

/// A hold that was let go for a while. Dropped, it does not come back.
pub(super) struct Away<'a> {
    lock: &'a Lock,
    hold: Hold,
}

impl Away<'_> {
    /// Locks it; the guard of that hold is valid again. If that was dropped meanwhile, nobody would
    /// unlock it.
    pub(super) async fn take_back(self) {
        self.lock.take(self.hold).await;
        if !self.lock.forget(self.hold) {
            self.lock.pass_on(self.hold);
        }
    }
}

impl Drop for Away<'_> {
    fn drop(&mut self) {
        self.lock.forget(self.hold);
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_locked, waiting) = (self.is_locked(), self.waiting());
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
        self.lock.end(self.hold);
    }
}
