//! The loop of the present thread.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::rc::Rc;

use crate::builder::Builder;
use crate::clock::LoopTime;
use crate::core::{Core, TaskTable};
use crate::error::LoopError;
use crate::event_loop::EventLoop;
use crate::loop_id::{self, LoopId};
use crate::remote::Shared;
use crate::sync::{Arc, thread_local};

thread_local! {
    /// Has no destructor, so that the loop can be found while it is ended with its thread.
    static CURRENT: ManuallyDrop<RefCell<Option<Rc<Core>>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
    static END: End = const { End };
}

/// Ends the thread's loop when the thread ends.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        if cfg!(evergreen_loom) {
            // A model ends its loop itself: all locals of its thread are gone when one is dropped.
            return;
        }
        // A process may exit from inside the loop; then nothing of it can be ended any more.
        if let Some(core) = core().filter(|core| !core.is_inside()) {
            core.close();
        }
    }
}

/// The loop of this thread. In the child of a fork that of its parent is none.
pub(crate) fn core() -> Option<Rc<Core>> {
    CURRENT.with(|slot| slot.borrow().clone()).filter(|core| !core.is_forked())
}

/// The table of tasks of this thread's loop, made by `make` if there is none yet. `None` without a
/// loop.
pub fn task_table(make: impl FnOnce() -> Rc<dyn TaskTable>) -> Option<Rc<dyn TaskTable>> {
    core().map(|core| Rc::clone(core.tasks().get_or_init(make)))
}

/// The loop of this thread, made now if this is the main thread.
pub(crate) fn core_or_new() -> Result<Rc<Core>, LoopError> {
    match core() {
        Some(core) => Ok(core),
        None if is_main_thread() => Builder::new().build().map(EventLoop::into_core),
        None => Err(LoopError::NoLoop),
    }
}

/// This thread's loop if it is the one that `shared` belongs to.
pub(crate) fn owner_of(shared: &Arc<Shared>) -> Option<Rc<Core>> {
    core().filter(|core| Arc::ptr_eq(core.shared(), shared))
}

pub(crate) fn is_owner(shared: &Arc<Shared>) -> bool {
    with_owned(shared, (), |_, ()| ()).is_ok()
}

/// Runs `f` with this thread's loop if it is the one that `shared` belongs to; gives `value` back
/// if it is not. `f` must not call what is not the loop's own.
pub(crate) fn with_owned<T, R>(
    shared: &Arc<Shared>,
    value: T,
    f: impl FnOnce(&Rc<Core>, T) -> R,
) -> Result<R, T> {
    CURRENT.with(|slot| match &*slot.borrow() {
        Some(core) if Arc::ptr_eq(core.shared(), shared) => Ok(f(core, value)),
        _ => Err(value),
    })
}

/// As [`with_owned`], for the loop of this number.
#[inline]
pub(crate) fn with_number<T, R>(
    id: LoopId,
    value: T,
    f: impl FnOnce(&Rc<Core>, T) -> R,
) -> Result<R, T> {
    CURRENT.with(|slot| match &*slot.borrow() {
        Some(core) if core.id() == id => Ok(f(core, value)),
        _ => Err(value),
    })
}

/// Runs `f` with this thread's loop, as [`core`] has it. `f` must not call what is not the loop's own.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&Core) -> R) -> Option<R> {
    CURRENT.with(|slot| Some(f(slot.borrow().as_ref().filter(|core| !core.is_forked())?)))
}

/// The number of this thread's loop.
#[inline]
pub(crate) fn number() -> Option<LoopId> {
    with(Core::id)
}

/// When the present turn of this thread's loop began, as far as the loop has looked.
#[inline]
pub fn turn_time() -> Option<LoopTime> {
    CURRENT.with(|slot| slot.borrow().as_ref().map(|core| core.turn_time()))
}

/// Makes `core` this thread's loop, until it is uninstalled or the thread ends.
pub(crate) fn install(core: &Rc<Core>) -> Result<(), LoopError> {
    // A thread that is being taken down cannot promise to end a loop.
    END.try_with(|_| ()).map_err(|_| LoopError::NoLoop)?;
    CURRENT.with(|slot| {
        let mut slot = slot.borrow_mut();
        if slot.as_ref().is_some_and(|other| !other.is_forked()) {
            return Err(LoopError::AlreadyExists);
        }
        // A loop of the parent is left as it is: what it holds is not to end twice.
        let _leaked = slot.replace(Rc::clone(core)).map(Rc::into_raw);
        loop_id::enter(core.remote());
        Ok(())
    })
}

/// Makes room for another loop, if `core` is this thread's.
pub(crate) fn uninstall(core: &Rc<Core>) {
    let removed = CURRENT.with(|slot| {
        let ours = slot.borrow().as_ref().is_some_and(|other| Rc::ptr_eq(other, core));
        if ours { slot.take() } else { None }
    });
    drop(removed);
}

#[cfg(target_os = "linux")]
fn is_main_thread() -> bool {
    rustix::process::getpid() == rustix::thread::gettid()
}

#[cfg(not(target_os = "linux"))]
fn is_main_thread() -> bool {
    std::thread::current().name() == Some("main")
}
