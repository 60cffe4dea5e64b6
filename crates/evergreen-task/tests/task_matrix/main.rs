//! The task matrix: whatever is done to a task in whatever state, from wherever, its future is
//! dropped once and on the loop's thread, nobody waits in vain, and the loop goes on.
//!
//! A cell is a state, an action and an actor. `stage` plays it, `rules` say what must be seen. A
//! cell that fails names itself. Every cell ends alike: a task that has not ended is told to finish,
//! started if need be, and woken.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod act;
#[path = "../common/mod.rs"]
mod common;
mod rules;
mod stage;
mod subject;
mod watchdog;

use watchdog::Watchdog;

/// How the task came to the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Made on the loop's thread; its handle is a `Task`.
    Local,
    /// Spawned from another thread; its handle is a `RemoteTask`.
    Remote,
}

/// What the task is at when something is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Made and not started.
    Unstarted,
    /// Queued for its first turn.
    Queued,
    /// Queued again, after a wait.
    Woken,
    /// Being polled: the actor acts below that very poll.
    Running,
    /// Waiting for a wake.
    Parked,
    /// Ended, with an output that nobody has taken.
    Finished,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Kill,
    KillTwice,
    DropHandle,
    /// `Task::join`; a `RemoteTask` is awaited instead.
    Join,
    /// With a limit of zero, which is over after one trip through the queue.
    JoinWithLimit,
    /// The task panics in its next poll, which is seen to; a finished one panics in the destructor
    /// of its output.
    Panic,
    Wake,
    /// `EventLoop::destroy`, which is refused inside the loop. It is done afterwards, with the task
    /// still in its state.
    Destroy,
}

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Actor {
    /// Another task; for a running task, the task itself.
    Task,
    /// A `call_soon`; for a running task, the exception handler, which it calls.
    Callback,
    /// Another thread: by itself where the types allow it, else by `call_from_thread`.
    Thread,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    kind: Kind,
    state: State,
    action: Action,
    actor: Actor,
}

impl Cell {
    /// Whether the other thread acts by itself, with what it may hold: a `RemoteTask`, or a waker
    /// that the task has given away in its last poll.
    fn is_direct(self) -> bool {
        use State::{Finished, Parked, Queued, Running, Woken};
        let allowed = match (self.kind, self.action) {
            (_, Action::Destroy) => false,
            (Kind::Remote, _) => true,
            (Kind::Local, Action::Wake) => {
                matches!(self.state, Woken | Running | Parked | Finished)
            },
            (Kind::Local, Action::Panic) => matches!(self.state, Queued | Woken | Running | Parked),
            (Kind::Local, _) => false,
        };
        self.actor == Actor::Thread && allowed
    }

    /// A remote task is born started, and before its first turn there is no way to wake it.
    fn exists(self) -> bool {
        let (Self { state, action, .. }, remote) = (self, self.kind == Kind::Remote);
        !remote || (state != State::Unstarted && (state, action) != (State::Queued, Action::Wake))
    }
}

const STATES: [State; 6] =
    [State::Unstarted, State::Queued, State::Woken, State::Running, State::Parked, State::Finished];

const ACTIONS: [Action; 8] = [
    Action::Kill,
    Action::KillTwice,
    Action::DropHandle,
    Action::Join,
    Action::JoinWithLimit,
    Action::Panic,
    Action::Wake,
    Action::Destroy,
];

const ACTORS: [Actor; 3] = [Actor::Task, Actor::Callback, Actor::Thread];

fn cells(kind: Kind) -> impl Iterator<Item = Cell> {
    let pairs = STATES.into_iter().flat_map(|state| ACTIONS.map(|action| (state, action)));
    let all = pairs
        .flat_map(move |(state, action)| ACTORS.map(|actor| Cell { kind, state, action, actor }));
    all.filter(|cell| cell.exists())
}

/// Plays all cells and tells of those in which something else was seen than the rules say.
fn check(kind: Kind, number: usize) {
    let watchdog = Watchdog::new();
    let failed: Vec<String> = cells(kind)
        .filter_map(|cell| {
            watchdog.see(cell);
            let (seen, expected) = (stage::play(cell), Some(rules::expected(cell)));
            let difference = || format!("{cell:?}:\n  seen     {seen:?}\n  expected {expected:?}");
            (seen != expected).then(difference)
        })
        .collect();
    assert!(failed.is_empty(), "{} cells failed\n{}", failed.len(), failed.join("\n"));
    assert_eq!(cells(kind).count(), number);
}

// EV-TASK-02 to -14, -26, -27, D-8, D-9
#[test]
fn a_task_of_this_thread_keeps_the_rules_in_every_cell() {
    check(Kind::Local, 144);
}

// The same, and D-10
#[test]
fn a_task_from_another_thread_keeps_the_rules_in_every_cell() {
    check(Kind::Remote, 117);
}
