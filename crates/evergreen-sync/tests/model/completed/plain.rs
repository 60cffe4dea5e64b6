//! What became of each job, and who watches which.

use std::collections::HashMap;

use super::{JOBS, Until};
use crate::world::World;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Open,
    Done,
    Failed,
    Cancelled,
}

/// What a task has seen.
struct Watching {
    /// Those that are done and that it has not looked at yet.
    done: Vec<usize>,
    open: Vec<usize>,
    deadline: Option<u64>,
}

#[derive(Default)]
pub(super) struct Plain {
    states: [State; JOBS],
    has_no_promise: [bool; JOBS],
    watching: HashMap<usize, Watching>,
    /// The order in which they have begun.
    order: Vec<usize>,
}

impl Plain {
    /// Begins to watch the jobs, if it has not begun.
    pub(super) fn watch(&mut self, task: usize, jobs: &[usize], deadline: Option<u64>) {
        if self.watching.contains_key(&task) {
            return;
        }
        let (open, done) =
            distinct(jobs).into_iter().partition(|&job| self.states[job] == State::Open);
        self.watching.insert(task, Watching { done, open, deadline });
        self.order.push(task);
    }

    fn tell(&mut self, job: usize, world: &mut World) {
        for task in &self.order {
            let Some(watching) = self.watching.get_mut(task) else { continue };
            if let Some(place) = watching.open.iter().position(|&other| other == job) {
                watching.done.push(watching.open.remove(place));
                world.wake(*task);
            }
        }
    }

    pub(super) fn end(&mut self, job: usize, state: State, world: &mut World) -> bool {
        let has_promise = !std::mem::replace(&mut self.has_no_promise[job], true);
        let was_open = self.states[job] == State::Open;
        if has_promise && was_open {
            self.states[job] = state;
        }
        if has_promise {
            self.tell(job, world);
        }
        has_promise && was_open
    }

    /// Those who wait learn of it when the promise is gone.
    pub(super) fn cancel(&mut self, job: usize) -> bool {
        if self.states[job] == State::Open {
            self.states[job] = State::Cancelled;
        }
        self.states[job] == State::Cancelled
    }

    /// Looks at what is done until that is enough. True if it is.
    fn is_met(&mut self, task: usize, until: Until) -> bool {
        let watching = self.watching.get_mut(&task).expect("it has begun");
        while !watching.done.is_empty() {
            let job = watching.done.remove(0);
            match until {
                Until::First => return true,
                Until::Failed if self.states[job] == State::Failed => return true,
                Until::Failed | Until::All => {},
            }
        }
        watching.open.is_empty()
    }

    fn sets(&self, jobs: &[usize]) -> String {
        let mut sets = (Vec::new(), Vec::new());
        for job in distinct(jobs) {
            let set = if self.states[job] == State::Open { &mut sets.1 } else { &mut sets.0 };
            set.push(job);
        }
        format!("{sets:?}")
    }

    /// One turn of who waits for several. True if it has ended.
    pub(super) fn wait(
        &mut self,
        task: usize,
        jobs: &[usize],
        until: Until,
        limit: i8,
        world: &mut World,
    ) -> bool {
        let has_ended = self.is_met(task, until) || world.is_over(task, limit);
        if has_ended {
            self.leave(task);
            world.note(task, self.sets(jobs));
        }
        has_ended
    }

    /// One turn of who takes one after the other. True if it has ended.
    pub(super) fn next(&mut self, task: usize, jobs: &[usize], world: &mut World) -> bool {
        let watching = self.watching.get_mut(&task).expect("it has begun");
        for job in watching.done.drain(..) {
            world.note(task, job);
            // The next wait is a new one, to the same moment.
            world.unlimit(task);
        }
        let unfinished = watching.open.len();
        if unfinished > 0 && !world.is_over_at(task, watching.deadline) {
            return false;
        }
        self.leave(task);
        if unfinished > 0 {
            world.note(task, format!("{unfinished} of {}", distinct(jobs).len()));
        }
        true
    }

    pub(super) fn leave(&mut self, task: usize) {
        self.watching.remove(&task);
        self.order.retain(|&other| other != task);
    }

    pub(super) fn look(&self) -> String {
        format!("{:?}", self.states.map(|state| state != State::Open))
    }
}

/// Each once, in their order.
fn distinct(jobs: &[usize]) -> Vec<usize> {
    let mut distinct = Vec::new();
    for &job in jobs {
        if !distinct.contains(&job) {
            distinct.push(job);
        }
    }
    distinct
}
