//! The other end of a job: whoever makes the call.

use std::error::Error;
use std::fmt;
use std::rc::Rc;

use super::claim::Claim;
use super::error::{JobError, PromiseError};
use super::job::Job;
use super::state::{Outcome, Shared, State};

/// The obligation to finish a [`Job`].
///
/// It is kept once, by [`set_result`](Self::set_result) or [`set_error`](Self::set_error). Dropped
/// before that, it cancels the job.
///
/// ```
/// use evergreen_sync::futures::{JobError, promise};
///
/// let (promise, job) = promise::<u32>();
/// assert_eq!(promise.set_running_or_notify_cancel(), Ok(true));
/// assert!(!job.cancel());
/// drop(promise);
/// assert!(matches!(job.try_get(), Some(Err(JobError::Cancelled))));
/// ```
///
/// The half of Python evergreen's `Future` that is for executors and tests.
#[must_use = "a promise that is dropped cancels its job"]
pub struct Promise<T>(Job<T>);

/// A job, and the promise that finishes it.
pub fn promise<T>() -> (Promise<T>, Job<T>) {
    promise_of(None)
}

/// The same, of a call that another thread makes if it has the claim.
pub(super) fn promise_of<T>(claim: Option<Claim>) -> (Promise<T>, Job<T>) {
    let job = Job(Rc::new(Shared::new(claim)));
    (Promise(job.clone()), job)
}

impl<T> Promise<T> {
    /// Begins: true if the call is to be made, and the job cannot be cancelled any more. False if it
    /// was cancelled; those who are in a `wait` for it, or in `as_completed`, learn of that now.
    ///
    /// # Errors
    ///
    /// [`PromiseError`] the second time.
    pub fn set_running_or_notify_cancel(&self) -> Result<bool, PromiseError> {
        match self.0.0.state() {
            State::Pending => {
                self.0.0.set_running();
                Ok(true)
            },
            State::Cancelled => {
                self.0.notice();
                Ok(false)
            },
            State::Noticed => Err(PromiseError::AlreadyNoticed),
            State::Running | State::Returned | State::Failed => Err(PromiseError::AlreadyRunning),
        }
    }

    /// Finishes the job with a result. It wakes who waits and calls the callbacks before it returns.
    ///
    /// # Errors
    ///
    /// The value, if the job was cancelled.
    pub fn set_result(self, value: T) -> Result<(), T> {
        if self.0.is_cancelled() {
            return Err(value);
        }
        self.0.finish(Ok(value));
        Ok(())
    }

    /// Finishes the job with an error, as [`set_result`](Self::set_result) does with a value: who
    /// waits gets [`JobError::Failed`].
    ///
    /// # Errors
    ///
    /// The error itself, if the job was cancelled.
    pub fn set_error<E: Into<Box<dyn Error + Send + Sync>>>(self, error: E) -> Result<(), E> {
        if self.0.is_cancelled() {
            return Err(error);
        }
        self.finish(Err(JobError::Failed(error.into())));
        Ok(())
    }

    /// Finishes the job in whatever way, unless it was cancelled.
    pub(super) fn finish(self, outcome: Outcome<T>) {
        if !self.0.is_cancelled() {
            self.0.finish(outcome);
        }
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        match self.0.0.state() {
            State::Pending | State::Running => {
                self.0.0.claim();
                self.0.end_without(State::Noticed);
            },
            State::Cancelled => self.0.notice(),
            State::Noticed | State::Returned | State::Failed => {},
        }
    }
}

impl<T> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Promise").field(&self.0).finish()
    }
}
