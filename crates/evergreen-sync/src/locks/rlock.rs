//! One task at a time, which may enter again.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use evergreen_loop::Delay;
use evergreen_task::Timeout;

use super::LockError;
use super::holds::{Away, Hold, Holds};
use super::owner::Owner;
use crate::wait::Grants;

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
pub struct RLock(Holds);

impl RLock {
    /// A lock that is not locked.
    pub const fn new() -> Self {
        Self(Holds::new())
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
        self.0.leave(hold.epoch, 1);
        Ok(())
    }

    /// How the caller holds it, if it does.
    pub(super) fn owned(&self) -> Option<Hold> {
        self.0.now().filter(|hold| hold.owner == Some(Owner::current()))
    }

    /// Unlocks it for a while, whatever the level.
    pub(super) fn let_go(&self) -> Option<Away<'_>> {
        self.owned().map(|hold| self.0.let_go(hold))
    }

    fn try_enter(&self, owner: Owner) -> Option<u64> {
        let hold = self.0.enter_again(owner).or_else(|| self.0.begin(Some(owner)));
        hold.map(|hold| hold.epoch)
    }

    async fn enter(&self) -> u64 {
        let owner = Owner::current();
        if let Some(epoch) = self.try_enter(owner) {
            return epoch;
        }
        let mut wait = self.0.wait(Some(owner));
        poll_fn(|cx| {
            let (polled, owner) = (Pin::new(&mut wait).poll(cx), Owner::current());
            match polled {
                Poll::Ready(hold) => {
                    self.0.come(hold.epoch, Some(owner));
                    Poll::Ready(hold.epoch)
                },
                // Another future of the same owner may have it by now.
                Poll::Pending => match self.0.enter_again(owner) {
                    Some(hold) => Poll::Ready(hold.epoch),
                    None => Poll::Pending,
                },
            }
        })
        .await
    }
}

impl fmt::Debug for RLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hold = self.0.now();
        let (owner, level) = (hold.and_then(|hold| hold.owner), hold.map_or(0, |hold| hold.level));
        let mut debug = f.debug_struct("RLock");
        debug.field("owner", &owner).field("level", &level);
        debug.field("waiting", &self.0.waiting()).finish()
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
        self.lock.0.leave(self.epoch, 1);
    }
}
