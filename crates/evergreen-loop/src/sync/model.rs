//! What loom puts in the place of std and of the queue. It tries every order in which the threads
//! of a model may meet here, and every value that a load may see.

pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use loom::thread;

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::time::Duration;

use concurrent_queue::{PopError, PushError};
use loom::sync::atomic::{Ordering, fence};

use super::lock;

/// loom takes `SeqCst` for `AcqRel`. A fence behind every store gives back what is built on here:
/// of two threads that store and then load what the other has stored, one sees it.
fn settle(order: Ordering) {
    if order == Ordering::SeqCst {
        fence(order);
    }
}

macro_rules! atomic {
    ($name:ident, $value:ty) => {
        pub(crate) struct $name(loom::sync::atomic::$name);

        #[allow(dead_code, reason = "not all are used of each")]
        impl $name {
            pub(crate) fn new(value: $value) -> Self {
                Self(loom::sync::atomic::$name::new(value))
            }

            pub(crate) fn load(&self, order: Ordering) -> $value {
                self.0.load(order)
            }

            pub(crate) fn store(&self, value: $value, order: Ordering) {
                self.0.store(value, order);
                settle(order);
            }

            pub(crate) fn swap(&self, value: $value, order: Ordering) -> $value {
                let former = self.0.swap(value, order);
                settle(order);
                former
            }

            pub(crate) fn compare_exchange(
                &self,
                present: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let result = self.0.compare_exchange(present, new, success, failure);
                settle(success);
                result
            }
        }
    };
}

atomic!(AtomicBool, bool);
atomic!(AtomicU8, u8);

/// loom's does not know initial values that are `const`.
macro_rules! model_thread_local {
    ($($(#[$attribute:meta])* static $name:ident: $value:ty = const $init:block;)*) => {
        loom::thread_local! { $($(#[$attribute])* static $name: $value = $init;)* }
    };
}
pub(crate) use model_thread_local as thread_local;

/// Waits for as long as `condition` holds. Time stands still in a model.
pub(crate) fn wait_while<'a, T>(
    condvar: &Condvar,
    mut guard: MutexGuard<'a, T>,
    _limit: Duration,
    mut condition: impl FnMut(&mut T) -> bool,
) -> MutexGuard<'a, T> {
    while condition(&mut guard) {
        guard = condvar.wait(guard).unwrap_or_else(PoisonError::into_inner);
    }
    guard
}

/// As much of `concurrent_queue` as is used. The real one has models of its own.
pub(crate) struct ConcurrentQueue<T>(Mutex<Queue<T>>);

struct Queue<T> {
    items: VecDeque<T>,
    closed: bool,
}

impl<T> ConcurrentQueue<T> {
    pub(crate) fn unbounded() -> Self {
        Self(Mutex::new(Queue { items: VecDeque::new(), closed: false }))
    }

    pub(crate) fn push(&self, item: T) -> Result<(), PushError<T>> {
        let mut queue = lock(&self.0);
        if queue.closed {
            return Err(PushError::Closed(item));
        }
        queue.items.push_back(item);
        Ok(())
    }

    pub(crate) fn pop(&self) -> Result<T, PopError> {
        let mut queue = lock(&self.0);
        let closed = queue.closed;
        queue.items.pop_front().ok_or(if closed { PopError::Closed } else { PopError::Empty })
    }

    pub(crate) fn close(&self) {
        lock(&self.0).closed = true;
    }
}
