//! The atomics, locks, threads and the queue of everything that threads share, in one place, so
//! that a model checker can put its own here: `--cfg evergreen_loom`.
//!
//! `Arc` is std's in both: its count is not ours to check. So is what a whole process shares, which
//! outlives a model.

#[cfg(evergreen_loom)]
mod model;

pub(crate) use std::sync::atomic::Ordering;
pub(crate) use std::sync::{Arc, PoisonError};

pub(crate) use concurrent_queue::PushError;

#[cfg(evergreen_loom)]
pub(crate) use self::model::{
    AtomicBool, AtomicU8, ConcurrentQueue, Condvar, Mutex, MutexGuard, thread, thread_local,
    wait_while,
};
#[cfg(not(evergreen_loom))]
pub(crate) use self::real::{
    AtomicBool, AtomicU8, ConcurrentQueue, Condvar, Mutex, MutexGuard, thread, thread_local,
    wait_while,
};

/// Takes a lock whose data is whole at every moment, so that a panic elsewhere does not matter.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(not(evergreen_loom))]
mod real {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8};
    pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
    pub(crate) use std::{thread, thread_local};

    pub(crate) use concurrent_queue::ConcurrentQueue;

    use std::time::Duration;

    /// Waits for as long as `condition` holds, but no longer than `limit`.
    pub(crate) fn wait_while<'a, T>(
        condvar: &Condvar,
        guard: MutexGuard<'a, T>,
        limit: Duration,
        condition: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        let waited = condvar.wait_timeout_while(guard, limit, condition);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
