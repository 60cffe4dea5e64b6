//! Why a group of tasks failed.

use std::any::Any;
use std::error::Error;
use std::fmt;

/// The first failure in a [`TaskGroup`](crate::TaskGroup).
#[non_exhaustive]
pub enum GroupError<E> {
    /// A task, or the body of the scope, returned this error.
    Failed(E),
    /// A task panicked; this is the panic's payload, to look at or to pass to
    /// [`std::panic::resume_unwind`]. The panic has been reported.
    Panicked(Box<dyn Any + Send>),
}

impl<E: fmt::Debug> fmt::Debug for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Panicked(payload) => write!(f, "panicked: {}", text_of(&**payload)),
        }
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Panicked(payload) => {
                write!(f, "a task of the group panicked: {}", text_of(&**payload))
            },
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

/// The message of a panic.
pub(super) fn text_of(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a value that is no text")
}
