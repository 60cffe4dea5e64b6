//! What one loop consists of.
//!
//! The borrow rule: no user code runs while a part of the core is borrowed. That covers callbacks,
//! wakers when they are woken, and the destructors of both. So everything that is to be called or
//! dropped is first taken out, the borrow ends, and then it is called or dropped.

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell, RefMut};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use crate::blocking::Pool;
use crate::clock::{ClockSource, LoopTime};
use crate::entry::{Entry, TaskEntry};
use crate::error::{ErrorContext, ErrorOrigin, LoopError, SystemStop};
use crate::handler::{Kind, Registered};
use crate::metrics::{Counters, Metrics, add, add_time};
use crate::ready::Ready;
use crate::registration::Direction;
use crate::remote::{LoopRemote, Shared};
use crate::signals::Signals;
use crate::sources::{SourceKey, Sources};
use crate::sync::Arc;
use crate::timers::{Alarm, Due, TimerKey, Timers};
use crate::watchers::{Place, Watchers};

/// What a loop needs to know of the tasks that live on it.
pub trait TaskTable: Any {
    /// How many tasks have been started and have not ended.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Has every task end: each that is not queued is queued, and drops its future when it runs.
    fn end_all(&self);

    /// For whoever installed the table to find its own type again.
    fn as_any(&self) -> &dyn Any;
}

/// Where a loop is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Created,
    /// Between two runs that were no `run`: `block_on` or single turns.
    Idle,
    Running,
    Ended,
    /// Destructors run; nothing new is taken.
    Closing,
    Destroyed,
}

/// Receives what went wrong in callbacks and tasks.
pub(crate) type ExceptionHandler = Rc<dyn Fn(&ErrorContext)>;

pub(crate) struct Core {
    pub(crate) ready: Ready,
    pub(crate) watchers: Watchers,
    pub(crate) counters: Counters,
    /// Entries between two polls.
    pub(crate) bound: usize,
    remote: LoopRemote,
    name: Option<String>,
    clock: ClockSource,
    timers: RefCell<Timers>,
    sources: RefCell<Sources>,
    poller_fd: Option<RawFd>,
    signals: RefCell<Signals>,
    pool: Pool,
    tasks: OnceCell<Rc<dyn TaskTable>>,
    exception_handler: RefCell<Option<ExceptionHandler>>,
    phase: Cell<Phase>,
    running_since: Cell<Option<LoopTime>>,
    stopping: Cell<bool>,
    system_stop: RefCell<Option<SystemStop>>,
    /// What keeps the loop alive beside timers, sources and the queue: tokens, watchers, jobs.
    held: Cell<usize>,
    jobs: Cell<usize>,
    waits: Cell<u64>,
    /// Lent to a turn while timers expire, so that it needs no memory of its own.
    due: RefCell<Vec<Due>>,
}

/// The parts that a builder chooses.
pub(crate) struct Parts {
    pub(crate) name: Option<String>,
    pub(crate) clock: ClockSource,
    pub(crate) sources: Sources,
    pub(crate) bound: usize,
    pub(crate) threads: usize,
}

impl Core {
    pub(crate) fn new(mut parts: Parts) -> Self {
        let selector = parts.sources.selector();
        let shared = Shared::new(selector.notifier(), selector.traits());
        let poller_fd = selector.descriptor().map(|descriptor| descriptor.as_raw_fd());
        let now = parts.clock.now();
        Self {
            ready: Ready::new(),
            watchers: Watchers::default(),
            counters: Counters::default(),
            bound: parts.bound,
            remote: LoopRemote(Arc::new(shared)),
            name: parts.name,
            clock: parts.clock,
            timers: RefCell::new(Timers::new(now)),
            sources: RefCell::new(parts.sources),
            poller_fd,
            signals: RefCell::default(),
            pool: Pool::new(parts.threads),
            tasks: OnceCell::new(),
            exception_handler: RefCell::default(),
            phase: Cell::new(Phase::Created),
            running_since: Cell::new(None),
            stopping: Cell::new(false),
            system_stop: RefCell::default(),
            held: Cell::new(0),
            jobs: Cell::new(0),
            waits: Cell::new(0),
            due: RefCell::default(),
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.remote.0
    }

    pub(crate) fn remote(&self) -> LoopRemote {
        self.remote.clone()
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn now(&self) -> LoopTime {
        self.clock.now()
    }

    pub(crate) fn sources(&self) -> RefMut<'_, Sources> {
        self.sources.borrow_mut()
    }

    /// The poller's descriptor, if it has one; open for as long as the core exists.
    pub(crate) fn poller_fd(&self) -> Option<BorrowedFd<'_>> {
        crate::selector::borrow(self.poller_fd?).ok()
    }

    pub(crate) fn timers(&self) -> RefMut<'_, Timers> {
        self.timers.borrow_mut()
    }

    /// Takes out what is due at `now`. The list comes back with [`Core::give_back`].
    pub(crate) fn take_due(&self, now: LoopTime) -> Vec<Due> {
        let mut due = self.due.take();
        self.timers().expire(now, &mut due);
        due
    }

    pub(crate) fn give_back(&self, emptied: Vec<Due>) {
        self.due.replace(emptied);
    }

    pub(crate) fn signals(&self) -> RefMut<'_, Signals> {
        self.signals.borrow_mut()
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) fn tasks(&self) -> &OnceCell<Rc<dyn TaskTable>> {
        &self.tasks
    }

    pub(crate) fn live_tasks(&self) -> usize {
        self.tasks.get().map_or(0, |tasks| tasks.len())
    }
}

/// The queue.
impl Core {
    /// Appends to the queue, behind what other threads sent before (D-4).
    pub(crate) fn push(&self, entry: Entry) {
        self.take_inbox();
        self.ready.push(entry);
    }

    #[inline]
    pub(crate) fn take_inbox(&self) {
        let inbox = &self.shared().inbox;
        if inbox.is_pending() {
            inbox.drain(|entry| self.ready.push(entry.into()));
        }
    }

    /// Queues a watcher, at most once at a time; one that was cancelled stays out.
    pub(crate) fn push_watcher(&self, callback: Rc<Registered>) {
        if !callback.is_cancelled() && callback.enqueue() {
            self.push(Entry::Call(callback));
        }
    }

    /// Wakes a task; if that has queued it, it has its turn now, and not when the queue comes to it.
    pub(crate) fn run_now(&self, wake: impl FnOnce()) {
        let before = self.ready.pushed();
        wake();
        if self.ready.pushed() == before {
            return;
        }
        // Whatever the inbox held went into the queue before the task.
        match self.ready.pop_newest() {
            Some(Entry::Task(task)) => self.run_task(task),
            Some(other) => self.ready.push(other),
            None => {},
        }
    }

    /// Polls a task. It catches its own panics; those of what it drops at last end here.
    pub(crate) fn run_task(&self, task: TaskEntry) {
        self.guarded(|| ErrorContext::new(ErrorOrigin::Task), || task.run_on_its_loop());
    }

    /// Wakes whoever waited. A waker that panics does not keep the others asleep.
    pub(crate) fn wake_all(&self, wakers: impl IntoIterator<Item = Waker>) {
        for waker in wakers {
            self.guarded(|| ErrorContext::new(ErrorOrigin::Waker), || waker.wake());
        }
    }

    /// The number of a new wait of `block_on`.
    pub(crate) fn new_wait(&self) -> u64 {
        self.waits.set(self.waits.get() + 1);
        self.waits.get()
    }
}

/// Taking callbacks back.
impl Core {
    pub(crate) fn cancel_timer(&self, key: TimerKey) -> Option<Alarm> {
        self.timers().cancel(key)
    }

    /// Revokes the watchers of descriptors that were closed behind the loop's back.
    pub(crate) fn revoke_stale(&self) {
        let stale = self.sources().take_stale();
        stale.into_iter().for_each(|callback| callback.revoke());
    }

    pub(crate) fn unwatch(&self, key: SourceKey, direction: Direction) {
        let callback = self.sources().unwatch(key, direction);
        drop(callback);
    }

    pub(crate) fn forget_signal_handler(&self, signum: i32, handler: &Rc<Registered>) {
        self.signals().remove_one(signum, handler);
    }
}

/// Liveness (D-5).
impl Core {
    pub(crate) fn hold(&self) {
        self.held.set(self.held.get() + 1);
    }

    pub(crate) fn release(&self) {
        self.held.set(self.held.get() - 1);
    }

    pub(crate) fn add_job(&self) {
        self.jobs.set(self.jobs.get() + 1);
    }

    pub(crate) fn end_job(&self) {
        self.jobs.set(self.jobs.get() - 1);
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.has_entries()
            || self.held.get() > 0
            || self.jobs.get() > 0
            || self.timers().len() > 0
            || self.sources().is_awaited()
    }

    pub(crate) fn has_entries(&self) -> bool {
        !self.ready.is_empty() || self.shared().inbox.is_pending()
    }
}

/// Starting and stopping.
impl Core {
    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Whether the loop is running, or running destructors.
    pub(crate) fn is_inside(&self) -> bool {
        matches!(self.phase.get(), Phase::Running | Phase::Closing)
    }

    /// Whether callbacks are still taken. They are dropped unrun while the loop is closing.
    ///
    /// # Panics
    ///
    /// If the loop is destroyed.
    #[track_caller]
    pub(crate) fn takes_callbacks(&self) -> bool {
        assert!(self.phase.get() != Phase::Destroyed, "{}", LoopError::Closed);
        self.phase.get() != Phase::Closing
    }

    /// Begins to run, until the guard is dropped.
    pub(crate) fn enter(self: &Rc<Self>, afterwards: Phase) -> Result<Running, LoopError> {
        match self.phase.get() {
            Phase::Running => return Err(LoopError::InsideLoop),
            Phase::Closing | Phase::Destroyed => return Err(LoopError::Closed),
            Phase::Ended if afterwards == Phase::Ended => return Err(LoopError::Ended),
            Phase::Created | Phase::Idle | Phase::Ended => {},
        }
        let was_ended = self.phase.get() == Phase::Ended;
        self.phase.set(Phase::Running);
        self.running_since.set(Some(self.now()));
        let afterwards = if was_ended { Phase::Ended } else { afterwards };
        Ok(Running { core: Rc::clone(self), afterwards })
    }

    /// Asks the loop to end after the current pass.
    pub(crate) fn request_stop(&self, stop: Option<SystemStop>) {
        self.stopping.set(true);
        let Some(stop) = stop else { return };
        if !matches!(stop, SystemStop::Exit(_)) {
            self.report(&ErrorContext::new(ErrorOrigin::System).saying(format!("ended: {stop}")));
        }
        self.system_stop.borrow_mut().get_or_insert(stop);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    /// Whether a stop was asked for and the pass it fell into is over.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopping.get() && self.ready.at_pass_end()
    }

    pub(crate) fn take_system_stop(&self) -> Option<SystemStop> {
        self.system_stop.take()
    }
}

/// The loop runs while this exists.
pub(crate) struct Running {
    core: Rc<Core>,
    afterwards: Phase,
}

impl Drop for Running {
    fn drop(&mut self) {
        let core = &self.core;
        core.phase.set(self.afterwards);
        core.shared().inbox.fall_asleep();
        core.stopping.set(false);
        if let Some(since) = core.running_since.take() {
            add_time(&core.counters.running, core.now() - since);
        }
    }
}

/// Errors (D-7).
impl Core {
    /// Runs `f`; a panic ends here and is reported.
    pub(crate) fn guarded(&self, context: impl FnOnce() -> ErrorContext, f: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
            self.report(&context().panicked(&*payload));
            drop_payload(payload);
        }
    }

    pub(crate) fn set_exception_handler(&self, handler: Option<ExceptionHandler>) {
        let former = self.exception_handler.replace(handler);
        drop(former);
    }

    pub(crate) fn report(&self, context: &ErrorContext) {
        let handler = self.exception_handler.borrow().clone();
        let Some(handler) = handler else { return print(context) };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| handler(context))) {
            print(context);
            print(&ErrorContext::new(ErrorOrigin::ExceptionHandler).panicked(&*payload));
            drop_payload(payload);
        }
    }
}

/// A payload may panic again when it is dropped; the second one is left alone.
pub(crate) fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        Box::leak(second);
    }
}

/// A standard error that is closed is no reason to fail as well.
fn print(context: &ErrorContext) {
    writeln!(io::stderr(), "evergreen: {context}").ok();
}

/// The end.
impl Core {
    /// Ends everything: callbacks are dropped unrun, tasks drop their futures, on this thread.
    pub(crate) fn close(self: &Rc<Self>) {
        self.phase.set(Phase::Closing);
        self.shared().refuse_calls();
        self.drop_callbacks();
        if let Some(tasks) = self.tasks.get() {
            tasks.end_all();
            self.drop_entries();
            while !tasks.is_empty() {
                self.wait_for_entries();
                self.drop_entries();
            }
        }
        self.shared().inbox.close();
        self.drop_entries();
        self.pool.shut_down().into_iter().for_each(|job| self.drop_guarded(job));
        self.drop_entries();
        self.drop_guarded(self.exception_handler.take());
        self.jobs.set(0);
        crate::current::uninstall(self);
        self.phase.set(Phase::Destroyed);
    }

    /// Who waits on another thread is woken, and finds the loop closed; tasks of this one are ended
    /// before they have another turn.
    fn drop_callbacks(&self) {
        self.watchers.clear().into_iter().for_each(|hook| self.drop_guarded(hook));
        let mut callbacks = self.signals().clear();
        let found = self.sources().clear();
        callbacks.extend(found.callbacks);
        let alarms = self.timers().clear();
        for alarm in alarms {
            match alarm {
                Alarm::Call(callback) => callbacks.push(callback),
                Alarm::Wake(waker) => self.wake_all([waker]),
            }
        }
        self.wake_all(found.wakers);
        callbacks.into_iter().for_each(|callback| self.revoke_guarded(&callback));
    }

    /// Empties the queue and the inbox. Tasks have their turn: theirs is to end.
    fn drop_entries(&self) {
        self.take_inbox();
        while let Some(entry) = self.ready.pop() {
            match entry {
                Entry::Task(task) => self.run_task(task),
                Entry::Call(callback) => self.revoke_guarded(&callback),
                Entry::RemoteCall(call) => {
                    self.guarded(|| ErrorContext::new(ErrorOrigin::Callback), || call.cancel());
                },
                Entry::Work(work) => self.drop_guarded(work),
                Entry::Main(_) => {},
            }
            self.take_inbox();
        }
    }

    /// A thread has marked a task as woken and is about to push it: sleeps until it has.
    fn wait_for_entries(&self) {
        let inbox = &self.shared().inbox;
        inbox.fall_asleep();
        if !inbox.is_pending() {
            // The poller failed: then look again, the push is on its way.
            self.sources().selector().wait(None, &mut Vec::new()).ok();
        }
        inbox.wake_up();
    }

    fn revoke_guarded(&self, callback: &Registered) {
        callback.set_kind(Kind::Soon);
        self.guarded(|| ErrorContext::new(ErrorOrigin::Callback), || callback.revoke());
    }

    fn drop_guarded<T>(&self, value: T) {
        self.guarded(|| ErrorContext::new(ErrorOrigin::Callback), || drop(value));
    }
}

/// Counters.
impl Core {
    pub(crate) fn count_turn(&self) {
        add(&self.counters.turns, 1);
    }

    pub(crate) fn is_hooked(&self, place: Place) -> bool {
        self.watchers.any(place)
    }

    pub(crate) fn metrics(&self) -> Metrics {
        let counters = &self.counters;
        let since = self.running_since.get();
        let present = since.map_or(Duration::ZERO, |since| self.now() - since);
        let idle = counters.idle.get();
        Metrics {
            turns: counters.turns.get(),
            polls: counters.polls.get(),
            entries: counters.entries.get(),
            busy: (counters.running.get() + present).saturating_sub(idle),
            idle,
            tasks: self.live_tasks(),
            timers: self.timers().len(),
            sources: self.sources().len(),
            queued: self.ready.len(),
            blocking_jobs: self.jobs.get(),
        }
    }
}
