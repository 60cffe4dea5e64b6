//! The loop and its tasks, as plain lists.

use std::collections::{BTreeMap, VecDeque};

/// What stands in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Turn(usize),
    Kill(usize),
    /// The call of this number.
    Call(usize),
    /// The schedule goes on.
    Driver,
}

/// The number of the first task that a primitive has started itself.
pub(crate) const OWN: usize = usize::MAX / 2;

#[derive(Default)]
pub(crate) struct World {
    pub(crate) tasks: Vec<Known>,
    /// What was told, in order.
    pub(crate) notes: Vec<String>,
    /// Whether a call is made by the loop.
    pub(crate) is_in_callback: bool,
    /// Tasks of the primitive's own. Their numbers begin at [`OWN`].
    own: Vec<Known>,
    ready: VecDeque<Entry>,
    /// By deadline and age.
    timers: BTreeMap<(u64, u64), Entry>,
    now: u64,
    timers_made: u64,
}

/// What is known of a task.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) has_begun: bool,
    pub(crate) has_ended: bool,
    pub(crate) is_killed: bool,
    is_queued: bool,
    limit: Option<Limit>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Limit {
    Never,
    /// The next turn is too late.
    Turn,
    Timer((u64, u64)),
}

impl World {
    /// A new task, queued for its first turn.
    pub(crate) fn start(&mut self) -> usize {
        self.tasks.push(Known::default());
        self.wake(self.tasks.len() - 1);
        self.tasks.len() - 1
    }

    /// As [`start`](Self::start), by the primitive itself.
    pub(crate) fn start_own(&mut self) -> usize {
        self.own.push(Known::default());
        let task = OWN + self.own.len() - 1;
        self.wake(task);
        task
    }

    fn known(&mut self, task: usize) -> &mut Known {
        match task.checked_sub(OWN) {
            None => &mut self.tasks[task],
            Some(own) => &mut self.own[own],
        }
    }

    pub(crate) fn wake(&mut self, task: usize) {
        let known = self.known(task);
        if !known.has_ended && !known.is_queued {
            known.is_queued = true;
            self.ready.push_back(Entry::Turn(task));
        }
    }

    pub(crate) fn kill(&mut self, task: usize) {
        let known = &mut self.tasks[task];
        if known.has_begun {
            self.ready.push_back(Entry::Kill(task));
        } else {
            known.is_killed = true;
        }
    }

    /// A task notes something.
    pub(crate) fn note(&mut self, task: usize, word: impl std::fmt::Display) {
        self.notes.push(format!("{task}: {word}"));
    }

    /// The moment so many seconds from now; there is none if they are less than none.
    pub(crate) fn deadline(&self, limit: i8) -> Option<u64> {
        u64::try_from(limit).ok().map(|seconds| self.now + seconds)
    }

    /// The task finds nothing, and waits with a limit in seconds, or waits on. True if it is over.
    pub(crate) fn is_over(&mut self, task: usize, limit: i8) -> bool {
        self.is_over_at(task, self.deadline(limit))
    }

    /// As [`is_over`](Self::is_over), up to a moment. One that has come is over in the next turn.
    pub(crate) fn is_over_at(&mut self, task: usize, deadline: Option<u64>) -> bool {
        match self.known(task).limit {
            Some(Limit::Never) => false,
            Some(Limit::Turn) => true,
            Some(Limit::Timer(timer)) => !self.timers.contains_key(&timer),
            None => {
                let limit = self.limit(task, deadline);
                self.known(task).limit = Some(limit);
                false
            },
        }
    }

    fn limit(&mut self, task: usize, deadline: Option<u64>) -> Limit {
        match deadline {
            None => Limit::Never,
            Some(deadline) if deadline <= self.now => {
                self.wake(task);
                Limit::Turn
            },
            Some(deadline) => Limit::Timer(self.timer(deadline, Entry::Turn(task))),
        }
    }

    /// What the task has waited for is there, or it waits no more.
    pub(crate) fn unlimit(&mut self, task: usize) {
        if let Some(Limit::Timer(timer)) = self.known(task).limit.take() {
            self.timers.remove(&timer);
        }
    }

    /// Queues an entry in so many seconds; zero is now.
    pub(crate) fn later(&mut self, seconds: u8, entry: Entry) {
        if seconds == 0 {
            self.ready.push_back(entry);
        } else {
            self.timer(self.now + u64::from(seconds), entry);
        }
    }

    fn timer(&mut self, deadline: u64, entry: Entry) -> (u64, u64) {
        self.timers_made += 1;
        let timer = (deadline, self.timers_made);
        self.timers.insert(timer, entry);
        timer
    }

    /// The next entry whose turn it is. Time passes if there is none.
    pub(crate) fn next(&mut self) -> Entry {
        if self.ready.is_empty() {
            self.jump();
        }
        let entry = self.ready.pop_front().expect("the schedule waits for an entry");
        if let Entry::Turn(task) = entry {
            self.known(task).is_queued = false;
        }
        entry
    }

    /// To the next deadline.
    fn jump(&mut self) {
        let Some((&(deadline, _), _)) = self.timers.first_key_value() else { return };
        self.now = deadline;
        while let Some(timer) = self.timers.first_entry().filter(|timer| timer.key().0 == deadline)
        {
            match timer.remove() {
                Entry::Turn(task) => self.wake(task),
                entry => self.ready.push_back(entry),
            }
        }
    }

    /// Whether a kill ends the task at once: one that is queued ends in its turn.
    pub(crate) fn strikes(&mut self, task: usize) -> bool {
        let known = &mut self.tasks[task];
        known.is_killed |= !known.has_ended;
        known.is_killed && !known.has_ended && !known.is_queued
    }
}
