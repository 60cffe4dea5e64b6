//! The loop of the present thread.

use std::cell::RefCell;
use std::rc::Rc;

use crate::builder::Builder;
use crate::core::Core;
use crate::error::LoopError;
use crate::event_loop::EventLoop;
use crate::remote::Shared;
use crate::sync::Arc;

/// Ends its loop when the thread ends.
struct Slot(RefCell<Option<Rc<Core>>>);

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(core) = self.0.take() {
            core.close();
        }
    }
}

thread_local! {
    static CURRENT: Slot = const { Slot(RefCell::new(None)) };
}

/// The present thread's loop, as [`EventLoop::current`] gives it. Looked up at every call.
///
/// # Errors
///
/// As [`EventLoop::current`].
pub fn event_loop() -> Result<EventLoop, LoopError> {
    EventLoop::current()
}

/// The loop of this thread. `None` also while the thread's storage is being taken down.
pub(crate) fn core() -> Option<Rc<Core>> {
    CURRENT.try_with(|slot| slot.0.borrow().clone()).ok().flatten()
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
    let mut value = Some(value);
    let result = CURRENT.try_with(|slot| {
        let slot = slot.0.borrow();
        let core = slot.as_ref().filter(|core| Arc::ptr_eq(core.shared(), shared))?;
        value.take().map(|value| f(core, value))
    });
    match (result, value) {
        (Ok(Some(result)), _) => Ok(result),
        (_, Some(value)) => Err(value),
        (_, None) => unreachable!("the value is gone only if `f` was called"),
    }
}

/// Makes `core` this thread's loop.
pub(crate) fn install(core: &Rc<Core>) -> Result<(), LoopError> {
    CURRENT
        .try_with(|slot| {
            let mut slot = slot.0.borrow_mut();
            if slot.is_some() {
                return Err(LoopError::AlreadyExists);
            }
            *slot = Some(Rc::clone(core));
            Ok(())
        })
        .unwrap_or(Err(LoopError::NoLoop))
}

/// Makes room for another loop, if `core` is this thread's.
pub(crate) fn uninstall(core: &Rc<Core>) {
    let removed = CURRENT.try_with(|slot| {
        let ours = slot.0.borrow().as_ref().is_some_and(|other| Rc::ptr_eq(other, core));
        if ours { slot.0.take() } else { None }
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
