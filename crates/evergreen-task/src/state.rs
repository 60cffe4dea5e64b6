//! The life of a task.
//!
//! ```text
//!             start            first turn             pending
//!  Initial ----------> Started ----------> Running ----------> Parked
//!     |                   |                 ^   |                |
//!     | dropped           | killed          |   | ready, panic   | woken: a turn
//!     | unstarted         | unpolled        +---|----------------+
//!     v                   v                     v                | killed: a turn
//!   Ended <------------ Ended <-------------- Ended <------------+
//! ```
//!
//! `Body::poll` makes every transition but the first, which is `Task::start`. A task that is woken
//! stays `Parked` until its entry's turn in the queue.

use std::fmt;
use std::sync::atomic::Ordering;

use crate::sync::AtomicU8;

/// What a task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// Made, but not started.
    Initial,
    /// Started: it waits for its turn or for something else.
    Started,
    /// It is being polled at this moment.
    Running,
    /// It has returned, panicked or been killed.
    Ended,
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Initial => "initial",
            Self::Started => "started",
            Self::Running => "running",
            Self::Ended => "ended",
        })
    }
}

/// The states of the diagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    Initial,
    /// Started on another thread, and on its way or in the queue.
    Sent,
    Started,
    Running,
    Parked,
    Ended,
}

impl State {
    const ALL: [Self; 6] =
        [Self::Initial, Self::Sent, Self::Started, Self::Running, Self::Parked, Self::Ended];

    pub(crate) const fn public(self) -> TaskState {
        match self {
            Self::Initial => TaskState::Initial,
            Self::Sent | Self::Started | Self::Parked => TaskState::Started,
            Self::Running => TaskState::Running,
            Self::Ended => TaskState::Ended,
        }
    }
}

/// A state that any thread may look at; only the loop's thread changes it, so no ordering is
/// needed.
pub(crate) struct StateCell(AtomicU8);

impl StateCell {
    pub(crate) fn new() -> Self {
        Self(AtomicU8::new(State::Initial as u8))
    }

    pub(crate) fn get(&self) -> State {
        State::ALL[self.0.load(Ordering::Relaxed) as usize]
    }

    pub(crate) fn set(&self, state: State) {
        self.0.store(state as u8, Ordering::Relaxed);
    }
}
