//! Why a job has no result, and why a promise or an executor refused.

use std::error::Error;
use std::fmt;

use evergreen_loop::Panic;

/// Why a [`Job`](super::Job) gave no result.
#[non_exhaustive]
pub enum JobError {
    /// It was cancelled, or whoever was to do it is gone. Python's `CancelledError`.
    Cancelled,
    /// The limit of the wait was over first. The job goes on. Python's `TimeoutError`.
    TimedOut,
    /// Its result was fetched before.
    AlreadyUsed,
    /// The call panicked.
    Panicked(Panic),
    /// The call failed with this error.
    Failed(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the job was cancelled"),
            Self::TimedOut => f.write_str("the job was not done in time: it goes on, wait again"),
            Self::AlreadyUsed => {
                f.write_str("the job's result was fetched before: it is given out once")
            },
            Self::Panicked(panic) => write!(f, "the job panicked: {panic}"),
            Self::Failed(_) => f.write_str("the job failed"),
        }
    }
}

impl fmt::Debug for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobError({self})")
    }
}

impl Error for JobError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(&**error),
            _ => None,
        }
    }
}

/// Why a [`Promise`](super::Promise) cannot begin. Its job is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PromiseError {
    /// It has begun.
    AlreadyRunning,
    /// It was told that its job is cancelled.
    AlreadyNoticed,
}

impl fmt::Display for PromiseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyRunning => "the promise has begun: keep it with a result or an error",
            Self::AlreadyNoticed => "the promise's job is cancelled, as it was told: drop it",
        })
    }
}

impl Error for PromiseError {}

/// Why an executor refused. It is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExecutorError {
    /// It was shut down.
    Shutdown,
    /// It cannot have fewer than one worker.
    NoWorkers,
}

impl fmt::Display for ExecutorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shutdown => "the executor was shut down and takes no more: make a new one",
            Self::NoWorkers => "an executor cannot do anything with no workers: use one or more",
        })
    }
}

impl Error for ExecutorError {}

/// The limit of an [`as_completed`](super::as_completed()) was over first. The jobs go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnfinishedError {
    /// How many have not been given.
    pub unfinished: usize,
    /// Of how many.
    pub total: usize,
}

impl fmt::Display for UnfinishedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unfinished, total } = self;
        write!(f, "{unfinished} (of {total}) jobs are unfinished: they go on, wait again")
    }
}

impl Error for UnfinishedError {}
