//! A pool of threads beside that of the loop, for executors of a size of their own.

use std::cell::OnceCell;
use std::fmt;
use std::io;

use crate::blocking::{BlockingError, BlockingJob, Pool};
use crate::event_loop::EventLoop;
use crate::fork::Process;

/// Threads of its own, for jobs as those of [`EventLoop::run_blocking`].
///
/// It belongs to the process in which it had its first job. In the child of a fork it has no
/// threads: jobs are refused, and there is nothing to wait for.
pub struct BlockingPool {
    pool: Pool,
    owner: OnceCell<Process>,
}

impl BlockingPool {
    /// A pool of at most so many threads, whose names begin with `name`. None is made yet.
    pub fn new(name: &'static str, limit: usize) -> Self {
        Self { pool: Pool::new(name, limit), owner: OnceCell::new() }
    }

    /// Runs `f` on one of the threads, as [`EventLoop::run_blocking`] does.
    pub fn run<T: Send + 'static>(
        &self,
        event_loop: &EventLoop,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> BlockingJob<T> {
        if self.owner.get_or_init(|| event_loop.core().owner()).is_forked() {
            return BlockingJob::refused(BlockingError::Os(io::Error::other(
                "its threads are the parent's: make a new pool behind a fork",
            )));
        }
        event_loop.run_on(&self.pool, f)
    }

    /// Ends the threads when nothing is queued, and waits for those that have nothing to do; for all
    /// of them if `all`. Nothing more is to be given to it.
    pub fn end(&self, all: bool) {
        if self.owner.get().is_some_and(|owner| !owner.is_forked()) {
            self.pool.end(all);
        }
    }
}

impl fmt::Debug for BlockingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingPool").finish_non_exhaustive()
    }
}
