//! The threads of a pool, and how their results come to the loop.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use evergreen_loop::build::BlockingPool;
use evergreen_loop::{BlockingError, BlockingJob, EventLoop};
use evergreen_task::Task;

use super::claim::Claim;
use super::door::Door;
use super::error::JobError;
use super::job::Job;
use super::promise::{Promise, promise_of};

pub(super) struct ThreadPool {
    limit: usize,
    threads: BlockingPool,
    /// The results that are to be delivered are inside.
    pub(super) door: Door,
    /// Whether a thread may still be at a call whose delivery was given up.
    is_abandoned: Cell<bool>,
}

impl ThreadPool {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            threads: BlockingPool::new("evergreen-pool", limit),
            door: Door::default(),
            is_abandoned: Cell::new(false),
        }
    }

    /// Queues a call, and makes a task that waits for its result.
    #[track_caller]
    pub(super) fn submit<T: Send + 'static>(
        self: &Rc<Self>,
        event_loop: &EventLoop,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Job<T> {
        let claim = Claim::default();
        let (promise, job) = promise_of(Some(claim.clone()));
        let work = self.threads.run(event_loop, move || claim.take().then(f));
        let delivery = Delivery::new(Rc::clone(self));
        drop(Task::builder().name("ThreadPoolExecutor").spawn(delivery.make(work, promise)));
        job
    }

    pub(super) fn describe(&self, f: &mut fmt::DebugStruct<'_, '_>) -> fmt::Result {
        f.field("max_workers", &self.limit).field("jobs", &self.door.inside()).finish()
    }

    /// Joins the threads. When all results are there, none of them has anything left to do.
    pub(super) fn end_threads(&self) {
        self.threads.end(!self.is_abandoned.get());
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.end_threads();
    }
}

/// Brings a result from its thread to its job, as a task.
struct Delivery {
    pool: Rc<ThreadPool>,
    is_made: bool,
}

impl Delivery {
    fn new(pool: Rc<ThreadPool>) -> Self {
        pool.door.enter();
        Self { pool, is_made: false }
    }

    async fn make<T>(mut self, work: BlockingJob<Option<T>>, promise: Promise<T>) {
        let result = work.await;
        self.is_made = true;
        match result {
            Ok(Some(value)) => promise.finish(Ok(value)),
            Err(BlockingError::Panicked(panic)) => promise.finish(Err(JobError::Panicked(panic))),
            Err(BlockingError::Os(error)) => promise.finish(Err(JobError::Failed(error.into()))),
            // Cancelled, or with no thread to make it.
            Ok(None) | Err(_) => drop(promise),
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if !self.is_made {
            self.pool.is_abandoned.set(true);
        }
        if self.pool.door.leave() {
            self.pool.end_threads();
        }
    }
}
