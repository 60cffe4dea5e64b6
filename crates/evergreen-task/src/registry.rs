//! The tasks of a loop that have been started and have not ended.

use std::any::Any;
use std::cell::RefCell;
use std::rc::{Rc, Weak};

use evergreen_loop::build::{TaskTable, with_task_table};
use slab::Slab;

use crate::header::Header;
use crate::local::Forget;
use crate::raw::Reference;

/// One per loop, made with its first task.
#[derive(Default)]
pub(crate) struct Registry {
    tasks: RefCell<Slab<Slot>>,
}

struct Slot {
    task: Reference,
    locals: Vec<Weak<dyn Forget>>,
}

impl Registry {
    fn find<R>(&self, header: &Header, f: impl FnOnce(&mut Slot) -> R) -> Option<R> {
        let mut tasks = self.tasks.borrow_mut();
        let slot = tasks.get_mut(header.slot()?)?;
        (slot.task.header().id == header.id).then(|| f(slot))
    }

    fn enter(&self, task: Reference) {
        let mut tasks = self.tasks.borrow_mut();
        task.header().set_slot(tasks.vacant_key());
        tasks.insert(Slot { task, locals: Vec::new() });
    }

    fn leave(&self, header: &Header) -> Option<Slot> {
        let mut tasks = self.tasks.borrow_mut();
        let slot = header.slot()?;
        let ours = tasks.get(slot).is_some_and(|slot| slot.task.header().id == header.id);
        let left = ours.then(|| tasks.remove(slot));
        if tasks.is_empty() && tasks.capacity() > KEPT_SLOTS {
            *tasks = Slab::new();
        }
        left
    }
}

/// A burst of tasks must not hold its slots for ever.
const KEPT_SLOTS: usize = 4096;

impl TaskTable for Registry {
    fn len(&self) -> usize {
        self.tasks.borrow().len()
    }

    fn end_all(&self) {
        let tasks: Vec<Reference> =
            self.tasks.borrow().iter().map(|(_, slot)| slot.task.clone()).collect();
        for task in tasks {
            task.header().mark_killed();
            task.wake();
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Calls `f` with the registry of this thread's loop.
fn with<R>(f: impl FnOnce(&Registry) -> R) -> Option<R> {
    let make = || Rc::new(Registry::default()) as Rc<dyn TaskTable>;
    with_task_table(make, |table| table.as_any().downcast_ref().map(f)).flatten()
}

/// Enters a task that starts.
pub(crate) fn enter(task: Reference) {
    with(|registry| registry.enter(task));
}

/// A reference to a task that has been started and has not ended.
pub(crate) fn reference(header: &Header) -> Option<Reference> {
    with(|registry| registry.find(header, |slot| slot.task.clone())).flatten()
}

/// Takes a task that ends out, and gives the locals that are to forget it.
pub(crate) fn leave(header: &Header) -> Vec<Weak<dyn Forget>> {
    let slot = with(|registry| registry.leave(header)).flatten();
    slot.map(|slot| slot.locals).unwrap_or_default()
}

/// Notes that a task has set a local, which is to be forgotten when the task ends.
/// False if the task is ending.
pub(crate) fn note_local(task: &Header, local: Weak<dyn Forget>) -> bool {
    with(|registry| registry.find(task, |slot| slot.locals.push(local))).flatten().is_some()
}
