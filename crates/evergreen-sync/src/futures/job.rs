//! The handle to a call that somebody else makes.

use std::any::type_name;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::Location;
use std::rc::Rc;

use evergreen_loop::Delay;
use evergreen_task::Timeout;

use super::error::JobError;
use super::get::Get;
use super::state::{Shared, State};

/// A call that somebody else makes, and its result when it is done.
///
/// Clones are handles to the same job, and two handles are equal if they are. Dropping them cancels
/// nothing. A call that gives a `Result` has that for its result: an `Err` of its own is no failure of
/// the job.
///
/// ```
/// use evergreen_sync::futures::{JobError, promise};
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let (promise, job) = promise();
/// job.add_done_callback(|job| assert!(job.is_done()));
/// promise.set_result(42).expect("nobody has cancelled the job");
/// assert_eq!(job.get().await.expect("it was kept"), 42);
/// assert!(matches!(job.get().await, Err(JobError::AlreadyUsed)));
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// Python evergreen's `Future`, which is that of `concurrent.futures`. A result is given out once, as
/// the documentation there promises.
#[doc(alias = "Future")]
pub struct Job<T>(pub(super) Rc<Shared<T>>);

impl<T> Job<T> {
    /// Cancels the call if it has not begun: true, also the second time. False if it is running or
    /// finished. Who waits for the result gets [`JobError::Cancelled`], and the callbacks run before
    /// this returns. What the call holds is dropped when its turn comes in the executor.
    pub fn cancel(&self) -> bool {
        match self.0.state() {
            State::Pending if self.0.claim() => {
                self.end_without(State::Cancelled);
                true
            },
            State::Cancelled | State::Noticed => true,
            State::Pending | State::Running | State::Returned | State::Failed => false,
        }
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.state().is_cancelled()
    }

    /// Whether somebody is making the call at this moment.
    pub fn is_running(&self) -> bool {
        self.0.state() == State::Running
    }

    /// Whether it was cancelled or has finished, well or not.
    pub fn is_done(&self) -> bool {
        self.0.state().is_done()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.0.state() == State::Failed
    }

    /// Waits for the result. It is given out once: of several who wait, the first gets it, and the
    /// others [`JobError::AlreadyUsed`].
    ///
    /// The future gives [`JobError::Cancelled`], [`JobError::Panicked`], [`JobError::Failed`] or
    /// [`JobError::AlreadyUsed`] if there is none.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost: a result that was on its way to one who is gone goes to the next who waits,
    /// or stays for who comes later.
    pub fn get(&self) -> Get<T> {
        Get::new(Rc::clone(&self.0))
    }

    /// Waits for the result with a limit; the call goes on when that is over, and so may the next
    /// wait. Zero is over after one trip through the queue, a negative limit never.
    ///
    /// # Errors
    ///
    /// [`JobError::TimedOut`], and those of [`get`](Self::get).
    ///
    /// # Kill safety
    ///
    /// As [`get`](Self::get).
    pub async fn get_timeout(&self, limit: impl Into<Delay>) -> Result<T, JobError> {
        Timeout::after(limit).run(self.get()).await.unwrap_or(Err(JobError::TimedOut))
    }

    /// The result, or why there is none, if that is known; for callbacks. `None` before the job is
    /// done, and while the result is owed to one who waits for it.
    pub fn try_get(&self) -> Option<Result<T, JobError>> {
        self.0.take()
    }

    /// Calls `f` with the job when it is done or cancelled, on this thread, in the order of adding: in
    /// the task or callback that finishes or cancels it.
    /// If it is done already, `f` is called before this returns: also where a callback adds one.
    ///
    /// A panic of `f` is told to the loop's exception handler, and the others are called.
    #[track_caller]
    pub fn add_done_callback(&self, f: impl FnOnce(&Self) + 'static) {
        self.push_callback(f, Location::caller());
    }
}

/// Awaiting a job is [`get`](Job::get).
impl<T> IntoFuture for Job<T> {
    type Output = Result<T, JobError>;
    type IntoFuture = Get<T>;

    fn into_future(self) -> Get<T> {
        self.get()
    }
}

impl<T> IntoFuture for &Job<T> {
    type Output = Result<T, JobError>;
    type IntoFuture = Get<T>;

    fn into_future(self) -> Get<T> {
        self.get()
    }
}

impl<T> Clone for Job<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> PartialEq for Job<T> {
    /// Whether they are the same job.
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Eq for Job<T> {}

impl<T> Hash for Job<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Rc::as_ptr(&self.0).hash(state);
    }
}

impl<T> fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.0.state() {
            State::Pending => "pending",
            State::Running => "running",
            State::Cancelled | State::Noticed => "cancelled",
            State::Returned => "finished",
            State::Failed => "finished, failed",
        };
        write!(f, "Job<{}>({state})", type_name::<T>())
    }
}
