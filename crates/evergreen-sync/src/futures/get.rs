//! Waiting for the result of a job.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::error::JobError;
use super::state::Shared;
use crate::wait::Wait;

/// What [`Job::get`](super::Job::get) gives.
///
/// # Kill safety
///
/// Nothing is lost: a result that was on its way to this one goes to the next who waits, or stays.
#[must_use = "futures do nothing unless they are polled"]
pub struct Get<T>(Step<T>);

enum Step<T> {
    /// Not polled yet.
    New(Rc<Shared<T>>),
    Waiting(Rc<Shared<T>>, Wait<Rc<Shared<T>>>),
    Over,
}

impl<T> Get<T> {
    pub(super) const fn new(shared: Rc<Shared<T>>) -> Self {
        Self(Step::New(shared))
    }
}

/// Nothing in it is pinned.
impl<T> Unpin for Get<T> {}

impl<T> Future for Get<T> {
    type Output = Result<T, JobError>;

    /// # Panics
    ///
    /// If it is polled after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Step::New(shared) = &self.0 {
            let shared = Rc::clone(shared);
            if let Some(outcome) = shared.take() {
                self.0 = Step::Over;
                return Poll::Ready(outcome);
            }
            self.0 = Step::Waiting(Rc::clone(&shared), Wait::new(shared, ()));
        }
        let Step::Waiting(shared, wait) = &mut self.0 else {
            panic!("a job's result was polled after it was there");
        };
        let Poll::Ready(outcome) = Pin::new(wait).poll(cx) else { return Poll::Pending };
        let shared = Rc::clone(shared);
        self.0 = Step::Over;
        shared.mark_used();
        Poll::Ready(outcome)
    }
}

impl<T> fmt::Debug for Get<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get").finish_non_exhaustive()
    }
}
