//! The tasks of a loop that have been started and have not ended.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::rc::{Rc, Weak};

use evergreen_loop::EventLoop;
use evergreen_loop::build::{LoopId, TaskTable, task_table};
use slab::Slab;

use crate::dump;
use crate::header::{Header, NO_SLOT, TaskId};
use crate::local::Forget;
use crate::raw::{RawRunnable, Reference};
use crate::state::State;
use crate::task_ref;

/// One per loop, made with its first task.
#[derive(Default)]
pub(crate) struct Registry {
    /// Those that wait for their first turn, in the order of their entries in the queue.
    starting: RefCell<VecDeque<RawRunnable>>,
    /// How many have left `starting`.
    begun: Cell<u32>,
    /// Those that have waited, or were asked for. A task that ends in its first turn never comes
    /// here, and costs no reference.
    kept: RefCell<Slab<Reference>>,
    /// One while a task is in its first turn and has no slot yet.
    first: Cell<usize>,
    /// What is to forget a task when it ends. Most set no local, and their slots stay small.
    locals: RefCell<HashMap<TaskId, Vec<Weak<dyn Forget>>>>,
}

/// Numbers of those that wait for their first turn go round below [`NO_SLOT`].
const PLACES: u32 = u32::MAX >> 1;

/// A burst of tasks must not hold its slots for ever.
const KEPT_SLOTS: usize = 4096;

impl Registry {
    #[inline]
    fn enter(&self, task: RawRunnable) {
        let mut starting = self.starting.borrow_mut();
        let place = u32::try_from(starting.len()).expect("fewer than 2^31 tasks");
        task.header().set_slot(self.begun.get().wrapping_add(place) & PLACES);
        starting.push_back(task);
    }

    /// Takes the next task for its first turn.
    #[inline]
    fn begin(&self) -> Option<RawRunnable> {
        let mut starting = self.starting.borrow_mut();
        let task = starting.pop_front()?;
        if starting.is_empty() && starting.capacity() > KEPT_SLOTS {
            *starting = VecDeque::new();
        }
        self.begun.set(self.begun.get().wrapping_add(1));
        task.header().set_slot(NO_SLOT);
        self.first.set(1);
        Some(task)
    }

    fn remove(&self, slot: u32) -> Option<Reference> {
        let mut kept = self.kept.borrow_mut();
        let left = kept.try_remove(slot as usize);
        if kept.is_empty() && kept.capacity() > KEPT_SLOTS {
            *kept = Slab::new();
        }
        left
    }

    fn remove_locals(&self, id: TaskId) -> Option<Vec<Weak<dyn Forget>>> {
        let mut locals = self.locals.borrow_mut();
        if locals.is_empty() { None } else { locals.remove(&id) }
    }

    /// Keeps a task that has begun. One that has no slot yet is in its first turn.
    fn keep(&self, header: &Header) -> Option<()> {
        if header.slot().is_none() {
            let task = task_ref::running_reference(header.id)?;
            let slot = self.kept.borrow_mut().insert(task);
            header.set_slot(u32::try_from(slot).expect("fewer than 2^32 tasks"));
            self.first.set(0);
        }
        Some(())
    }

    fn reference(&self, header: &Header) -> Option<Reference> {
        match header.state.get() {
            State::Initial | State::Sent | State::Ended => None,
            State::Started => {
                let place = header.slot()?.wrapping_sub(self.begun.get()) & PLACES;
                self.starting.borrow().get(place as usize).map(RawRunnable::reference)
            },
            State::Running | State::Parked => {
                self.keep(header)?;
                self.kept.borrow().get(header.slot()? as usize).cloned()
            },
        }
    }

    fn references(&self) -> Vec<Reference> {
        // A task in its first turn is in no list yet.
        drop(task_ref::with_running(|task| self.reference(task)));
        let kept = self.kept.borrow();
        let mut all: Vec<_> = kept.iter().map(|(_, task)| task.clone()).collect();
        drop(kept);
        all.extend(self.starting.borrow().iter().map(RawRunnable::reference));
        all
    }
}

impl TaskTable for Registry {
    fn len(&self) -> usize {
        self.starting.borrow().len() + self.first.get() + self.kept.borrow().len()
    }

    fn run_first(&self) {
        if let Some(task) = self.begin() {
            task.run();
        }
        self.first.set(0);
    }

    fn dump(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        dump::write(self.references(), f)
    }

    fn into_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }

    fn end_all(&self) {
        shorten(None);
        for task in self.references() {
            task.header().mark_killed();
            task.wake();
        }
    }
}

thread_local! {
    /// The registry of this thread's loop, as long as that is open.
    static OPEN: RefCell<Option<(LoopId, Rc<Registry>)>> = const { RefCell::new(None) };
}

/// Calls `f` with the registry of a loop, if it is this thread's. `f` must not call what is not the
/// registry's own.
#[inline]
fn with<R>(loop_id: LoopId, f: impl FnOnce(&Registry) -> R) -> Option<R> {
    // A thread that ends may have lost the shortcut before it ends its loop.
    let mut f = Some(f);
    let short = |open: &RefCell<Option<(LoopId, Rc<Registry>)>>| match &*open.borrow() {
        Some((id, registry)) if *id == loop_id => f.take().map(|f| f(registry)),
        _ => None,
    };
    OPEN.try_with(short).ok().flatten().or_else(|| f.zip(look_up(loop_id)).map(|(f, r)| f(&r)))
}

fn look_up(loop_id: LoopId) -> Option<Rc<Registry>> {
    let event_loop = EventLoop::try_current().filter(|event_loop| event_loop.id() == loop_id)?;
    let registry = here()?;
    if !event_loop.is_closed() {
        shorten(Some((loop_id, Rc::clone(&registry))));
    }
    Some(registry)
}

fn shorten(open: Option<(LoopId, Rc<Registry>)>) {
    let former = OPEN.try_with(|slot| slot.replace(open));
    drop(former);
}

/// The registry of this thread's loop, whichever that is.
fn here() -> Option<Rc<Registry>> {
    let table = task_table(|| Rc::new(Registry::default()) as Rc<dyn TaskTable>)?;
    table.into_any().downcast().ok()
}

/// Enters a task that is queued for its first turn.
pub(crate) fn enter(task: RawRunnable) {
    with(task.header().loop_id, |registry| registry.enter(task));
}

/// The running task waits for the first time, or has come from another thread: from here on it has
/// to be kept.
pub(crate) fn keep(header: &Header) {
    with(header.loop_id, |registry| registry.keep(header));
}

/// A reference to a task that has been started and has not ended.
pub(crate) fn reference(header: &Header) -> Option<Reference> {
    with(header.loop_id, |registry| registry.reference(header)).flatten()
}

/// References to all tasks of this thread's loop, in no order.
pub(crate) fn references() -> Vec<Reference> {
    here().map(|registry| registry.references()).unwrap_or_default()
}

/// Takes a task that ends out, and gives the locals that are to forget it. One that ends in its
/// first turn is in no slot.
#[inline]
pub(crate) fn leave(header: &Header) -> Vec<Weak<dyn Forget>> {
    header.slot().map_or_else(Vec::new, |slot| leave_slot(header, slot))
}

fn leave_slot(header: &Header, slot: u32) -> Vec<Weak<dyn Forget>> {
    header.set_slot(NO_SLOT);
    let left = |registry: &Registry| (registry.remove(slot), registry.remove_locals(header.id));
    let (task, locals) = with(header.loop_id, left).unwrap_or_default();
    drop(task);
    locals.unwrap_or_default()
}

/// Notes that a task has set a local, which is to be forgotten when the task ends.
/// False if the task is ending.
pub(crate) fn note_local(task: &Header, local: Weak<dyn Forget>) -> bool {
    if matches!(task.state.get(), State::Initial | State::Ended) {
        return false;
    }
    let note = |registry: &Registry| {
        registry.keep(task)?;
        registry.locals.borrow_mut().entry(task.id).or_default().push(local);
        Some(())
    };
    with(task.loop_id, note).flatten().is_some()
}
