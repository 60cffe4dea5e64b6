//! The tasks of a loop as lines of text, for who looks for the one that hangs.

use std::fmt;

use crate::header::Header;
use crate::raw::Reference;
use crate::state::State;

/// Writes a line for each task, in the order in which they were made.
pub(crate) fn write(mut tasks: Vec<Reference>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    tasks.sort_by_key(|task| task.header().id);
    tasks.iter().try_for_each(|task| write_line(task.header(), f))
}

fn write_line(task: &Header, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let state = match task.state.get() {
        State::Initial => "initial",
        State::Started => "waits for its first turn",
        State::Running => "running",
        State::Parked => "parked",
        State::Ended => "ended",
    };
    writeln!(f, "{}: {state}, spawned at {}", task.name(), task.location)
}
