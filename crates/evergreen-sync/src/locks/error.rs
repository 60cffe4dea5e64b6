use std::error::Error;
use std::fmt;

/// Why a lock refused. Its state is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LockError {
    /// A semaphore cannot begin with fewer than no slots.
    NegativeValue(i64),
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NegativeValue(value) => {
                write!(f, "a semaphore cannot begin with {value} slots: use zero or more")
            },
        }
    }
}

impl Error for LockError {}
