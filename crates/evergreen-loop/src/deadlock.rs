//! What becomes of a wait that nothing the loop knows of can end (D-6).

use std::fmt;
use std::panic::Location;

use crate::core::{Core, print};
use crate::debug;

/// What to do when nothing is alive and the main future still waits.
pub(crate) enum OnDeadlock {
    /// Give up.
    Exit,
    /// Tell who waits, once; then wait on, because another thread may hold the waker.
    Tell,
    /// Wait on.
    Wait,
}

impl OnDeadlock {
    /// What `block_on` does.
    pub(crate) fn of_block_on() -> Self {
        if debug::is_on() { Self::Tell } else { Self::Wait }
    }

    /// Looks before a turn whether it could end; `place` is where the wait began.
    pub(crate) fn check(
        &mut self,
        core: &Core,
        place: &'static Location<'static>,
    ) -> Result<(), LoopExit> {
        if matches!(self, Self::Wait) || core.can_go_on() {
            return Ok(());
        }
        let exit = LoopExit::of(core);
        if matches!(self, Self::Exit) {
            return Err(exit);
        }
        *self = Self::Wait;
        print(&format_args!(
            "the wait at {place} can be ended by a signal or another thread only: {exit}"
        ));
        Ok(())
    }
}

/// A wait was given up: the loop has nothing left to wait for, and the future is not done.
///
/// Nothing in the queue, no timer, no descriptor, no blocking job, no
/// [`KeepAlive`](crate::KeepAlive): what the future waits for can come from nowhere, unless from a
/// signal handler or from a thread that the loop does not know of. What gevent raises under this
/// name.
///
/// Its `Display` has a line for each parked task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoopExit {
    parked_tasks: usize,
    tasks: String,
}

impl LoopExit {
    fn of(core: &Core) -> Self {
        Self { parked_tasks: core.live_tasks(), tasks: TaskDump(core).to_string() }
    }

    /// How many tasks have been started and have not ended.
    pub const fn parked_tasks(&self) -> usize {
        self.parked_tasks
    }

    /// These tasks as [`EventLoop::dump_tasks`](crate::EventLoop::dump_tasks) told of them.
    pub fn tasks(&self) -> &str {
        &self.tasks
    }
}

impl fmt::Display for LoopExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the event loop has nothing left to wait for")?;
        match self.parked_tasks {
            0 => return Ok(()),
            1 => f.write_str(", and 1 task is parked:")?,
            parked => write!(f, ", and {parked} tasks are parked:")?,
        }
        self.tasks.lines().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl std::error::Error for LoopExit {}

/// The tasks of a loop, a line for each.
pub(crate) struct TaskDump<'a>(pub(crate) &'a Core);

impl fmt::Display for TaskDump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.tasks().get().map_or(Ok(()), |tasks| tasks.dump(f))
    }
}
