//! Who may enter again.

use evergreen_loop::build::in_main_future;
use evergreen_task::TaskId;
use evergreen_task::build::current_id;

/// What counts as one for an [`RLock`](super::RLock).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Task(TaskId),
    /// The future of a `block_on`.
    Main,
    /// All callbacks, and what is outside of any loop.
    Loop,
}

impl Owner {
    /// Who is running.
    pub(super) fn current() -> Self {
        match current_id() {
            Some(task) => Self::Task(task),
            None if in_main_future() => Self::Main,
            None => Self::Loop,
        }
    }
}
