//! Killing a task.

use evergreen_loop::EventLoop;

use crate::raw::Reference;
use crate::state::State;

/// Kills a task that has begun by an entry of the queue, and any other by a mark.
pub(crate) fn kill(task: &Reference) {
    let header = task.header();
    match header.state.get() {
        State::Ended => {},
        State::Initial | State::Started => header.mark_killed(),
        State::Running | State::Parked => queue(task.clone()),
    }
}

/// A loop that is gone has ended all its tasks, so there is one.
fn queue(task: Reference) {
    if let Some(event_loop) = EventLoop::try_current() {
        event_loop.call_soon(move || deliver(&task));
    }
}

/// The kill's turn has come. A parked task ends in this very entry; one that is queued already
/// ends in its own.
fn deliver(task: &Reference) {
    if task.header().state.get() == State::Ended {
        return;
    }
    task.header().mark_killed();
    let Some(event_loop) = EventLoop::try_current() else { return };
    event_loop.run_now(|| task.wake());
}
