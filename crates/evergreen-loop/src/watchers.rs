//! Callbacks at fixed places of a turn: before the poll, after it, and when nothing was to do.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::rc::{Rc, Weak};

use crate::core::Core;
use crate::error::{ErrorContext, ErrorOrigin};

/// Where in the turn a watcher is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Prepare,
    Check,
    Idle,
}

/// The code of a watcher, and where it was made.
#[derive(Clone)]
pub(crate) struct Hook {
    f: Rc<RefCell<dyn FnMut()>>,
    location: &'static Location<'static>,
}

impl Hook {
    fn context(&self) -> ErrorContext {
        ErrorContext::new(ErrorOrigin::Watcher).at(self.location)
    }

    /// Calls it. A watcher that stops itself is dropped when that is over.
    fn call(self, core: &Core) {
        core.run_guarded(|| self.context(), || self.f.borrow_mut()());
        self.drop_guarded(core);
    }

    /// Drops it; a panic of its destructor is reported.
    pub(crate) fn drop_guarded(self, core: &Core) {
        let context = self.context();
        core.guarded(|| context, || drop(self.f));
    }
}

/// The watchers of a loop. Where there are none, a turn pays a look at a counter.
#[derive(Default)]
pub(crate) struct Watchers {
    hooks: [RefCell<Vec<(u64, Hook)>>; 3],
    started: [Cell<usize>; 3],
    made: Cell<u64>,
}

impl Watchers {
    #[track_caller]
    pub(crate) fn start(
        &self,
        core: &Rc<Core>,
        place: Place,
        f: impl FnMut() + 'static,
    ) -> Watcher {
        self.made.set(self.made.get() + 1);
        let id = self.made.get();
        let hook = Hook { f: Rc::new(RefCell::new(f)), location: Location::caller() };
        self.hooks[place as usize].borrow_mut().push((id, hook));
        self.count(place);
        core.hold();
        Watcher { core: Rc::downgrade(core), place, id }
    }

    fn count(&self, place: Place) {
        self.started[place as usize].set(self.hooks[place as usize].borrow().len());
    }

    pub(crate) fn any(&self, place: Place) -> bool {
        self.started[place as usize].get() > 0
    }

    /// Calls the watchers of a place, those that are there when it begins.
    pub(crate) fn call(&self, core: &Core, place: Place) {
        if !self.any(place) {
            return;
        }
        let hooks = self.hooks[place as usize].borrow().clone();
        for (id, hook) in hooks {
            if self.is_started(place, id) {
                hook.call(core);
            }
        }
    }

    fn is_started(&self, place: Place, id: u64) -> bool {
        self.hooks[place as usize].borrow().iter().any(|(other, _)| *other == id)
    }

    fn stop(&self, place: Place, id: u64) -> Option<Hook> {
        let mut hooks = self.hooks[place as usize].borrow_mut();
        let index = hooks.iter().position(|(other, _)| *other == id)?;
        let (_, hook) = hooks.remove(index);
        drop(hooks);
        self.count(place);
        Some(hook)
    }

    /// Takes everything out, for the end of the loop.
    pub(crate) fn clear(&self) -> Vec<Hook> {
        let mut cleared = Vec::new();
        for place in [Place::Prepare, Place::Check, Place::Idle] {
            let hooks = self.hooks[place as usize].take();
            cleared.extend(hooks.into_iter().map(|(_, hook)| hook));
            self.count(place);
        }
        cleared
    }
}

/// A started prepare, check or idle watcher. Dropping it stops it; until then it keeps the loop
/// alive.
#[must_use = "a watcher stops when it is dropped"]
pub struct Watcher {
    core: Weak<Core>,
    place: Place,
    id: u64,
}

impl Watcher {
    /// One that was never started, because its loop is ending.
    pub(crate) const fn stopped(place: Place) -> Self {
        Self { core: Weak::new(), place, id: 0 }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let Some(core) = self.core.upgrade() else { return };
        let hook = core.watchers.stop(self.place, self.id);
        if hook.is_some() {
            core.release();
        }
        drop(hook);
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").field("place", &self.place).finish_non_exhaustive()
    }
}
