//! Waiting for several jobs.

use evergreen_loop::Delay;
use evergreen_task::Timeout;

use super::as_completed::{as_completed, distinct};
use super::job::Job;

/// What [`wait`] waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitFor {
    /// Until one is done: finished, well or not, or cancelled. To take one after the other there is
    /// [`as_completed`], which does not look at all of them each time.
    FirstCompleted,
    /// Until one has failed, also one that had failed before; without any, until all are done. A
    /// cancelled job has not failed, and neither has one that returned an `Err` of its own.
    FirstException,
    /// Until all are done.
    #[default]
    AllCompleted,
}

impl WaitFor {
    fn is_met_by<T>(self, job: &Job<T>) -> bool {
        match self {
            Self::FirstCompleted => true,
            Self::FirstException => job.has_failed(),
            Self::AllCompleted => false,
        }
    }
}

/// The jobs of a [`wait`], each once, in the order in which they were given.
#[derive(Debug)]
pub struct DoneAndNotDone<T> {
    /// Those that have finished or were cancelled.
    pub done: Vec<Job<T>>,
    /// The others.
    pub not_done: Vec<Job<T>>,
}

impl<T> DoneAndNotDone<T> {
    fn of(jobs: &[Job<T>]) -> Self {
        let mut sets = Self { done: Vec::new(), not_done: Vec::new() };
        for job in distinct(jobs) {
            let set = if job.is_done() { &mut sets.done } else { &mut sets.not_done };
            set.push(job.clone());
        }
        sets
    }
}

/// Waits for several jobs, of whatever executors. With none of them to wait for, or none at all, it
/// is done at once.
///
/// A job that is cancelled meanwhile counts when whoever was to make the call has noticed.
///
/// ```
/// use evergreen_sync::futures::{WaitFor, promise, wait};
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let (kept, first) = promise();
/// let (_open, second) = promise::<u32>();
/// kept.set_result(42).expect("nobody has cancelled it");
/// let sets = wait(&[second, first], WaitFor::FirstCompleted).await;
/// assert_eq!((sets.done.len(), sets.not_done.len()), (1, 1));
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// # Kill safety
///
/// Nothing is lost; the jobs go on.
pub async fn wait<T>(jobs: &[Job<T>], until: WaitFor) -> DoneAndNotDone<T> {
    wait_until(jobs, until).await;
    DoneAndNotDone::of(jobs)
}

/// As [`wait`], and if the limit is over first, says what is done by then. Zero is over after one trip
/// through the queue, a negative limit never.
///
/// # Kill safety
///
/// Nothing is lost; the jobs go on.
pub async fn wait_timeout<T>(
    jobs: &[Job<T>],
    until: WaitFor,
    limit: impl Into<Delay>,
) -> DoneAndNotDone<T> {
    Timeout::after(limit).run(wait_until(jobs, until)).await.ok();
    DoneAndNotDone::of(jobs)
}

async fn wait_until<T>(jobs: &[Job<T>], until: WaitFor) {
    let mut completed = as_completed(jobs);
    while let Some(Ok(job)) = completed.next().await {
        if until.is_met_by(&job) {
            break;
        }
    }
}
