//! Callbacks and the handles that cancel them.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::rc::{Rc, Weak};

use crate::clock::LoopTime;
use crate::core::Core;
use crate::error::{ErrorContext, ErrorOrigin};
use crate::registration::Direction;
use crate::sources::SourceKey;
use crate::sync::{Arc, Mutex, lock};
use crate::timers::TimerKey;

/// A callback that the loop holds: its code, where it was made, and how to take it back.
pub(crate) struct Registered<F: ?Sized = dyn Callback> {
    core: Weak<Core>,
    kind: Cell<Kind>,
    cancelled: Cell<bool>,
    queued: Cell<bool>,
    location: &'static Location<'static>,
    callback: F,
}

/// What a callback waits for, and so what cancelling it takes back.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Soon,
    Timer { key: TimerKey, when: LoopTime },
    Descriptor { key: SourceKey, direction: Direction },
    Signal { signum: i32 },
}

impl<F> Registered<F> {
    pub(crate) fn new(core: &Rc<Core>, location: &'static Location<'static>, callback: F) -> Self {
        Self {
            core: Rc::downgrade(core),
            kind: Cell::new(Kind::Soon),
            cancelled: Cell::new(false),
            queued: Cell::new(false),
            location,
            callback,
        }
    }
}

impl Registered {
    pub(crate) fn set_kind(&self, kind: Kind) {
        self.kind.set(kind);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.get()
    }

    /// Marks it as standing in the queue. False if it stands there already.
    pub(crate) fn enqueue(&self) -> bool {
        !self.queued.replace(true)
    }

    /// Runs it as an entry of the queue.
    pub(crate) fn run(&self, core: &Core) {
        self.queued.set(false);
        core.run_guarded(|| self.context(), || self.callback.call());
        // It has taken itself back meanwhile.
        if self.is_cancelled() {
            core.guarded(|| self.context(), || self.callback.clear());
        }
    }

    /// What a report says of it.
    pub(crate) fn context(&self) -> ErrorContext {
        let origin = match self.kind.get() {
            Kind::Soon | Kind::Timer { .. } => ErrorOrigin::Callback,
            Kind::Descriptor { .. } => ErrorOrigin::DescriptorWatcher,
            Kind::Signal { .. } => ErrorOrigin::SignalHandler,
        };
        ErrorContext::new(origin).at(self.location)
    }

    /// Drops the callback with what it captured. The loop forgets it elsewhere.
    pub(crate) fn revoke(&self) {
        self.cancelled.set(true);
        self.callback.clear();
    }

    fn cancel(self: &Rc<Self>) {
        if self.cancelled.get() {
            return;
        }
        if let Some(core) = self.core.upgrade() {
            match self.kind.get() {
                Kind::Soon => {},
                Kind::Timer { key, .. } => drop(core.cancel_timer(key)),
                Kind::Descriptor { key, direction } => core.unwatch(key, direction),
                Kind::Signal { signum } => core.forget_signal_handler(signum, self),
            }
        }
        self.revoke();
    }
}

/// The code of a callback, run once or many times.
pub(crate) trait Callback {
    fn call(&self);
    fn clear(&self);
}

/// Runs at the first call.
pub(crate) struct Once<F>(pub(crate) Cell<Option<F>>);

impl<F: FnOnce()> Callback for Once<F> {
    fn call(&self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }

    fn clear(&self) {
        drop(self.0.take());
    }
}

/// Runs at every call until it is cleared.
pub(crate) struct Repeat<F>(pub(crate) Cell<Option<F>>);

impl<F: FnMut()> Callback for Repeat<F> {
    /// The closure is out of its cell while it runs, so that it may cancel itself; it goes back
    /// even if it panics, to be dropped when that is over.
    fn call(&self) {
        let Some(f) = self.0.take() else { return };
        let mut running = PutBack { cell: &self.0, f: Some(f) };
        if let Some(f) = &mut running.f {
            f();
        }
    }

    fn clear(&self) {
        drop(self.0.take());
    }
}

struct PutBack<'a, F> {
    cell: &'a Cell<Option<F>>,
    f: Option<F>,
}

impl<F> Drop for PutBack<'_, F> {
    fn drop(&mut self) {
        self.cell.set(self.f.take());
    }
}

/// Cancels a callback of this loop.
///
/// Dropping a handler does not cancel: to schedule and forget is the usual thing. A handler is not
/// `Send`; from another thread use [`EventLoop::call_from_thread`] and its [`RemoteHandler`].
///
/// [`EventLoop::call_from_thread`]: crate::EventLoop::call_from_thread
///
/// ```
/// use evergreen_loop::EventLoop;
///
/// let event_loop = EventLoop::new()?;
/// let handler = event_loop.call_soon(|| unreachable!("cancelled before its turn"));
/// handler.cancel();
/// assert!(handler.is_cancelled());
/// event_loop.run()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A handler cannot be scheduled again, it is not a function:
///
/// ```compile_fail,E0277
/// # let event_loop = evergreen_loop::EventLoop::new().unwrap();
/// let handler = event_loop.call_soon(|| ());
/// event_loop.call_soon(handler);
/// ```
#[derive(Clone)]
pub struct Handler(pub(crate) Rc<Registered>);

impl Handler {
    /// The callback will not run any more, and what it captured is dropped now.
    ///
    /// Does nothing if it has run or was cancelled. A timer lets go of the loop, a watcher of its
    /// descriptor, a signal handler of its signal; other handlers of that signal stay.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether [`Handler::cancel`] was called, or the callback removed in another way.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// When the timer is due; `None` for what is no timer.
    pub fn when(&self) -> Option<LoopTime> {
        match self.0.kind.get() {
            Kind::Timer { when, .. } => Some(when),
            _ => None,
        }
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler")
            .field("made_at", &format_args!("{}", self.0.location))
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

/// A call from another thread, on its way to the loop.
pub(crate) trait RemoteCall: Send + Sync {
    fn run(&self, core: &Core);
    fn cancel(&self);
    /// What a report says of it.
    fn context(&self) -> ErrorContext;
}

pub(crate) struct RemoteOnce<F> {
    f: Mutex<Option<F>>,
    location: &'static Location<'static>,
}

impl<F> RemoteOnce<F> {
    pub(crate) fn new(f: F, location: &'static Location<'static>) -> Self {
        Self { f: Mutex::new(Some(f)), location }
    }
}

impl<F: FnOnce() + Send> RemoteCall for RemoteOnce<F> {
    fn run(&self, core: &Core) {
        let Some(f) = lock(&self.f).take() else { return };
        core.run_guarded(|| self.context(), f);
    }

    fn cancel(&self) {
        let f = lock(&self.f).take();
        drop(f);
    }

    fn context(&self) -> ErrorContext {
        ErrorContext::new(ErrorOrigin::Callback).at(self.location)
    }
}

/// Cancels a call that came from another thread. Any thread may do so.
#[derive(Clone)]
pub struct RemoteHandler(pub(crate) Arc<dyn RemoteCall>);

impl RemoteHandler {
    /// The call will not run, unless it has begun; what it captured is dropped on this thread.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

impl fmt::Debug for RemoteHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteHandler").finish_non_exhaustive()
    }
}

/// Makes the cells of [`Once`] and [`Repeat`] readable at the place where closures come in.
pub(crate) fn once(f: impl FnOnce() + 'static) -> Once<impl FnOnce() + 'static> {
    Once(Cell::new(Some(f)))
}

/// As [`once`].
pub(crate) fn repeat(f: impl FnMut() + 'static) -> Repeat<impl FnMut() + 'static> {
    Repeat(Cell::new(Some(f)))
}
