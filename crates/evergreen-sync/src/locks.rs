//! Semaphores, locks, conditions and barriers.
//!
//! All of them serve in the order of coming, and hand over: what is released goes straight to
//! whoever has waited longest, and nobody takes it in between.

mod error;
mod semaphore;

pub use error::LockError;
pub use semaphore::{Semaphore, SemaphoreGuard};
