//! Whether a call that waits in another thread's queue is made or cancelled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Taken once: by the thread that makes the call, or by who cancels it.
#[derive(Clone, Default)]
pub(super) struct Claim(Arc<AtomicBool>);

impl Claim {
    /// True for the first.
    pub(super) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }

    pub(super) fn is_taken(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
