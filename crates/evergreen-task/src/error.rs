//! Why a task refused, and why it has no output.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;

use evergreen_loop::Panic;

/// The task is not in the state that the call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskError {
    /// It was started before.
    AlreadyStarted,
    /// It was not started yet.
    NotStarted,
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyStarted => "the task was started already",
            Self::NotStarted => "the task was not started: call start() first",
        })
    }
}

impl Error for TaskError {}

/// Why a task that was awaited has no output.
#[non_exhaustive]
pub enum JoinError {
    /// It was killed, or its loop was destroyed.
    Killed,
    /// It was killed for this reason.
    KilledWith(Box<dyn Error + Send + Sync>),
    /// It panicked.
    Panicked(Panic),
    /// It was never started.
    NotStarted,
}

impl JoinError {
    /// Whether the task was killed, and so came to no harm of its own.
    pub const fn is_exit(&self) -> bool {
        matches!(self, Self::Killed | Self::KilledWith(_))
    }

    /// Whether the task panicked.
    pub const fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }

    /// The payload of the panic, to look at or to pass to [`std::panic::resume_unwind`].
    ///
    /// # Errors
    ///
    /// The error itself, if the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        match self {
            Self::Panicked(panic) => Ok(panic.into_payload()),
            other => Err(other),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Killed => f.write_str("the task was killed"),
            Self::KilledWith(reason) => write!(f, "the task was killed: {reason}"),
            Self::NotStarted => TaskError::NotStarted.fmt(f),
            Self::Panicked(panic) => write!(f, "the task panicked: {panic}"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        Self::other(error)
    }
}

impl Error for JoinError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::KilledWith(reason) => Some(&**reason),
            _ => None,
        }
    }
}

/// A kill, as the scope that caught it is told. It ends one task, is never reported, and goes no
/// further. See [`catch_kill`](crate::catch_kill).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskExit;

impl fmt::Display for TaskExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task was told to exit")
    }
}

impl Error for TaskExit {}
