//! The tasks of a loop that have been started and have not ended.

use std::any::Any;
use std::cell::RefCell;
use std::rc::{Rc, Weak};

use evergreen_loop::build::{TaskTable, with_task_table};
use slab::Slab;

use crate::header::Header;
use crate::local::Forget;
use crate::raw::{Pointer, RawRunnable, Reference};
use crate::task_ref;

/// One per loop, made with its first task.
#[derive(Default)]
pub(crate) struct Registry {
    tasks: RefCell<Slab<Slot>>,
}

struct Slot {
    hold: Hold,
    locals: Vec<Weak<dyn Forget>>,
}

/// What keeps a task in memory while it stands here.
enum Hold {
    /// It waits for its first turn.
    Queued(RawRunnable),
    /// It is in its first turn. A task that ends there never costs a reference.
    Running,
    /// It has waited, or was asked for.
    Counted(Reference),
}

impl Registry {
    fn find<R>(&self, header: &Header, f: impl FnOnce(&mut Slot) -> R) -> Option<R> {
        let slot = header.slot()?;
        self.tasks.borrow_mut().get_mut(slot).map(f)
    }

    fn enter(&self, header: Pointer<Header>, hold: Hold) {
        let mut tasks = self.tasks.borrow_mut();
        header.get().set_slot(Some(tasks.vacant_key()));
        tasks.insert(Slot { hold, locals: Vec::new() });
    }

    fn leave(&self, header: &Header) -> Option<Slot> {
        let slot = header.slot()?;
        header.set_slot(None);
        let mut tasks = self.tasks.borrow_mut();
        let left = tasks.try_remove(slot);
        if tasks.is_empty() && tasks.capacity() > KEPT_SLOTS {
            *tasks = Slab::new();
        }
        left
    }

    fn references(&self) -> Vec<Reference> {
        let mut tasks = self.tasks.borrow_mut();
        tasks.iter_mut().filter_map(|(_, slot)| slot.reference()).collect()
    }
}

/// A burst of tasks must not hold its slots for ever.
const KEPT_SLOTS: usize = 4096;

impl Slot {
    fn reference(&mut self) -> Option<Reference> {
        if let Hold::Running = self.hold {
            self.hold = Hold::Counted(task_ref::running_reference()?);
        }
        match &self.hold {
            Hold::Queued(runnable) => Some(runnable.reference()),
            Hold::Counted(reference) => Some(reference.clone()),
            Hold::Running => None,
        }
    }
}

impl TaskTable for Registry {
    fn len(&self) -> usize {
        self.tasks.borrow().len()
    }

    fn end_all(&self) {
        for task in self.references() {
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

/// Enters a task that starts, until [`take_queued`].
pub(crate) fn enter(task: RawRunnable) {
    with(|registry| registry.enter(task.pointer(), Hold::Queued(task)));
}

/// Enters a task that has come from another thread and begins its first turn.
pub(crate) fn enter_running(header: Pointer<Header>) {
    with(|registry| registry.enter(header, Hold::Running));
}

/// Takes a task for its first turn.
pub(crate) fn take_queued(header: &Header) -> Option<RawRunnable> {
    let hold = with(|registry| {
        registry.find(header, |slot| std::mem::replace(&mut slot.hold, Hold::Running))
    });
    match hold.flatten() {
        Some(Hold::Queued(task)) => Some(task),
        _ => None,
    }
}

/// The running task waits for the first time: from here on it has to be kept.
pub(crate) fn keep(header: &Header) {
    with(|registry| registry.find(header, |slot| drop(slot.reference())));
}

/// A reference to a task that has been started and has not ended.
pub(crate) fn reference(header: &Header) -> Option<Reference> {
    with(|registry| registry.find(header, Slot::reference)).flatten().flatten()
}

/// References to all of them, in no order.
pub(crate) fn references() -> Vec<Reference> {
    with(Registry::references).unwrap_or_default()
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
