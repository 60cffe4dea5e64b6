//! The tasks of a loop as lines of text, for who looks for the one that hangs.

use std::fmt;

use evergreen_loop::EventLoop;

use crate::header::Header;
use crate::raw::Reference;
use crate::state::State;

/// Writes a line for each task, by their ids.
pub(crate) fn write(mut tasks: Vec<Reference>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    tasks.sort_by_key(|task| task.header().id);
    tasks.iter().try_for_each(|task| write_line(task.header(), f))
}

fn write_line(task: &Header, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}: ", task.name())?;
    match task.state.get() {
        State::Initial => f.write_str("initial")?,
        State::Sent | State::Started => f.write_str("waits for its first turn")?,
        State::Running => f.write_str("running")?,
        State::Parked => write_parked(task, f)?,
        State::Ended => f.write_str("ended")?,
    }
    let polls = task.polls();
    writeln!(f, ", polls: {polls}, spawned at {}", task.location)
}

fn write_parked(task: &Header, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("parked")?;
    let Some(event_loop) = EventLoop::try_current() else { return Ok(()) };
    let seconds = task.parked_for(event_loop.time()).as_secs_f64();
    write!(f, " for {seconds:.3} s")
}
