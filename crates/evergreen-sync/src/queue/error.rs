use std::error::Error;
use std::fmt;

use evergreen_loop::Delay;

/// Why a queue refused. It is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueError {
    /// There is no item, or none has come in time.
    Empty,
    /// There is no room, or none was made in time.
    Full,
    /// A time to wait that is less than none.
    NegativeTimeout,
    /// More items were reported as done than were put in.
    TaskDoneTooOften,
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the queue is empty: `get` waits for an item",
            Self::Full => "the queue is full: `put` waits for room",
            Self::NegativeTimeout => {
                "a queue cannot wait for less than no time: `put` and `get` wait without limit"
            },
            Self::TaskDoneTooOften => {
                "the queue has no unfinished item: call `task_done` once for each item that was got"
            },
        })
    }
}

impl Error for QueueError {}

/// Why a queue did not take an item, and the item.
///
/// ```
/// use evergreen_sync::queue::{Queue, QueueError};
///
/// let queue = Queue::new(1);
/// queue.put_nowait("first")?;
/// let refused = queue.put_nowait("second").unwrap_err();
/// assert_eq!((refused.error, refused.item), (QueueError::Full, "second"));
/// # Ok::<(), QueueError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PutError<T> {
    /// Why.
    pub error: QueueError,
    /// What was not put in.
    pub item: T,
}

impl<T> From<PutError<T>> for QueueError {
    fn from(refused: PutError<T>) -> Self {
        refused.error
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T> Error for PutError<T> {}

/// The limit, if it is not negative.
pub(super) fn at_least_none(limit: impl Into<Delay>) -> Result<Delay, QueueError> {
    let limit = limit.into();
    if limit.is_negative() { Err(QueueError::NegativeTimeout) } else { Ok(limit) }
}
