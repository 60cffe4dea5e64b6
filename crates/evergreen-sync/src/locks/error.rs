use std::error::Error;
use std::fmt;

/// Why a lock refused. Its state is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LockError {
    /// A semaphore cannot begin with fewer than no slots.
    NegativeValue(i64),
    /// A bounded semaphore has all its slots back already.
    OverRelease,
    /// The lock that was to be released is not locked.
    NotLocked,
    /// An [`RLock`](super::RLock) that the caller does not have was to be released.
    NotOwner,
    /// A condition was used by one that does not have its lock.
    NotAcquired,
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NegativeValue(value) => {
                write!(f, "a semaphore cannot begin with {value} slots: use zero or more")
            },
            Self::OverRelease => f.write_str(
                "the bounded semaphore has all its slots already: release once for each acquire",
            ),
            Self::NotLocked => {
                f.write_str("the lock is not locked: release it once for each acquire")
            },
            Self::NotOwner => f.write_str(
                "the RLock is not held by who releases it: the task that acquired it must release it",
            ),
            Self::NotAcquired => f.write_str(
                "the lock of the condition is not acquired: acquire it, then wait or notify",
            ),
        }
    }
}

impl Error for LockError {}
