//! Numbers for loops, and the table that finds a loop by its number.
//!
//! A task knows its loop by number: that costs no reference count, and on the loop's own thread no
//! look into the table.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::core::Core;
use crate::current;
use crate::entry::{Entry, TaskEntry};
use crate::error::LoopError;
use crate::remote::LoopRemote;

/// Tells one loop of the process from all others, also from those that are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoopId(u32);

static LOOPS: RwLock<BTreeMap<LoopId, LoopRemote>> = RwLock::new(BTreeMap::new());

impl LoopId {
    pub(crate) fn next() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number =
            MADE.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |made| made.checked_add(1));
        Self(number.expect("fewer than 2^32 loops in a process"))
    }

    /// The loop, unless it is destroyed. While it is being destroyed it is found for as long as it
    /// has tasks.
    pub fn remote(self) -> Option<LoopRemote> {
        LOOPS.read().unwrap_or_else(PoisonError::into_inner).get(&self).cloned()
    }

    /// The number of this thread's loop. On the main thread one is made if there is none.
    ///
    /// # Errors
    ///
    /// [`LoopError::NoLoop`] on another thread that has none.
    #[inline]
    pub fn current() -> Result<Self, LoopError> {
        match current::number() {
            Some(id) => Ok(id),
            None => current::core_or_new().map(|core| core.id()),
        }
    }

    /// Whether it is the current loop of this thread.
    pub fn is_here(self) -> bool {
        current::number() == Some(self)
    }

    /// Queues the first turn of a task, which is a call of [`TaskTable::run_first`], and tells
    /// whether the loop is being destroyed. `None` if it is not the current one of this thread.
    ///
    /// [`TaskTable::run_first`]: crate::build::TaskTable::run_first
    #[inline]
    pub fn schedule_first(self) -> Option<bool> {
        let queue = |core: &Rc<Core>, ()| {
            core.push(Entry::First);
            core.is_closed()
        };
        current::with_number(self, (), queue).ok()
    }

    /// Queues a task: without a lock or a system call on the loop's thread, through the inbox
    /// elsewhere.
    ///
    /// # Errors
    ///
    /// The entry itself, if the loop has ended all its tasks and takes no more.
    #[inline]
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
