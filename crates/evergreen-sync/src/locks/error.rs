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

/// Why a barrier did not let a party through.
#[derive(Debug)]
#[non_exhaustive]
pub enum BarrierError {
    /// A barrier cannot be for no parties.
    NoParties,
    /// The barrier is broken, or was broken or reset before all had come.
    Broken,
    /// The barrier's action has failed with this; the barrier is broken.
    Action(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for BarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoParties => f.write_str("a barrier cannot be for no parties: use one or more"),
            Self::Broken => f.write_str(
                "the barrier is broken or was reset before all had come: reset it and come again",
            ),
            Self::Action(_) => f.write_str("the action of the barrier has failed: reset it"),
        }
    }
}

impl Error for BarrierError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Action(error) => Some(&**error),
            Self::NoParties | Self::Broken => None,
        }
    }
}
