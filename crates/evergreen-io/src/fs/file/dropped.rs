//! Writes that nobody waits for any more when the thread ends, and perhaps the process with it.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use super::sequence::Sequence;

thread_local! {
    static DROPPED: Dropped = const { Dropped(RefCell::new(Vec::new())) };
}

/// Files that were dropped on this thread with an operation under way.
struct Dropped(RefCell<Vec<Weak<Sequence>>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        // One that can be found no more is done.
        let files = self.0.get_mut().drain(..);
        files.filter_map(|file| file.upgrade()).for_each(|file| file.finish_write());
    }
}

/// Has this thread, when it ends, wait until the system has what this file took.
pub(super) fn remember(file: &Arc<Sequence>) {
    let remembered = DROPPED.try_with(|dropped| {
        let mut files = dropped.0.borrow_mut();
        files.retain(|file| file.strong_count() > 0);
        files.push(Arc::downgrade(file));
    });
    // The thread is ending, and has done so already.
    remembered.unwrap_or_else(|_| file.finish_write());
}

/// What is left to be written. If it is dropped before its turn has come, the loop goes; then it is
/// written there and then.
pub(super) struct Unwritten(Option<Arc<Sequence>>);

impl Unwritten {
    pub(super) const fn new(file: Arc<Sequence>) -> Self {
        Self(Some(file))
    }

    /// Its turn has come.
    pub(super) fn begin(mut self) {
        self.0 = None;
    }
}

impl Drop for Unwritten {
    fn drop(&mut self) {
        if let Some(file) = self.0.take() {
            file.finish_write();
        }
    }
}
