//! What the loop has done so far and what it holds now.

use std::cell::Cell;
use std::time::Duration;

/// A reading of the loop's counters. See [`EventLoop::metrics`](crate::EventLoop::metrics).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Iterations of the loop.
    pub turns: u64,
    /// How often the poller was asked.
    pub polls: u64,
    /// Entries of the queue that have run.
    pub entries: u64,
    /// Time spent running, from the first turn to now, without the time asleep.
    pub busy: Duration,
    /// Time spent asleep in the poller.
    pub idle: Duration,
    /// Tasks that have not ended.
    pub tasks: usize,
    /// Timers that run.
    pub timers: usize,
    /// Descriptors that are watched: sockets and the like, readers and writers.
    pub sources: usize,
    /// Entries that wait in the queue.
    pub queued: usize,
    /// Blocking jobs that have not been delivered.
    pub blocking_jobs: usize,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) turns: Cell<u64>,
    pub(crate) polls: Cell<u64>,
    pub(crate) entries: Cell<u64>,
    pub(crate) idle: Cell<Duration>,
    pub(crate) running: Cell<Duration>,
}

pub(crate) fn add(counter: &Cell<u64>, n: u64) {
    counter.set(counter.get() + n);
}

pub(crate) fn add_time(counter: &Cell<Duration>, length: Duration) {
    counter.set(counter.get() + length);
}
