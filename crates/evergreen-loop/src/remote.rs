//! The loop as other threads see it.

use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use crate::core::Core;
use crate::current;
use crate::entry::{RemoteEntry, TaskEntry};
use crate::error::{LoopError, SystemStop};
use crate::fork::Process;
use crate::handler::{RemoteHandler, RemoteOnce};
use crate::inbox::Inbox;
use crate::loop_id::LoopId;
use crate::selector::{Notify, SelectorTraits};
use crate::signals::Deliveries;
use crate::sync::{Arc, AtomicBool, Ordering};

/// What outlives the loop: a handle that is left over finds it closed.
pub(crate) struct Shared {
    id: LoopId,
    pub(crate) inbox: Inbox,
    pub(crate) deliveries: Deliveries,
    notifier: Arc<dyn Notify>,
    selector: SelectorTraits,
    /// The process that made the loop.
    pub(crate) owner: Process,
    closed: AtomicBool,
}

impl Shared {
    pub(crate) fn new(notifier: Arc<dyn Notify>, selector: SelectorTraits, owner: Process) -> Self {
        Self {
            id: LoopId::next(),
            inbox: Inbox::new(),
            deliveries: Deliveries::new(),
            notifier,
            selector,
            owner,
            closed: AtomicBool::new(false),
        }
    }

    pub(crate) fn push(&self, entry: RemoteEntry) -> Result<(), RemoteEntry> {
        self.inbox.push(entry)?;
        self.wake();
        Ok(())
    }

    /// Wakes the loop if it sleeps. Sound in a signal handler.
    pub(crate) fn wake(&self) {
        if self.inbox.claim_wake() && !self.owner.is_forked() {
            self.notifier.notify();
        }
    }

    /// Refuses calls from now on; entries of tasks are still taken, until the inbox is closed.
    pub(crate) fn refuse_calls(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}

/// The part of a loop that any thread may hold and use.
///
/// ```
/// use evergreen_loop::EventLoop;
///
/// let event_loop = EventLoop::new()?;
/// let remote = event_loop.remote();
/// let thread = std::thread::spawn(move || {
///     remote.call_from_thread(|| println!("on the loop's thread")).expect("the loop exists");
/// });
/// thread.join().expect("no panic");
/// event_loop.run()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct LoopRemote(pub(crate) Arc<Shared>);

impl LoopRemote {
    /// Queues a call to run on the loop's thread, and wakes the loop if it sleeps.
    ///
    /// What one thread sends runs in the order it was sent, and after all that was queued before.
    /// The call counts as alive: also one made before `run` is not lost.
    ///
    /// # Errors
    ///
    /// [`LoopError::Closed`] if the loop is destroyed, or is being destroyed; `f` is dropped on
    /// this thread then.
    #[track_caller]
    pub fn call_from_thread(
        &self,
        f: impl FnOnce() + Send + 'static,
    ) -> Result<RemoteHandler, LoopError> {
        self.check()?;
        let call: RemoteHandler = RemoteHandler(Arc::new(RemoteOnce::new(f, Location::caller())));
        match self.0.push(RemoteEntry::Call(Arc::clone(&call.0))) {
            Ok(()) => Ok(call),
            Err(_) => Err(LoopError::Closed),
        }
    }

    /// Stops the loop as [`EventLoop::stop`](crate::EventLoop::stop) does, when the request's turn
    /// in the queue comes.
    ///
    /// # Errors
    ///
    /// [`LoopError::Closed`] if the loop is destroyed.
    pub fn stop(&self) -> Result<(), LoopError> {
        self.work(|core| core.request_stop(None))
    }

    /// Stops the loop as [`EventLoop::stop_with`](crate::EventLoop::stop_with) does.
    ///
    /// # Errors
    ///
    /// [`LoopError::Closed`] if the loop is destroyed.
    pub fn stop_with(&self, stop: impl Into<SystemStop>) -> Result<(), LoopError> {
        let stop = stop.into();
        self.work(|core| core.request_stop(Some(stop)))
    }

    /// Whether the loop is destroyed, or that of this process's parent.
    pub fn is_closed(&self) -> bool {
        self.check().is_err()
    }

    /// Whether this is the thread that the loop is current on.
    pub fn is_local(&self) -> bool {
        current::is_owner(&self.0)
    }

    /// The loop's number.
    pub fn id(&self) -> LoopId {
        self.0.id
    }

    /// Sends a task to the loop, from another thread.
    pub(crate) fn send_task(&self, task: TaskEntry) -> Result<(), TaskEntry> {
        match self.0.push(RemoteEntry::Task(task)) {
            Err(RemoteEntry::Task(task)) => Err(task),
            _ => Ok(()),
        }
    }

    pub(crate) fn core(&self) -> Option<Rc<Core>> {
        current::owner_of(&self.0)
    }

    /// Runs `f` with the loop, on its own thread. `f` must not call what is not the loop's own.
    pub(crate) fn with_core<R>(&self, f: impl FnOnce(&Core) -> R) -> Option<R> {
        current::with(|core| Arc::ptr_eq(core.shared(), &self.0).then(|| f(core))).flatten()
    }

    /// Sends work to the loop's thread. If the loop is gone the work is dropped here.
    pub(crate) fn work(&self, f: impl FnOnce(&Rc<Core>) + Send + 'static) -> Result<(), LoopError> {
        self.check()?;
        self.0.push(RemoteEntry::Work(Box::new(f))).map_err(|_| LoopError::Closed)
    }

    /// Runs work on the loop: now on its own thread, from elsewhere when its turn comes. A loop
    /// that is gone has nothing left to work on.
    pub(crate) fn on_loop(&self, f: impl FnOnce(&Rc<Core>) + Send + 'static) {
        match self.core() {
            Some(core) => f(&core),
            None => drop(self.work(f)),
        }
    }

    pub(crate) fn check(&self) -> Result<(), LoopError> {
        match (self.0.owner.is_forked(), self.0.is_closed()) {
            (true, _) => Err(LoopError::Forked),
            (false, true) => Err(LoopError::Closed),
            (false, false) => Ok(()),
        }
    }

    pub(crate) fn selector_traits(&self) -> SelectorTraits {
        self.0.selector
    }
}

impl fmt::Debug for LoopRemote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopRemote").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl PartialEq for LoopRemote {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for LoopRemote {}
