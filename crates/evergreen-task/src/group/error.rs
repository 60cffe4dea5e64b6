//! Why a group of tasks failed.

use std::error::Error;
use std::fmt;

use evergreen_loop::Panic;

/// The first failure in a [`TaskGroup`](crate::TaskGroup).
#[non_exhaustive]
pub enum GroupError<E> {
    /// A task, or the body of the scope, returned this error.
    Failed(E),
    /// A task panicked. It has been reported.
    Panicked(Panic),
}

impl<E: fmt::Debug> fmt::Debug for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Panicked(panic) => write!(f, "panicked: {panic}"),
        }
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Panicked(panic) => write!(f, "a task of the group panicked: {panic}"),
        }
    }
}

impl<E: Error + 'static> Error for GroupError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Panicked(_) => None,
        }
    }
}
