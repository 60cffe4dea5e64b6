//! Who waits for the operation of a file that is under way.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// Stands in for all of them: a job wakes only one.
#[derive(Default)]
pub(super) struct Waiting(Mutex<Vec<Waker>>);

impl Waiting {
    pub(super) fn add(&self, waker: &Waker) {
        let mut wakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !wakers.iter().any(|other| other.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        let mut wakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let woken = std::mem::take(&mut *wakers);
        // A waker may do anything, so also come back here.
        drop(wakers);
        woken.into_iter().for_each(Waker::wake);
    }
}
