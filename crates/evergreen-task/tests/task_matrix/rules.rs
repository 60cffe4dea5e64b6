//! What must be seen in a cell, by a few plain rules.

use evergreen_task::TaskState;

use crate::act::Answer;
use crate::stage::Tally;
use crate::{Action, Actor, Cell, Kind, State};

pub(crate) fn expected(cell: Cell) -> Tally {
    // What is asked by a call while the task runs is done when it has parked.
    let late = cell.state == State::Running && cell.actor == Actor::Thread && !cell.is_direct();
    let cell = if late { Cell { state: State::Parked, ..cell } } else { cell };
    let polls = before(cell.state) + after(cell);
    let end = end(cell);
    Tally {
        found: found(cell),
        live: (!cell.is_direct()).then_some(live(cell)),
        polls,
        entries: u64::from(polls) + unpolled_turns(cell) + kill_entries(cell),
        left: 0,
        futures: (1, 0),
        outputs: outputs(cell, end),
        answer: answer(cell),
        wakes: wakes(cell),
        ended: (end != End::HandleDropped).then_some(end != End::Unstarted),
        awaited: awaited(cell, end),
        reports: usize::from(end == End::Panicked),
        caught: (cell.state, cell.action) == (State::Finished, Action::Panic),
        refused: cell.action == Action::Destroy,
        goes_on: true,
    }
}

/// How a task comes to its end, as its handle tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Unstarted,
    Value,
    Killed,
    Panicked,
    HandleDropped,
}

fn end(Cell { state, action, .. }: Cell) -> End {
    match (action, state) {
        (Action::DropHandle, _) | (Action::Panic, State::Finished) => End::HandleDropped,
        (Action::Destroy, State::Unstarted) => End::Unstarted,
        (_, State::Finished) => End::Value,
        (Action::Kill | Action::KillTwice | Action::Destroy, _) => End::Killed,
        (Action::Panic, _) => End::Panicked,
        (Action::Join | Action::JoinWithLimit | Action::Wake, _) => End::Value,
    }
}

fn found(cell: Cell) -> Option<TaskState> {
    let tells = cell.kind == Kind::Local && !cell.is_direct();
    tells.then_some(match cell.state {
        State::Unstarted => TaskState::Initial,
        State::Queued | State::Woken | State::Parked => TaskState::Started,
        State::Running => TaskState::Running,
        State::Finished => TaskState::Ended,
    })
}

/// A task counts from its start; one from another thread from its first turn.
fn live(cell: Cell) -> usize {
    let counts = match cell.state {
        State::Unstarted | State::Finished => false,
        State::Queued => cell.kind == Kind::Local,
        State::Woken | State::Running | State::Parked => true,
    };
    counts.into()
}

fn has_begun(state: State) -> bool {
    !matches!(state, State::Unstarted | State::Queued)
}

fn is_kill(action: Action) -> bool {
    matches!(action, Action::Kill | Action::KillTwice)
}

fn is_join(action: Action) -> bool {
    matches!(action, Action::Join | Action::JoinWithLimit)
}

/// Polls that it takes to come to the state.
fn before(state: State) -> u32 {
    has_begun(state).into()
}

/// Polls of the action and after it.
fn after(cell: Cell) -> u32 {
    let is_queued = matches!(cell.state, State::Queued | State::Woken);
    match (cell.action, cell.state) {
        (_, State::Finished) | (Action::Destroy, _) => 0,
        (Action::DropHandle, State::Unstarted) => 0,
        // A turn that comes before the kill's is had, unless it were the first.
        (Action::Kill | Action::KillTwice, state) => (state == State::Woken).into(),
        // A running task does so in the poll that it is in.
        (Action::Panic, state) => (state != State::Running).into(),
        // The turn that it is queued for, the one that it is woken for, and the last.
        _ => u32::from(is_queued) + u32::from(is_woken(cell)) + 1,
    }
}

/// A wake counts unless there is a turn to come. A limit that is over wakes who waits, and that is
/// the task itself if it joins itself.
fn is_woken(Cell { state, action, actor, .. }: Cell) -> bool {
    match action {
        Action::Wake => matches!(state, State::Running | State::Parked),
        Action::JoinWithLimit => state == State::Running && actor == Actor::Task,
        _ => false,
    }
}

/// Killed before its first turn, a task has it all the same: there its future is dropped.
fn unpolled_turns(cell: Cell) -> u64 {
    (is_kill(cell.action) && !has_begun(cell.state)).into()
}

/// Each kill of a task that has begun is an entry. That of another thread's handle has one more on
/// its way, whatever the task is at.
fn kill_entries(cell: Cell) -> u64 {
    let kills = match cell.action {
        Action::Kill => 1,
        Action::KillTwice => 2,
        _ => 0,
    };
    let strikes = has_begun(cell.state) && cell.state != State::Finished;
    kills * (u64::from(strikes) + u64::from(cell.kind == Kind::Remote))
}

/// An output is dropped once, by who takes it: the loop's thread but where another thread has the
/// handle of a finished task.
fn outputs(cell: Cell, end: End) -> (usize, usize) {
    let detached = end == End::HandleDropped && cell.state != State::Unstarted;
    let made = usize::from(detached || end == End::Value);
    let takes = is_join(cell.action) || detached;
    if takes && cell.state == State::Finished && cell.is_direct() { (0, made) } else { (made, 0) }
}

/// A joiner of this thread is told of the end, one that awaits a remote task gets its output.
fn answer(cell: Cell) -> Option<Answer> {
    let ended = if cell.kind == Kind::Local { Answer::Joined } else { Answer::Value };
    is_join(cell.action).then_some(match (cell.state, cell.action) {
        (State::Unstarted, _) => Answer::NotStarted,
        (State::Finished, _) | (_, Action::Join) => ended,
        _ => Answer::TimedOut,
    })
}

/// Who waits is woken once, by the end or the limit. An awaited handle remembers its waker when the
/// limit is over, and wakes it at the end once more.
fn wakes(cell: Cell) -> usize {
    let by_hand = is_join(cell.action) && cell.actor != Actor::Task;
    let waits = by_hand && !matches!(cell.state, State::Unstarted | State::Finished);
    let remembers = cell.kind == Kind::Remote && cell.action == Action::JoinWithLimit;
    usize::from(waits) + usize::from(waits && remembers)
}

/// An output is there for one: the joiner may have it.
fn awaited(cell: Cell, end: End) -> Option<Answer> {
    let taken = cell.kind == Kind::Remote && answer(cell) == Some(Answer::Value);
    match end {
        End::HandleDropped => None,
        End::Value if taken => None,
        End::Value => Some(Answer::Value),
        End::Unstarted => Some(Answer::NotStarted),
        End::Killed => Some(Answer::Killed),
        End::Panicked => Some(Answer::Panicked),
    }
}
