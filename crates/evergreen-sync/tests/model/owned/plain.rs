//! Who has the lock and how often, who waits for it, and who waits to be notified.

mod condition;

use std::collections::{HashMap, VecDeque};

use evergreen_sync::locks::LockError;

use super::Call;
use crate::world::World;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Task(usize),
    /// Who goes through the schedule.
    Driver,
    Loop,
}

#[derive(Clone, Copy)]
struct Hold {
    owner: Owner,
    level: usize,
    /// Another each time that it is locked.
    epoch: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    One,
    All,
}

/// How far a task is with what it does.
#[derive(Clone, Copy, Default)]
pub(super) enum Stage {
    #[default]
    Goes,
    /// It waits to be notified.
    Listens,
    /// It wants the lock back, and has used no notification.
    Returns(Option<Notice>),
}

#[derive(Default)]
struct Acting {
    /// How many moves it has made.
    place: usize,
    stage: Stage,
    guards: Vec<usize>,
    /// How it held the lock that it let go.
    let_go: Option<Hold>,
    /// Until when it waits, and whether for the flag.
    deadline: Option<u64>,
    waits_for: bool,
}

#[derive(Default)]
pub(super) struct Plain {
    held: Option<Hold>,
    epochs: usize,
    waiting: VecDeque<(usize, Hold)>,
    /// They have it, and do not know.
    given: HashMap<usize, usize>,
    line: VecDeque<usize>,
    /// They are notified, and do not know.
    told: HashMap<usize, Notice>,
    acting: HashMap<usize, Acting>,
    pub(super) flag: bool,
}

impl Plain {
    fn of(&mut self, task: usize) -> &mut Acting {
        self.acting.entry(task).or_default()
    }

    pub(super) fn place(&mut self, task: usize) -> usize {
        self.of(task).place
    }

    pub(super) fn go_on(&mut self, task: usize) {
        self.of(task).place += 1;
    }

    pub(super) fn stage(&mut self, task: usize) -> Stage {
        self.of(task).stage
    }

    pub(super) fn look(&self) -> String {
        let level = self.held.map_or(0, |hold| hold.level);
        format!("level:{level},waiting:{},waiting:{}", self.waiting.len(), self.line.len())
    }
}

/// The lock.
impl Plain {
    pub(super) fn try_enter(&mut self, owner: Owner) -> Option<usize> {
        let hold = match self.held {
            None => self.new_hold(owner),
            Some(hold) if hold.owner == owner => Hold { level: hold.level + 1, ..hold },
            Some(_) => return None,
        };
        self.held = Some(hold);
        Some(hold.epoch)
    }

    fn new_hold(&mut self, owner: Owner) -> Hold {
        self.epochs += 1;
        Hold { owner, level: 1, epoch: self.epochs }
    }

    /// One turn of who wants it.
    pub(super) fn enter(&mut self, task: usize) -> Option<usize> {
        let owner = Owner::Task(task);
        let given = self.given.remove(&task);
        if given.is_some() || self.waiting.iter().any(|&(other, _)| other == task) {
            return given;
        }
        let epoch = self.try_enter(owner);
        if epoch.is_none() {
            let hold = self.new_hold(owner);
            self.waiting.push_back((task, hold));
        }
        epoch
    }

    pub(super) fn enter_in(&mut self, task: usize, limit: i8, world: &mut World) -> Option<bool> {
        if self.enter(task).is_some() {
            return Some(true);
        }
        world.is_over(task, limit).then(|| {
            self.leave_lock(task, world);
            false
        })
    }

    /// Waits for it no longer, or has it and has not known.
    pub(super) fn leave_lock(&mut self, task: usize, world: &mut World) {
        self.waiting.retain(|&(other, _)| other != task);
        if let Some(epoch) = self.given.remove(&task) {
            self.leave(epoch, usize::MAX, world);
        }
    }

    fn leave(&mut self, epoch: usize, levels: usize, world: &mut World) {
        let Some(hold) = self.held.as_mut().filter(|hold| hold.epoch == epoch) else { return };
        hold.level = hold.level.saturating_sub(levels);
        if hold.level == 0 {
            self.hand_over(world);
        }
    }

    fn hand_over(&mut self, world: &mut World) {
        let next = self.waiting.pop_front();
        self.held = next.map(|(_, hold)| hold);
        if let Some((task, hold)) = next {
            self.given.insert(task, hold.epoch);
            world.wake(task);
        }
    }

    fn owned(&self, owner: Owner) -> Option<Hold> {
        self.held.filter(|hold| hold.owner == owner)
    }

    pub(super) fn release(&mut self, owner: Owner, world: &mut World) -> Result<(), LockError> {
        let hold = self.owned(owner).ok_or(LockError::NotOwner)?;
        self.leave(hold.epoch, 1, world);
        Ok(())
    }

    pub(super) fn guard(&mut self, task: usize, epoch: usize) {
        self.of(task).guards.push(epoch);
    }

    /// Whether there was a guard to drop.
    pub(super) fn unguard(&mut self, task: usize, world: &mut World) -> bool {
        let last = self.of(task).guards.pop();
        last.into_iter().for_each(|epoch| self.leave(epoch, 1, world));
        last.is_some()
    }

    pub(super) fn drop_guards(&mut self, task: usize, world: &mut World) {
        for epoch in std::mem::take(&mut self.of(task).guards) {
            self.leave(epoch, 1, world);
        }
    }
}

/// What does not wait.
impl Plain {
    pub(super) fn make(&mut self, call: Call, owner: Owner, world: &mut World) -> String {
        match call {
            Call::TryAcquire => format!("{}", self.try_enter(owner).is_some()),
            Call::Release => format!("{:?}", self.release(owner, world)),
            Call::Notify(waiters) => format!("{:?}", self.notify(owner, Some(waiters), world)),
            Call::NotifyAll => format!("{:?}", self.notify(owner, None, world)),
            Call::Set(flag) => {
                self.flag = flag;
                "set".to_owned()
            },
        }
    }
}
