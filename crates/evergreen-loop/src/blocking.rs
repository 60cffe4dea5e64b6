//! A pool of threads for what blocks, bound to one loop.
//!
//! No thread exists before the first job. A job holds the loop from its submission until its
//! result has been delivered, as an entry of the queue.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::core::{Core, drop_payload};
use crate::panic::Panic;
use crate::remote::LoopRemote;
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{Arc, Condvar, Mutex, lock, wait_while};

/// A thread without work ends after this long.
const IDLE_LIMIT: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce() + Send>;

/// The threads of one loop, or of an executor.
pub(crate) struct Pool {
    shared: Arc<PoolShared>,
    /// What the names of the threads begin with.
    name: &'static str,
    limit: usize,
}

struct PoolShared {
    state: Mutex<PoolState>,
    work: Condvar,
}

#[derive(Default)]
struct PoolState {
    queue: VecDeque<Job>,
    workers: BTreeMap<u64, Worker>,
    idle: usize,
    made: u64,
    shut_down: bool,
}

struct Worker {
    thread: JoinHandle<()>,
    busy: bool,
}

impl Pool {
    pub(crate) fn new(name: &'static str, limit: usize) -> Self {
        let shared = PoolShared { state: Mutex::default(), work: Condvar::new() };
        Self { shared: Arc::new(shared), name, limit }
    }

    /// Queues a job, for an idle thread or a new one.
    pub(crate) fn submit(&self, job: Job) -> io::Result<()> {
        let mut state = lock(&self.shared.state);
        if state.queue.len() >= state.idle && state.workers.len() < self.limit {
            let started = self.start_worker(&mut state);
            // Without a single thread nobody would ever run the job.
            if state.workers.is_empty() {
                started?;
            }
        }
        state.queue.push_back(job);
        drop(state);
        self.shared.work.notify_one();
        Ok(())
    }

    fn start_worker(&self, state: &mut PoolState) -> io::Result<()> {
        state.made += 1;
        let id = state.made;
        let shared = Arc::clone(&self.shared);
        let name = format!("{}-{id}", self.name);
        let thread = thread::Builder::new().name(name).spawn(move || shared.run_worker(id))?;
        state.workers.insert(id, Worker { thread, busy: true });
        Ok(())
    }

    /// Ends the idle threads and waits for them. Jobs that have not begun are given back to be
    /// dropped; a running one is left to its thread, which ends after it.
    pub(crate) fn shut_down(&self) -> Vec<Job> {
        let jobs = lock(&self.shared.state).queue.drain(..).collect();
        self.end(false);
        jobs
    }

    /// Ends the threads when nothing is queued, and waits for the idle ones, or for all.
    pub(crate) fn end(&self, all: bool) {
        let mut state = lock(&self.shared.state);
        state.shut_down = true;
        let workers = std::mem::take(&mut state.workers);
        drop(state);
        self.shared.work.notify_all();
        for worker in workers.into_values().filter(|worker| all || !worker.busy) {
            // A worker does not panic: its jobs are caught.
            worker.thread.join().ok();
        }
    }
}

impl PoolShared {
    fn run_worker(&self, id: u64) {
        while let Some(job) = self.next_job(id) {
            // A result that nobody wants any more may panic as it is dropped.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(job)) {
                drop_payload(payload);
            }
        }
    }

    /// Waits for a job. `None` ends the worker.
    fn next_job(&self, id: u64) -> Option<Job> {
        let mut state = lock(&self.state);
        state.idle += 1;
        state.set_busy(id, false);
        let waiting = |state: &mut PoolState| state.queue.is_empty() && !state.shut_down;
        state = wait_while(&self.work, state, IDLE_LIMIT, waiting);
        state.idle -= 1;
        let job = state.queue.pop_front();
        match job {
            Some(_) => state.set_busy(id, true),
            None => drop(state.workers.remove(&id)),
        }
        job
    }
}

impl PoolState {
    fn set_busy(&mut self, id: u64, busy: bool) {
        if let Some(worker) = self.workers.get_mut(&id) {
            worker.busy = busy;
        }
    }
}

/// The result of a blocking job, to be awaited anywhere.
///
/// Dropping it does not take the job back.
#[must_use = "the result of the job is lost unless it is awaited"]
pub struct BlockingJob<T>(Arc<Slot<T>>);

/// Where the result of a job is left.
struct Slot<T>(Mutex<SlotState<T>>);

enum SlotState<T> {
    Running(Option<Waker>),
    Done(Result<T, BlockingError>),
    Taken,
}

impl<T: Send + 'static> BlockingJob<T> {
    /// Queues `f`, with what delivers its result to the loop.
    pub(crate) fn submit(
        core: &Core,
        pool: &Pool,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Self> {
        let slot = Arc::new(Slot(Mutex::new(SlotState::Running(None))));
        let delivery = Delivery { slot: Some(Arc::clone(&slot)), remote: core.remote() };
        pool.submit(Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(f))
                .map_err(|payload| BlockingError::Panicked(Panic::new(payload)));
            delivery.deliver(result);
        }))?;
        core.add_job();
        Ok(Self(slot))
    }
}

/// Brings the result of a job to the loop. Dropped before that, it says that there is none.
struct Delivery<T: Send + 'static> {
    slot: Option<Arc<Slot<T>>>,
    remote: LoopRemote,
}

impl<T: Send + 'static> Delivery<T> {
    /// Sends the result to the loop: it is there when the entry's turn comes, not before.
    fn deliver(mut self, result: Result<T, BlockingError>) {
        let remote = self.remote.clone();
        let sent = remote.work(move |core| {
            core.end_job();
            core.wake_all(self.finish(result));
        });
        // If the loop is gone, dropping the closure has told whoever waits.
        drop(sent);
    }

    fn finish(&mut self, result: Result<T, BlockingError>) -> Option<Waker> {
        let slot = self.slot.take()?;
        match std::mem::replace(&mut *lock(&slot.0), SlotState::Done(result)) {
            SlotState::Running(waker) => waker,
            SlotState::Done(_) | SlotState::Taken => None,
        }
    }
}

impl<T: Send + 'static> Drop for Delivery<T> {
    fn drop(&mut self) {
        if let Some(waker) = self.finish(Err(BlockingError::LoopClosed)) {
            waker.wake();
        }
    }
}

impl<T> Future for BlockingJob<T> {
    type Output = Result<T, BlockingError>;

    /// # Panics
    ///
    /// If it is polled after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // A waker may panic when it is cloned; then nothing has happened yet.
        let waker = cx.waker().clone();
        let mut state = lock(&self.0.0);
        match std::mem::replace(&mut *state, SlotState::Taken) {
            SlotState::Done(result) => Poll::Ready(result),
            SlotState::Running(former) => {
                *state = SlotState::Running(Some(waker));
                drop(state);
                drop(former);
                Poll::Pending
            },
            SlotState::Taken => panic!("a blocking job was polled after it was ready"),
        }
    }
}

impl<T> fmt::Debug for BlockingJob<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingJob").finish_non_exhaustive()
    }
}

/// Why a blocking job has no result.
#[non_exhaustive]
pub enum BlockingError {
    /// It panicked.
    Panicked(Panic),
    /// The loop was destroyed before the job began.
    LoopClosed,
    /// No thread could be made.
    Os(io::Error),
}

impl fmt::Display for BlockingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => write!(f, "the blocking job panicked: {panic}"),
            Self::LoopClosed => f.write_str("the event loop was destroyed before the job began"),
            Self::Os(error) => write!(f, "no thread for a blocking job: {error}"),
        }
    }
}

impl fmt::Debug for BlockingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for BlockingError {}

impl<T> BlockingJob<T> {
    /// A job that could not be queued.
    pub(crate) fn refused(error: BlockingError) -> Self {
        Self(Arc::new(Slot(Mutex::new(SlotState::Done(Err(error))))))
    }
}
