//! A semaphore that tells who releases too often.

use std::fmt;

use evergreen_loop::Delay;

use super::semaphore::slots;
use super::{LockError, Semaphore, SemaphoreGuard};
use crate::wait::Grants;

/// A [`Semaphore`] that never has more slots than it began with.
///
/// ```
/// use evergreen_sync::locks::{BoundedSemaphore, LockError};
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let seats = BoundedSemaphore::new(1)?;
/// assert!(seats.acquire().await);
/// seats.release()?;
/// assert_eq!(seats.release(), Err(LockError::OverRelease));
/// # Ok::<(), LockError>(())
/// # }).unwrap();
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// The counterpart of Python evergreen's `BoundedSemaphore`.
pub struct BoundedSemaphore(Semaphore);

impl BoundedSemaphore {
    /// A semaphore with so many slots.
    ///
    /// # Errors
    ///
    /// [`LockError::NegativeValue`].
    pub fn new(value: i64) -> Result<Self, LockError> {
        slots(value).map(|slots| Self(Semaphore::limited(slots, slots)))
    }

    /// As [`Semaphore::acquire`].
    ///
    /// # Kill safety
    ///
    /// As there.
    pub async fn acquire(&self) -> bool {
        self.0.acquire().await
    }

    /// As [`Semaphore::try_acquire`].
    pub fn try_acquire(&self) -> bool {
        self.0.try_acquire()
    }

    /// As [`Semaphore::acquire_timeout`].
    ///
    /// # Kill safety
    ///
    /// As there.
    pub async fn acquire_timeout(&self, limit: impl Into<Delay>) -> bool {
        self.0.acquire_timeout(limit).await
    }

    /// As [`Semaphore::lock`].
    ///
    /// # Kill safety
    ///
    /// As there.
    pub async fn lock(&self) -> SemaphoreGuard<'_> {
        self.0.lock().await
    }

    /// As [`Semaphore::try_lock`].
    pub fn try_lock(&self) -> Option<SemaphoreGuard<'_>> {
        self.0.try_lock()
    }

    /// Gives a slot to whoever has waited longest, or to all. It does not suspend.
    ///
    /// # Errors
    ///
    /// [`LockError::OverRelease`] if no slot is taken.
    pub fn release(&self) -> Result<(), LockError> {
        self.0.give_back()
    }

    pub(super) const fn slots(&self) -> &Semaphore {
        &self.0
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (free, slots, waiting) = (self.0.free(), self.0.most(), self.0.waiting());
        let mut debug = f.debug_struct("BoundedSemaphore");
        debug.field("free", &free).field("slots", &slots).field("waiting", &waiting).finish()
    }
}
