//! Numbers for loops, and the table that finds a loop by its number.
//!
//! A task knows its loop by number: that costs no reference count, and on the loop's own thread no
//! look into the table.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use crate::current;
use crate::entry::TaskEntry;
use crate::remote::LoopRemote;
use crate::sync::{AtomicU64, Ordering};

/// Tells one loop of the process from all others, also from those that are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoopId(u64);

static LOOPS: RwLock<BTreeMap<LoopId, LoopRemote>> = RwLock::new(BTreeMap::new());

impl LoopId {
    pub(crate) fn next() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        Self(MADE.fetch_add(1, Ordering::Relaxed))
    }

    /// The loop, unless it is destroyed. While it is being destroyed it is found for as long as it
    /// has tasks.
    pub fn remote(self) -> Option<LoopRemote> {
        LOOPS.read().unwrap_or_else(PoisonError::into_inner).get(&self).cloned()
    }

    /// Whether the loop is being destroyed; `None` if it is not the current one of this thread.
    pub fn is_closing_here(self) -> Option<bool> {
        current::with_number(self, (), |core, ()| core.is_closed()).ok()
    }

    /// Queues a task: without a lock or a system call on the loop's thread, through the inbox
    /// elsewhere.
    ///
    /// # Errors
    ///
    /// The entry itself, if the loop has ended all its tasks and takes no more.
    pub fn schedule(self, task: TaskEntry) -> Result<(), TaskEntry> {
        let here = current::with_number(self, task, |core, task| core.push(task.into()));
        let Err(task) = here else { return Ok(()) };
        match self.remote() {
            Some(remote) => remote.send_task(task),
            None => Err(task),
        }
    }
}

/// Enters a loop that is made.
pub(crate) fn enter(remote: LoopRemote) {
    LOOPS.write().unwrap_or_else(PoisonError::into_inner).insert(remote.id(), remote);
}

/// Takes a loop out that has ended all its tasks.
pub(crate) fn leave(id: LoopId) {
    let remote = LOOPS.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
    drop(remote);
}
