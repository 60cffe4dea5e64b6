//! The results of one function on many values.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use evergreen_loop::build::Timer;
use evergreen_loop::{Delay, LoopTime};
use evergreen_task::{Limited, Timeout};
use futures_core::Stream;

use super::error::{ExecutorError, JobError};
use super::get::Get;
use super::job::Job;

/// Gives the results of a `map` in the order of what went in, whatever the order in which they are
/// done.
///
/// All calls have been submitted before the first result is asked for. After an error there are no
/// more, and what has not begun by then is cancelled; so it is when this is dropped.
#[must_use = "dropped, it cancels the calls that have not begun"]
pub struct MapResults<T> {
    /// The first is the one whose turn it is.
    jobs: VecDeque<Job<T>>,
    deadline: Option<LoopTime>,
    first: Option<Limited<Get<T>>>,
}

/// When a limit that begins now is over.
pub(super) fn deadline(limit: Delay) -> Option<LoopTime> {
    limit.length().map(|length| Timer::now() + length)
}

impl<T> MapResults<T> {
    /// Those of the jobs that `jobs` submits. If one is refused, the others are cancelled.
    pub(super) fn of(
        jobs: impl Iterator<Item = Result<Job<T>, ExecutorError>>,
        deadline: Option<LoopTime>,
    ) -> Result<Self, ExecutorError> {
        let mut results = Self { jobs: VecDeque::new(), deadline, first: None };
        for job in jobs {
            results.jobs.push_back(job?);
        }
        Ok(results)
    }

    /// The next result, or `None` behind the last and after an error.
    ///
    /// The item is [`JobError::TimedOut`] if the limit that was given to `map` is over and the result
    /// is not there, and otherwise what [`Job::get`] gives.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost: it may be dropped and called again.
    pub async fn next(&mut self) -> Option<Result<T, JobError>> {
        poll_fn(|cx| self.poll_result(cx)).await
    }

    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JobError>>> {
        let Some(job) = self.jobs.front() else { return Poll::Ready(None) };
        let limit = || self.deadline.map_or_else(Timeout::never, Timeout::at);
        let wait = self.first.get_or_insert_with(|| limit().run(job.get()));
        let outcome = ready!(Pin::new(wait).poll(cx)).unwrap_or(Err(JobError::TimedOut));
        self.first = None;
        if outcome.is_err() {
            self.cancel();
        }
        self.jobs.pop_front();
        Poll::Ready(Some(outcome))
    }

    fn cancel(&mut self) {
        for job in std::mem::take(&mut self.jobs) {
            job.cancel();
        }
    }
}

impl<T> Stream for MapResults<T> {
    type Item = Result<T, JobError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_result(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // An error ends it early.
        (self.jobs.len().min(1), Some(self.jobs.len()))
    }
}

impl<T> Drop for MapResults<T> {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl<T> fmt::Debug for MapResults<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapResults").field("left", &self.jobs.len()).finish_non_exhaustive()
    }
}
