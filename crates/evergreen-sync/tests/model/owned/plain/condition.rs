//! Waiting to be notified, and for the lock again.

use evergreen_sync::locks::LockError;

use super::{Notice, Owner, Plain, Stage};
use crate::world::World;

impl Plain {
    /// One turn of who waits: whether it was notified.
    pub(in crate::owned) fn wait_in(
        &mut self,
        task: usize,
        limit: i8,
        world: &mut World,
    ) -> Option<Result<bool, LockError>> {
        if let Stage::Goes = self.stage(task) {
            self.of(task).deadline = world.deadline(limit);
        }
        self.wait(task, world)
    }

    /// One turn of who waits for the flag: whether it is set.
    pub(in crate::owned) fn wait_for(
        &mut self,
        task: usize,
        limit: i8,
        world: &mut World,
    ) -> Option<Result<bool, LockError>> {
        if !std::mem::replace(&mut self.of(task).waits_for, true) {
            self.of(task).deadline = world.deadline(limit);
            if self.flag && self.owned(Owner::Task(task)).is_some() {
                self.of(task).waits_for = false;
                return Some(Ok(true));
            }
        }
        let mut told = self.wait(task, world)?;
        while told == Ok(true) && !self.flag {
            told = self.wait(task, world)?;
        }
        self.of(task).waits_for = false;
        Some(told.map(|_| self.flag))
    }

    fn wait(&mut self, task: usize, world: &mut World) -> Option<Result<bool, LockError>> {
        if let Stage::Goes = self.stage(task) {
            let Some(hold) = self.owned(Owner::Task(task)) else {
                return Some(Err(LockError::NotAcquired));
            };
            self.of(task).let_go = Some(hold);
            self.of(task).stage = Stage::Listens;
            self.line.push_back(task);
            self.hand_over(world);
        }
        if let Stage::Listens = self.stage(task) {
            let notice = self.told.remove(&task);
            let deadline = self.of(task).deadline;
            if notice.is_none() && !world.is_over_at(task, deadline) {
                return None;
            }
            world.unlimit(task);
            self.line.retain(|&other| other != task);
            self.of(task).stage = Stage::Returns(notice);
            self.take_back(task);
        } else if self.given.remove(&task).is_some() {
            self.of(task).let_go = None;
        }
        let Stage::Returns(notice) = self.stage(task) else { return None };
        let is_back = self.of(task).let_go.is_none();
        is_back.then(|| {
            self.of(task).stage = Stage::Goes;
            Ok(notice.is_some())
        })
    }

    /// At once if it is free, or in the order of coming.
    fn take_back(&mut self, task: usize) {
        let hold = self.of(task).let_go.expect("it was let go");
        if self.held.is_none() {
            self.held = Some(hold);
            self.of(task).let_go = None;
        } else {
            self.waiting.push_back((task, hold));
        }
    }

    pub(in crate::owned) fn notify(
        &mut self,
        owner: Owner,
        waiters: Option<usize>,
        world: &mut World,
    ) -> Result<(), LockError> {
        self.owned(owner).ok_or(LockError::NotAcquired)?;
        let notice = if waiters.is_some() { Notice::One } else { Notice::All };
        (0..waiters.unwrap_or(usize::MAX).min(self.line.len()))
            .for_each(|_| self.tell(notice, world));
        Ok(())
    }

    fn tell(&mut self, notice: Notice, world: &mut World) {
        if let Some(next) = self.line.pop_front() {
            self.told.insert(next, notice);
            world.wake(next);
        }
    }

    /// What one was told who is gone is for another, if it was for one.
    pub(in crate::owned) fn pass_on(&mut self, notice: Option<Notice>, world: &mut World) {
        if notice == Some(Notice::One) {
            self.tell(Notice::One, world);
        }
    }

    pub(in crate::owned) fn leave_line(&mut self, task: usize, world: &mut World) {
        self.line.retain(|&other| other != task);
        let notice = self.told.remove(&task);
        self.pass_on(notice, world);
    }
}
