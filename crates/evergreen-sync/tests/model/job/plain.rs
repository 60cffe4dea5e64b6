//! What became of the call, where its outcome is, and who waits for it.

use std::collections::{HashMap, VecDeque};

use crate::world::World;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Pending,
    Running,
    Cancelled,
    Returned,
    Failed,
}

/// An outcome, or why there is none, as it is told.
pub(super) type Outcome = String;

pub(super) struct Plain {
    state: State,
    has_promise: bool,
    is_noticed: bool,
    /// Where it lies, if it is nobody's.
    outcome: Option<Outcome>,
    is_used: bool,
    waiting: VecDeque<usize>,
    given: HashMap<usize, Outcome>,
}

pub(super) const USED: &str = "the job's result was fetched before: it is given out once";
pub(super) const CANCELLED: &str = "the job was cancelled";
pub(super) const LATE: &str = "the job was not done in time: it goes on, wait again";

impl Plain {
    pub(super) fn new() -> Self {
        Self {
            state: State::Pending,
            has_promise: true,
            is_noticed: false,
            outcome: None,
            is_used: false,
            waiting: VecDeque::new(),
            given: HashMap::new(),
        }
    }

    fn give(&mut self, outcome: &str, world: &mut World) -> bool {
        let Some(next) = self.waiting.pop_front() else { return false };
        self.given.insert(next, outcome.to_owned());
        world.wake(next);
        true
    }

    fn give_all(&mut self, outcome: &str, world: &mut World) {
        while self.give(outcome, world) {}
    }

    fn hand_over(&mut self, outcome: Outcome, world: &mut World) {
        if !self.give(&outcome, world) {
            self.outcome = Some(outcome);
        }
    }

    pub(super) fn finish(&mut self, state: State, outcome: Outcome, world: &mut World) -> String {
        if !std::mem::take(&mut self.has_promise) {
            return "gone".to_owned();
        }
        self.is_noticed = true;
        if self.state == State::Cancelled {
            return "refused".to_owned();
        }
        self.state = state;
        self.hand_over(outcome, world);
        "kept".to_owned()
    }

    pub(super) fn begin(&mut self) -> &'static str {
        match self.state {
            _ if !self.has_promise => "gone",
            State::Pending => {
                self.state = State::Running;
                "true"
            },
            State::Cancelled if !std::mem::replace(&mut self.is_noticed, true) => "false",
            _ => "refused",
        }
    }

    pub(super) fn cancel(&mut self, world: &mut World) -> bool {
        if self.state == State::Pending {
            self.state = State::Cancelled;
            self.give_all(CANCELLED, world);
        }
        self.state == State::Cancelled
    }

    pub(super) fn drop_promise(&mut self, world: &mut World) {
        let is_open = matches!(self.state, State::Pending | State::Running);
        if std::mem::take(&mut self.has_promise) && is_open {
            self.state = State::Cancelled;
            self.give_all(CANCELLED, world);
        }
    }

    pub(super) fn take(&mut self) -> Option<Outcome> {
        match self.state {
            State::Pending | State::Running => None,
            State::Cancelled => Some(CANCELLED.to_owned()),
            _ if self.is_used => Some(USED.to_owned()),
            _ => {
                let outcome = self.outcome.take();
                self.is_used = outcome.is_some();
                outcome
            },
        }
    }

    /// One turn of who gets.
    pub(super) fn get(&mut self, task: usize, world: &mut World) -> Option<Outcome> {
        if let Some(outcome) = self.given.remove(&task) {
            let is_first =
                self.state != State::Cancelled && !std::mem::replace(&mut self.is_used, true);
            if is_first {
                self.give_all(USED, world);
            }
            return Some(outcome);
        }
        if self.waiting.contains(&task) {
            return None;
        }
        let outcome = self.take();
        if outcome.is_none() {
            self.waiting.push_back(task);
        }
        outcome
    }

    /// Waits for it no longer; what was given is for the next, or stays.
    pub(super) fn leave(&mut self, task: usize, world: &mut World) {
        self.waiting.retain(|&other| other != task);
        let Some(outcome) = self.given.remove(&task) else { return };
        if !self.is_used && self.state != State::Cancelled {
            self.hand_over(outcome, world);
        }
    }

    pub(super) fn look(&self) -> String {
        let state = match self.state {
            State::Pending => "pending",
            State::Running => "running",
            State::Cancelled => "cancelled",
            State::Returned => "finished",
            State::Failed => "finished, failed",
        };
        format!("Job<u8>({state})")
    }
}
