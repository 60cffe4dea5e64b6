//! Waiting until a state is what is needed.

use std::fmt;
use std::rc::Rc;

use evergreen_loop::Delay;
use evergreen_task::{Armed, Timeout};

use super::any_lock::{AnyLock, ConditionGuard};
use super::notices::{Notice, Notices};
use super::{LockError, RLock};
use crate::wait::Grants;

/// Where tasks that hold a lock wait for what others do under it.
///
/// Waiting lets the lock go; whoever is notified has it again before it goes on. Between two
/// `await`s nobody else runs, so that many a program needs no lock to look at its state, and an
/// [`Event`](crate::Event) to tell of it.
///
/// ```
/// use evergreen_sync::locks::Condition;
/// use evergreen_task::spawn;
/// use std::{cell::Cell, rc::Rc};
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let (oven, loaves) = (Rc::new(Condition::new()), Rc::new(Cell::new(0)));
/// let (warms, baked) = (Rc::clone(&oven), Rc::clone(&loaves));
/// let baker = spawn(async move {
///     let _guard = warms.lock().await;
///     baked.set(3);
///     warms.notify(1)
/// });
/// let guard = oven.lock().await;
/// assert!(oven.wait_for(|| loaves.get() > 2, None).await?);
/// drop(guard);
/// # baker.await.expect("neither killed nor panicked")
/// # }).unwrap();
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// The counterpart of Python evergreen's `Condition`, where a notification is never lost to one who
/// has given up.
///
/// A wait that is killed or dropped cannot take its lock back: a destructor cannot wait. The lock
/// stays released, and its guard knows that it holds nothing. A guard that is dropped before its wait
/// is over counts: the wait comes back without the lock then. Of the slots of a semaphore none knows
/// its guard: under one that has several, have all of them by [`lock`](Self::lock) or all by
/// [`acquire`](Self::acquire), and keep no guard whose wait was dropped.
pub struct Condition {
    lock: AnyLock,
    notices: Notices,
}

impl Condition {
    /// A condition over an [`RLock`] of its own.
    pub fn new() -> Self {
        Self::with_lock(Rc::new(RLock::new()))
    }

    /// A condition over this lock, which it may share with other conditions.
    pub fn with_lock(lock: impl Into<AnyLock>) -> Self {
        Self { lock: lock.into(), notices: Notices::new() }
    }

    /// Locks the lock, and waits if another has it; always true.
    ///
    /// # Kill safety
    ///
    /// Whoever is killed while it waits has not locked it. If it was to be the next, another is.
    pub async fn acquire(&self) -> bool {
        self.lock.acquire().await
    }

    /// Locks the lock if nobody else has it or is owed it.
    pub fn try_acquire(&self) -> bool {
        self.lock.try_acquire()
    }

    /// Locks the lock, and waits with a limit; false if that is over first. Zero is over after one
    /// trip through the queue, a negative limit never.
    ///
    /// # Kill safety
    ///
    /// As [`acquire`](Self::acquire).
    pub async fn acquire_timeout(&self, limit: impl Into<Delay>) -> bool {
        Timeout::after(limit).run(self.lock.acquire()).await.is_ok()
    }

    /// Locks the lock until the guard is dropped.
    ///
    /// # Kill safety
    ///
    /// As [`acquire`](Self::acquire); whoever is killed later drops the guard.
    pub async fn lock(&self) -> ConditionGuard<'_> {
        self.lock.lock().await
    }

    /// Releases the lock.
    ///
    /// # Errors
    ///
    /// As the lock's own `release`.
    pub fn release(&self) -> Result<(), LockError> {
        self.lock.release()
    }
}

/// Waiting and notifying. A lock that is no [`RLock`] does not know who has it; it counts as the
/// caller's if it is locked.
impl Condition {
    /// Lets the lock go, waits for a notification, and takes the lock back; always true. An
    /// `RLock` is let go whatever its level, and comes back at that level.
    ///
    /// # Errors
    ///
    /// [`LockError::NotAcquired`]; [`LockError::OverRelease`] over a bounded semaphore that began
    /// with no slots.
    ///
    /// # Kill safety
    ///
    /// A notification that came for the wait goes to the next. The lock stays released; its guards
    /// know.
    pub async fn wait(&self) -> Result<bool, LockError> {
        self.wait_within(&mut Timeout::never().arm()).await
    }

    /// Waits for a notification with a limit; false if that is over first. Taking the lock back has
    /// no limit. Zero is over after one trip through the queue, a negative limit never.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    ///
    /// # Kill safety
    ///
    /// As [`wait`](Self::wait).
    pub async fn wait_timeout(&self, limit: impl Into<Delay>) -> Result<bool, LockError> {
        self.wait_within(&mut Timeout::after(limit).arm()).await
    }

    /// Waits until `predicate` holds, or the time is over; gives what it said last. It is asked
    /// under the lock: at first, and after each notification.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait); `predicate` is not asked then.
    ///
    /// # Kill safety
    ///
    /// As [`wait`](Self::wait).
    pub async fn wait_for(
        &self,
        mut predicate: impl FnMut() -> bool,
        limit: Option<Delay>,
    ) -> Result<bool, LockError> {
        self.check()?;
        let mut timeout = limit.map_or_else(Timeout::never, Timeout::after);
        let mut limit = timeout.arm();
        while !predicate() {
            if !self.wait_within(&mut limit).await? {
                return Ok(predicate());
            }
        }
        Ok(true)
    }

    /// Notifies those who have waited longest, as many as there are up to `n`. They go on when the
    /// lock is released. If nobody waits, nothing is remembered.
    ///
    /// # Errors
    ///
    /// [`LockError::NotAcquired`].
    pub fn notify(&self, n: usize) -> Result<(), LockError> {
        self.check()?;
        self.notices.tell(n, Notice::One);
        Ok(())
    }

    /// Notifies all who wait.
    ///
    /// # Errors
    ///
    /// [`LockError::NotAcquired`].
    pub fn notify_all(&self) -> Result<(), LockError> {
        self.check()?;
        self.notices.tell(usize::MAX, Notice::All);
        Ok(())
    }

    fn check(&self) -> Result<(), LockError> {
        if self.lock.is_acquired() { Ok(()) } else { Err(LockError::NotAcquired) }
    }

    /// Whether it was notified in time.
    async fn wait_within(&self, limit: &mut Armed<'_>) -> Result<bool, LockError> {
        let told = self.notices.stand_in_line().await;
        let lock = self.lock.let_go()?;
        let unused = self.notices.unused(limit.scope(told).await.ok());
        lock.take_back().await;
        Ok(unused.take())
    }
}

impl Default for Condition {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lock, waiting) = (&self.lock, self.notices.waiting());
        f.debug_struct("Condition").field("lock", lock).field("waiting", &waiting).finish()
    }
}
