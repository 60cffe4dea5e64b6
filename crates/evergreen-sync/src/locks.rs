//! Semaphores, locks, conditions and barriers.
//!
//! All of them serve in the order of coming, and hand over: what is released goes straight to
//! whoever has waited longest, and nobody takes it in between.

mod any_lock;
mod barrier;
mod bounded;
mod condition;
mod error;
mod holds;
mod lock;
mod notices;
mod owner;
mod rlock;
mod semaphore;

pub use any_lock::{AnyLock, ConditionGuard};
pub use barrier::Barrier;
pub use bounded::BoundedSemaphore;
pub use condition::Condition;
pub use error::{BarrierError, LockError};
pub use lock::{Lock, LockGuard};
pub use rlock::{RLock, RLockGuard};
pub use semaphore::{Semaphore, SemaphoreGuard};
