//! One at a time.

use std::fmt;

use evergreen_loop::Delay;
use evergreen_task::Timeout;

use super::LockError;
use super::holds::{Away, Holds};
use crate::wait::Grants;

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
pub struct Lock(Holds);

impl Lock {
    /// A lock that is not locked.
    pub const fn new() -> Self {
        Self(Holds::new())
    }

    /// Locks it, and waits if it is locked; always true. It is unlocked by
    /// [`release`](Self::release), not by a kill: [`lock`](Self::lock) has a guard that does it.
    ///
    /// # Kill safety
    ///
    /// Whoever is killed while it waits has not locked it. If it was to be the next, another is.
    pub async fn acquire(&self) -> bool {
        self.take().await;
        true
    }

    /// Locks it if it is not locked and owed to nobody.
    pub fn try_acquire(&self) -> bool {
        self.0.begin(None).is_some()
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
        LockGuard { lock: self, epoch: self.take().await }
    }

    /// Locks it until the guard is dropped, if it is not locked and owed to nobody.
    pub fn try_lock(&self) -> Option<LockGuard<'_>> {
        self.0.begin(None).map(|hold| LockGuard { lock: self, epoch: hold.epoch })
    }

    /// Whether it is locked, or owed to one who has waited.
    pub fn is_locked(&self) -> bool {
        self.0.now().is_some()
    }

    /// Gives it to whoever has waited longest, or unlocks it. It does not suspend.
    ///
    /// # Errors
    ///
    /// [`LockError::NotLocked`]; also if it was released before, and whoever it is for has not come
    /// yet.
    pub fn release(&self) -> Result<(), LockError> {
        let hold = self.0.had().ok_or(LockError::NotLocked)?;
        self.0.leave(hold.epoch, hold.level);
        Ok(())
    }

    /// Unlocks it for a while.
    pub(super) fn let_go(&self) -> Option<Away<'_>> {
        self.0.had().map(|hold| self.0.let_go(hold))
    }

    async fn take(&self) -> u64 {
        match self.0.begin(None) {
            Some(hold) => hold.epoch,
            None => {
                let hold = self.0.wait(None).await;
                self.0.come(hold.epoch, None);
                hold.epoch
            },
        }
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_locked, waiting) = (self.is_locked(), self.0.waiting());
        f.debug_struct("Lock").field("is_locked", &is_locked).field("waiting", &waiting).finish()
    }
}

/// A [`Lock`] that is locked, until this is dropped. If it was released otherwise before, the drop
/// does nothing.
#[must_use = "the lock is released when this is dropped"]
#[derive(Debug)]
pub struct LockGuard<'a> {
    lock: &'a Lock,
    epoch: u64,
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        self.lock.0.leave(self.epoch, 1);
    }
}
