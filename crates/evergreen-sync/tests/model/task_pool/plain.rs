//! Calls, the workers that make them, and those who wait for the results.

use std::collections::{HashMap, VecDeque};

use crate::world::World;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Waits,
    Runs,
    Cancelled,
    Done,
}

struct Known {
    seconds: i8,
    state: State,
    waiter: Option<usize>,
}

/// What is left of a map.
struct Results {
    jobs: VecDeque<usize>,
    deadline: Option<u64>,
}

pub(super) struct Plain {
    limit: usize,
    jobs: Vec<Known>,
    pub(super) submitted: Vec<usize>,
    queue: VecDeque<usize>,
    /// What each worker is at.
    workers: HashMap<usize, Option<usize>>,
    is_shut: bool,
    waiting: Vec<usize>,
    results: HashMap<usize, Results>,
}

impl Plain {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            jobs: Vec::new(),
            submitted: Vec::new(),
            queue: VecDeque::new(),
            workers: HashMap::new(),
            is_shut: false,
            waiting: Vec::new(),
            results: HashMap::new(),
        }
    }

    pub(super) fn state(&self, job: usize) -> State {
        self.jobs[job].state
    }

    pub(super) fn look(&self) -> String {
        let (limit, workers, queued) = (self.limit, self.workers.len(), self.queue.len());
        format!("TaskPoolExecutor {{ max_workers: {limit}, workers: {workers}, queued: {queued} }}")
    }

    /// `None` if it takes no more.
    pub(super) fn submit(&mut self, seconds: i8, world: &mut World) -> Option<usize> {
        if self.is_shut {
            return None;
        }
        self.jobs.push(Known { seconds, state: State::Waits, waiter: None });
        if self.workers.len() < self.limit {
            self.workers.insert(world.start_own(), None);
        }
        self.queue.push_back(self.jobs.len() - 1);
        Some(self.jobs.len() - 1)
    }

    pub(super) fn cancel(&mut self, job: usize) -> bool {
        let state = &mut self.jobs[job].state;
        if *state == State::Waits {
            *state = State::Cancelled;
        }
        *state == State::Cancelled
    }

    /// The turn of a worker: as many calls as need no time.
    pub(super) fn work(&mut self, worker: usize, world: &mut World) {
        loop {
            let Some(job) = self.workers[&worker].or_else(|| self.queue.pop_front()) else {
                self.workers.remove(&worker);
                return self.look_for_end(world);
            };
            let known = &mut self.jobs[job];
            if known.state != State::Cancelled {
                known.state = State::Runs;
                self.workers.insert(worker, Some(job));
                if !world.is_over(worker, known.seconds) {
                    return;
                }
                world.unlimit(worker);
                known.state = State::Done;
                known.waiter.into_iter().for_each(|waiter| world.wake(waiter));
            }
            self.workers.insert(worker, None);
        }
    }

    pub(super) fn shut(&mut self, world: &mut World) {
        self.is_shut = true;
        self.look_for_end(world);
    }

    fn look_for_end(&mut self, world: &mut World) {
        if self.is_shut && self.workers.is_empty() {
            self.waiting.drain(..).for_each(|task| world.wake(task));
        }
    }

    /// One turn of who shuts it down and waits. True if all is done.
    pub(super) fn wait_for_end(&mut self, task: usize) -> bool {
        self.is_shut = true;
        let is_over = self.workers.is_empty();
        if !is_over && !self.waiting.contains(&task) {
            self.waiting.push(task);
        }
        is_over
    }

    /// One turn of who maps. True if it has ended.
    pub(super) fn map(&mut self, task: usize, calls: &[i8], limit: i8, world: &mut World) -> bool {
        if !self.results.contains_key(&task) {
            if self.is_shut {
                world.note(task, "refused");
                return true;
            }
            let jobs = calls.iter().filter_map(|&seconds| self.submit(seconds, world)).collect();
            self.results.insert(task, Results { jobs, deadline: world.deadline(limit) });
        }
        while let Some(&job) = self.results[&task].jobs.front() {
            if self.state(job) == State::Done {
                world.unlimit(task);
                world.note(task, self.jobs[job].seconds);
                self.results.get_mut(&task).expect("it maps").jobs.pop_front();
                continue;
            }
            self.jobs[job].waiter = Some(task);
            if !world.is_over_at(task, self.results[&task].deadline) {
                return false;
            }
            world.note(task, "late");
            break;
        }
        self.leave(task);
        true
    }

    /// What it has mapped and has not begun is cancelled.
    pub(super) fn leave(&mut self, task: usize) {
        self.waiting.retain(|&other| other != task);
        for job in self.results.remove(&task).map(|results| results.jobs).unwrap_or_default() {
            self.cancel(job);
            self.jobs[job].waiter = None;
        }
    }
}
