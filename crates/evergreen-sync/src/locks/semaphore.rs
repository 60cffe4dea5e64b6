//! A number of slots, and those who wait for one.

use std::cell::{Cell, RefCell};
use std::fmt;

use evergreen_loop::Delay;
use evergreen_task::Timeout;

use super::LockError;
use crate::wait::{Grants, Wait};
use crate::wait_list::WaitList;

/// Lets a number of tasks through at a time.
///
/// ```
/// use evergreen_sync::locks::Semaphore;
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let seats = Semaphore::new(2)?;
/// let first = seats.lock().await;
/// let second = seats.lock().await;
/// assert!(!seats.try_acquire());
/// drop(first);
/// assert!(seats.try_acquire());
/// # drop(second);
/// # Ok::<(), evergreen_sync::locks::LockError>(())
/// # }).unwrap();
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// The counterpart of Python evergreen's `Semaphore`, with the order of asyncio's: a slot that is
/// released while others wait is the first one's from that moment on.
pub struct Semaphore {
    /// Above zero only if nobody waits.
    free: Cell<usize>,
    /// There are never more than so many.
    most: usize,
    /// Guards that have a slot.
    guards: Cell<usize>,
    /// Guards that have none any more.
    stale: Cell<usize>,
    /// Guards that ended while their slots were given back for a while.
    ended: Cell<usize>,
    waiters: RefCell<WaitList<()>>,
}

impl Semaphore {
    /// A semaphore with so many slots.
    ///
    /// # Errors
    ///
    /// [`LockError::NegativeValue`].
    pub fn new(value: i64) -> Result<Self, LockError> {
        slots(value).map(Self::with_slots)
    }

    pub(crate) const fn with_slots(free: usize) -> Self {
        Self::limited(free, usize::MAX)
    }

    pub(super) const fn limited(free: usize, most: usize) -> Self {
        Self {
            free: Cell::new(free),
            most,
            guards: Cell::new(0),
            stale: Cell::new(0),
            ended: Cell::new(0),
            waiters: RefCell::new(WaitList::new()),
        }
    }

    /// Takes a slot, and waits for one if none is free; always true. The slot is given back by
    /// [`release`](Self::release), not by a kill: [`lock`](Self::lock) has a guard that does it.
    ///
    /// # Kill safety
    ///
    /// Whoever is killed while it waits has no slot. One that it was granted goes to the next.
    pub async fn acquire(&self) -> bool {
        if !self.try_acquire() {
            Wait::new(self, ()).await;
        }
        true
    }

    /// Takes a slot if one is free and owed to nobody.
    pub fn try_acquire(&self) -> bool {
        let free = self.free.get();
        self.free.set(free.saturating_sub(1));
        free > 0
    }

    /// Takes a slot, and waits for one with a limit; false if that is over first. Zero is over after
    /// one trip through the queue, a negative limit never.
    ///
    /// # Kill safety
    ///
    /// As [`acquire`](Self::acquire).
    pub async fn acquire_timeout(&self, limit: impl Into<Delay>) -> bool {
        Timeout::after(limit).run(self.acquire()).await.is_ok()
    }

    /// Takes a slot, to be released when the guard is dropped.
    ///
    /// # Kill safety
    ///
    /// As [`acquire`](Self::acquire); whoever is killed later drops the guard.
    pub async fn lock(&self) -> SemaphoreGuard<'_> {
        self.acquire().await;
        SemaphoreGuard::new(self)
    }

    /// A slot if one is free and owed to nobody, to be released when the guard is dropped.
    pub fn try_lock(&self) -> Option<SemaphoreGuard<'_>> {
        self.try_acquire().then(|| SemaphoreGuard::new(self))
    }

    /// Gives a slot to whoever has waited longest, or to all. It does not suspend, and need not be
    /// preceded by an acquire.
    pub fn release(&self) {
        // As many as a number can tell are enough.
        self.give_back().ok();
    }

    pub(super) fn free(&self) -> usize {
        self.free.get()
    }

    pub(super) const fn most(&self) -> usize {
        self.most
    }

    pub(super) fn give_back(&self) -> Result<(), LockError> {
        if self.grant(()).is_ok() {
            return Ok(());
        }
        let free = self.free.get();
        if free == self.most {
            return Err(LockError::OverRelease);
        }
        self.free.set(free + 1);
        Ok(())
    }
}

/// What a condition does. A guard does not know which of the slots is its own: one that has none any
/// more is any of those that are dropped next, so that there are never too many slots.
impl Semaphore {
    /// Gives a slot back for a while.
    pub(super) fn give_up(&self) -> Result<GivenUp<'_>, LockError> {
        if self.free() > 0 {
            return Err(LockError::NotAcquired);
        }
        let has_guard = self.lose_guard();
        self.give_back()?;
        Ok(GivenUp { semaphore: self, has_guard, is_back: false })
    }

    /// Whether there was a guard that has a slot.
    fn lose_guard(&self) -> bool {
        let guards = self.guards.get();
        self.guards.set(guards.saturating_sub(1));
        guards > 0
    }

    fn end_guard(&self) {
        match self.stale.get() {
            0 if self.lose_guard() => self.release(),
            // Its slot is given back for a while.
            0 => self.ended.set(self.ended.get() + 1),
            stale => self.stale.set(stale - 1),
        }
    }
}

/// A slot that was given back for a while. If it is not taken back, its guard has none any more.
pub(super) struct GivenUp<'a> {
    semaphore: &'a Semaphore,
    has_guard: bool,
    is_back: bool,
}

impl GivenUp<'_> {
    pub(super) async fn take_back(mut self) {
        self.is_back = self.semaphore.acquire().await;
    }
}

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        let Semaphore { guards, stale, ended, .. } = self.semaphore;
        if !self.has_guard {
            return;
        }
        if let Some(left) = ended.get().checked_sub(1) {
            ended.set(left);
            if self.is_back {
                self.semaphore.release();
            }
        } else {
            let count = if self.is_back { guards } else { stale };
            count.set(count.get() + 1);
        }
    }
}

/// Checks how many slots a semaphore is to begin with.
pub(super) fn slots(value: i64) -> Result<usize, LockError> {
    usize::try_from(value).map_err(|_| LockError::NegativeValue(value))
}

impl Grants for Semaphore {
    type Grant = ();
    type Offer = ();

    fn waiters(&self) -> &RefCell<WaitList<()>> {
        &self.waiters
    }

    fn pass_on(&self, (): ()) {
        self.release();
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (free, waiting) = (self.free.get(), self.waiting());
        f.debug_struct("Semaphore").field("free", &free).field("waiting", &waiting).finish()
    }
}

/// A slot of a [`Semaphore`] or [`BoundedSemaphore`](super::BoundedSemaphore), released when this is
/// dropped.
#[must_use = "it is released when it is dropped"]
#[derive(Debug)]
pub struct SemaphoreGuard<'a>(&'a Semaphore);

impl<'a> SemaphoreGuard<'a> {
    fn new(semaphore: &'a Semaphore) -> Self {
        semaphore.guards.set(semaphore.guards.get() + 1);
        Self(semaphore)
    }
}

impl Drop for SemaphoreGuard<'_> {
    fn drop(&mut self) {
        self.0.end_guard();
    }
}
