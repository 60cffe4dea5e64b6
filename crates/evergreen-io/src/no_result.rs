//! What is said of work on the loop's threads that came to nothing.

use std::io;

use evergreen_loop::{BlockingError, LoopError};

/// Why a job did not come to a result.
pub(crate) fn no_result(error: BlockingError) -> io::Error {
    match error {
        BlockingError::LoopClosed => LoopError::Closed.into(),
        // Not the kind of the system's error: for want of a thread it says `WouldBlock`.
        other => io::Error::other(other.to_string()),
    }
}
