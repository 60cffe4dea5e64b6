//! The lock under a condition.

use std::fmt;
use std::rc::Rc;

use super::holds::Away;
use super::rlock::{RLock, RLockGuard};
use super::semaphore::{GivenUp, Semaphore, SemaphoreGuard};
use super::{BoundedSemaphore, Lock, LockError, LockGuard};

/// A lock of one of the kinds that a [`Condition`](super::Condition) may stand on.
#[derive(Clone)]
pub struct AnyLock(Shared);

#[derive(Clone)]
enum Shared {
    Semaphore(Rc<Semaphore>),
    Bounded(Rc<BoundedSemaphore>),
    Lock(Rc<Lock>),
    RLock(Rc<RLock>),
}

enum Kind<'a> {
    Semaphore(&'a Semaphore),
    Lock(&'a Lock),
    RLock(&'a RLock),
}

/// A lock that was let go for a while.
pub(super) enum LetGo<'a> {
    Semaphore(GivenUp<'a>),
    Hold(Away<'a>),
}

/// What a [`Condition`](super::Condition) stands on, locked until this is dropped. Where a wait was
/// killed, the lock is released already, and the drop does nothing.
#[must_use = "the lock is released when this is dropped"]
#[derive(Debug)]
pub struct ConditionGuard<'a>(#[allow(dead_code, reason = "kept to be dropped")] Held<'a>);

#[derive(Debug)]
#[allow(dead_code, reason = "kept to be dropped")]
enum Held<'a> {
    Semaphore(SemaphoreGuard<'a>),
    Lock(LockGuard<'a>),
    RLock(RLockGuard<'a>),
}

impl AnyLock {
    fn kind(&self) -> Kind<'_> {
        match &self.0 {
            Shared::Semaphore(semaphore) => Kind::Semaphore(semaphore),
            Shared::Bounded(semaphore) => Kind::Semaphore(semaphore.slots()),
            Shared::Lock(lock) => Kind::Lock(lock),
            Shared::RLock(lock) => Kind::RLock(lock),
        }
    }

    pub(super) async fn acquire(&self) -> bool {
        match self.kind() {
            Kind::Semaphore(semaphore) => semaphore.acquire().await,
            Kind::Lock(lock) => lock.acquire().await,
            Kind::RLock(lock) => lock.acquire().await,
        }
    }

    pub(super) fn try_acquire(&self) -> bool {
        match self.kind() {
            Kind::Semaphore(semaphore) => semaphore.try_acquire(),
            Kind::Lock(lock) => lock.try_acquire(),
            Kind::RLock(lock) => lock.try_acquire(),
        }
    }

    pub(super) fn release(&self) -> Result<(), LockError> {
        match self.kind() {
            Kind::Semaphore(semaphore) => semaphore.give_back(),
            Kind::Lock(lock) => lock.release(),
            Kind::RLock(lock) => lock.release(),
        }
    }

    pub(super) async fn lock(&self) -> ConditionGuard<'_> {
        ConditionGuard(match self.kind() {
            Kind::Semaphore(semaphore) => Held::Semaphore(semaphore.lock().await),
            Kind::Lock(lock) => Held::Lock(lock.lock().await),
            Kind::RLock(lock) => Held::RLock(lock.lock().await),
        })
    }

    /// Whether it is locked: an `RLock` by the caller, the others by anybody.
    pub(super) fn is_acquired(&self) -> bool {
        match self.kind() {
            Kind::Semaphore(semaphore) => semaphore.free() == 0,
            Kind::Lock(lock) => lock.is_locked(),
            Kind::RLock(lock) => lock.owned().is_some(),
        }
    }

    /// Unlocks it, whatever the level.
    pub(super) fn let_go(&self) -> Result<LetGo<'_>, LockError> {
        let let_go = match self.kind() {
            Kind::Semaphore(semaphore) => return semaphore.give_up().map(LetGo::Semaphore),
            Kind::Lock(lock) => lock.let_go().map(LetGo::Hold),
            Kind::RLock(lock) => lock.let_go().map(LetGo::Hold),
        };
        let_go.ok_or(LockError::NotAcquired)
    }
}

impl LetGo<'_> {
    /// Locks it as it was before.
    pub(super) async fn take_back(self) {
        match self {
            Self::Semaphore(slot) => slot.take_back().await,
            Self::Hold(hold) => hold.take_back().await,
        }
    }
}

impl From<Rc<Semaphore>> for AnyLock {
    fn from(semaphore: Rc<Semaphore>) -> Self {
        Self(Shared::Semaphore(semaphore))
    }
}

impl From<Rc<BoundedSemaphore>> for AnyLock {
    fn from(semaphore: Rc<BoundedSemaphore>) -> Self {
        Self(Shared::Bounded(semaphore))
    }
}

impl From<Rc<Lock>> for AnyLock {
    fn from(lock: Rc<Lock>) -> Self {
        Self(Shared::Lock(lock))
    }
}

impl From<Rc<RLock>> for AnyLock {
    fn from(lock: Rc<RLock>) -> Self {
        Self(Shared::RLock(lock))
    }
}

impl fmt::Debug for AnyLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Shared::Semaphore(semaphore) => semaphore.fmt(f),
            Shared::Bounded(semaphore) => semaphore.fmt(f),
            Shared::Lock(lock) => lock.fmt(f),
            Shared::RLock(lock) => lock.fmt(f),
        }
    }
}
