//! Jobs in the order in which they are done.

use std::cell::{Cell, RefCell};
use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use evergreen_loop::{Delay, LoopTime};
use evergreen_task::{Sleep, sleep_until};
use futures_core::Stream;

use super::error::UnfinishedError;
use super::job::Job;
use super::map::deadline;
use crate::wait::wake;

/// Gives the jobs as they are done, well or not or cancelled: first those that are done already, in
/// their order here, then the others in the order in which they come to it. A job that is given
/// twice comes once.
///
/// A job that is cancelled later counts when whoever was to make the call has noticed.
///
/// ```
/// use evergreen_sync::futures::{TaskPoolExecutor, as_completed};
/// use evergreen_task::sleep;
///
/// # let event_loop = evergreen_loop::EventLoop::builder().virtual_time().build()?;
/// # event_loop.block_on(async {
/// let pool = TaskPoolExecutor::new(3)?;
/// let submit = |seconds| pool.submit(move || async move { sleep(seconds).await });
/// let jobs = [submit(3.0)?, submit(1.0)?, submit(2.0)?];
/// let mut completed = as_completed(&jobs);
/// let mut order = Vec::new();
/// while let Some(Ok(job)) = completed.next().await {
///     order.extend(jobs.iter().position(|other| *other == job));
/// }
/// assert_eq!(order, [1, 2, 0]);
/// # Ok::<(), evergreen_sync::futures::ExecutorError>(())
/// # }).unwrap();
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
pub fn as_completed<T>(jobs: &[Job<T>]) -> AsCompleted<T> {
    AsCompleted::new(jobs, None)
}

/// As [`as_completed`], with a limit for all of them together, from now on. Zero is over after one
/// trip through the queue, a negative limit never.
///
/// In Python the limit may strike in the code that uses the job; here it is only
/// [`next`](AsCompleted::next) that tells of it.
pub fn as_completed_timeout<T>(jobs: &[Job<T>], limit: impl Into<Delay>) -> AsCompleted<T> {
    AsCompleted::new(jobs, deadline(limit.into()))
}

/// What [`as_completed`] gives.
pub struct AsCompleted<T> {
    gathering: Rc<Gathering<T>>,
    /// Those that were not done at first, each with its key.
    watched: Vec<(Job<T>, usize)>,
    unfinished: usize,
    total: usize,
    deadline: Option<LoopTime>,
    timer: Option<Sleep>,
}

/// Where jobs gather that are done.
pub(super) struct Gathering<T> {
    done: RefCell<VecDeque<Job<T>>>,
    /// Who waits for one.
    waker: Cell<Option<Waker>>,
}

impl<T> Gathering<T> {
    pub(super) fn add(&self, job: Job<T>) {
        self.done.borrow_mut().push_back(job);
        self.waker.take().into_iter().for_each(wake);
    }

    fn take(&self) -> Option<Job<T>> {
        self.done.borrow_mut().pop_front()
    }
}

/// Each job once.
pub(super) fn distinct<T>(jobs: &[Job<T>]) -> impl Iterator<Item = &Job<T>> {
    let mut known = HashSet::new();
    jobs.iter().filter(move |job| known.insert(Rc::as_ptr(&job.0)))
}

impl<T> AsCompleted<T> {
    fn new(jobs: &[Job<T>], deadline: Option<LoopTime>) -> Self {
        let (done, open): (Vec<_>, Vec<_>) = distinct(jobs).cloned().partition(Job::is_done);
        let total = done.len() + open.len();
        let gathering =
            Rc::new(Gathering { done: RefCell::new(done.into()), waker: Cell::new(None) });
        let watch = |job: Job<T>| (job.clone(), job.watch(Rc::clone(&gathering)));
        let watched = open.into_iter().map(watch).collect();
        Self { gathering, watched, unfinished: total, total, deadline, timer: None }
    }

    /// The next job that is done, or `None` behind the last.
    ///
    /// The item is [`UnfinishedError`] if the limit is over and no job is there; it is the last.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost: it may be dropped and called again.
    pub async fn next(&mut self) -> Option<Result<Job<T>, UnfinishedError>> {
        poll_fn(|cx| self.poll_job(cx)).await
    }

    fn poll_job(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Job<T>, UnfinishedError>>> {
        if self.unfinished == 0 {
            return Poll::Ready(None);
        }
        if let Some(job) = self.gathering.take() {
            self.unfinished -= 1;
            self.timer = None;
            return Poll::Ready(Some(Ok(job)));
        }
        if self.is_over(cx) {
            let error = UnfinishedError { unfinished: self.unfinished, total: self.total };
            self.unfinished = 0;
            self.timer = None;
            return Poll::Ready(Some(Err(error)));
        }
        let former = self.gathering.waker.replace(Some(cx.waker().clone()));
        drop(former);
        Poll::Pending
    }

    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = self.deadline else { return false };
        let timer = self.timer.get_or_insert_with(|| sleep_until(deadline));
        Pin::new(timer).poll(cx).is_ready()
    }
}

impl<T> Stream for AsCompleted<T> {
    type Item = Result<Job<T>, UnfinishedError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_job(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // The limit ends it early.
        (self.unfinished.min(1), Some(self.unfinished))
    }
}

impl<T> Drop for AsCompleted<T> {
    fn drop(&mut self) {
        self.watched.iter().for_each(|(job, key)| job.unwatch(*key));
    }
}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("unfinished", &self.unfinished)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}
