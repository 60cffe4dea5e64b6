//! The tasks of a pool, and how they make calls.

use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use evergreen_loop::{EventLoop, Panic};
use evergreen_task::{Task, consume_budget};

use super::door::Door;
use super::error::JobError;
use super::promise::Promise;

pub(super) struct TaskPool {
    limit: usize,
    queue: RefCell<VecDeque<Call>>,
    /// The workers are inside.
    pub(super) door: Door,
}

/// Makes a call and keeps the promise of its job.
type Call = Pin<Box<dyn Future<Output = ()>>>;

impl TaskPool {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, queue: RefCell::default(), door: Door::default() }
    }

    /// Queues a call, and makes a worker for it if there may be another.
    #[track_caller]
    pub(super) fn push(self: &Rc<Self>, call: Call) {
        if self.door.inside() < self.limit {
            self.hire();
        }
        self.queue.borrow_mut().push_back(call);
    }

    fn next(&self) -> Option<Call> {
        self.queue.borrow_mut().pop_front()
    }

    pub(super) fn describe(&self, f: &mut fmt::DebugStruct<'_, '_>) -> fmt::Result {
        f.field("max_workers", &self.limit)
            .field("workers", &self.door.inside())
            .field("queued", &self.queue.borrow().len())
            .finish()
    }

    #[track_caller]
    fn hire(self: &Rc<Self>) {
        let worker = Worker::new(Rc::clone(self));
        drop(Task::builder().name("TaskPoolExecutor").spawn(worker.run()));
    }
}

/// One of the tasks, from its making to its end, however it ends.
struct Worker {
    pool: Rc<TaskPool>,
    has_begun: bool,
}

impl Worker {
    fn new(pool: Rc<TaskPool>) -> Self {
        pool.door.enter();
        Self { pool, has_begun: false }
    }

    async fn run(mut self) {
        self.has_begun = true;
        while let Some(call) = self.pool.next() {
            call.await;
            consume_budget().await;
        }
    }
}

impl Drop for Worker {
    /// A worker that ends before its time was killed, and another takes its place. Each kill ends a
    /// call, so that kills without end come to one; with the loop, all that is queued ends.
    fn drop(&mut self) {
        if !self.has_begun {
            drop(self.pool.next());
        }
        let is_idle = self.pool.queue.borrow().is_empty();
        let is_open = EventLoop::try_current().is_some_and(|event_loop| !event_loop.is_closed());
        if !is_idle && is_open {
            self.pool.hire();
        }
        self.pool.door.leave();
        if !is_open {
            let calls = self.pool.queue.take();
            drop(calls);
        }
    }
}

/// Makes a call, unless its job is cancelled.
pub(super) async fn make<Fut: Future>(promise: Promise<Fut::Output>, f: impl FnOnce() -> Fut) {
    if promise.set_running_or_notify_cancel() == Ok(true) {
        let outcome = caught(async { f().await }).await;
        promise.finish(outcome.map_err(|payload| JobError::Panicked(Panic::new(payload))));
    }
}

/// Runs a future whose panics are its result.
async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Ok),
        Err(payload) => Poll::Ready(Err(payload)),
    })
    .await
}
