//! What one loop consists of.
//!
//! The borrow rule: no user code runs while a part of the core is borrowed. That covers callbacks,
//! wakers when they are woken, and the destructors of both. So everything that is to be called or
//! dropped is first taken out, the borrow ends, and then it is called or dropped. Wakers are cloned
//! under a borrow: a `RawWaker` whose `clone` uses the loop panics.

mod closing;
mod phase;
mod report;

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell, RefMut};
use std::fmt;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

pub(crate) use self::phase::Phase;
use self::report::ExceptionHandler;
pub(crate) use self::report::print;
pub use self::report::{drop_payload, guarded};
use crate::blocking::Pool;
use crate::budget::Budget;
use crate::clock::{ClockSource, LoopTime};
use crate::entry::{Entry, TaskEntry};
use crate::error::{ErrorContext, ErrorOrigin, SystemStop};
use crate::fork::Process;
use crate::handler::Registered;
use crate::loop_id::LoopId;
use crate::metrics::{Counters, Metrics, add};
use crate::ready::Ready;
use crate::registration::Direction;
use crate::remote::{LoopRemote, Shared};
use crate::signals::Signals;
use crate::sources::{SourceKey, Sources};
use crate::sync::Arc;
use crate::timers::{Alarm, Due, TimerKey, Timers};
use crate::virtual_time::VirtualTime;
use crate::watchers::{Place, Watchers};

/// What a loop needs to know of the tasks that live on it.
pub trait TaskTable: Any {
    /// How many tasks have been started and have not ended.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Polls the next task that starts, as it was queued with [`LoopId::schedule_first`].
    ///
    /// [`LoopId::schedule_first`]: crate::build::LoopId::schedule_first
    fn run_first(&self);

    /// For whoever installed the table to find its own type again.
    fn into_any(self: Rc<Self>) -> Rc<dyn Any>;

    /// Has every task end: each that is not queued is queued, and drops its future when it runs.
    fn end_all(&self);

    /// Writes a line for each task that has not ended: who it is, where it was made, what it does.
    /// No user code runs while the table is borrowed, and a formatter may be the user's.
    ///
    /// # Errors
    ///
    /// What the formatter gives.
    fn dump(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} tasks", self.len())
    }
}

pub(crate) struct Core {
    pub(crate) ready: Ready,
    pub(crate) watchers: Watchers,
    pub(crate) counters: Counters,
    pub(crate) budget: Budget,
    /// Entries between two polls.
    pub(crate) bound: usize,
    remote: LoopRemote,
    id: LoopId,
    owner: Process,
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
    /// What keeps virtual time from moving by itself, beside jobs.
    freezers: Cell<usize>,
    waits: Cell<u64>,
    /// The clock as it was read last in a turn.
    turn_time: Cell<LoopTime>,
    /// Lent to a turn while timers expire, so that it needs no memory of its own.
    due: RefCell<Vec<Due>>,
}

/// The parts that a builder chooses.
pub(crate) struct Parts {
    pub(crate) name: Option<String>,
    pub(crate) clock: ClockSource,
    pub(crate) sources: Sources,
    pub(crate) owner: Process,
    pub(crate) bound: usize,
    pub(crate) threads: usize,
}

impl Core {
    pub(crate) fn new(mut parts: Parts) -> Self {
        let selector = parts.sources.selector();
        let shared = Shared::new(selector.notifier(), selector.traits(), parts.owner);
        let poller_fd = selector.descriptor().map(|descriptor| descriptor.as_raw_fd());
        let now = parts.clock.now();
        let timers = match &parts.clock {
            ClockSource::Virtual(_) => Timers::exact(now),
            ClockSource::Monotonic(_) | ClockSource::Other(_) => Timers::new(now),
        };
        let remote = LoopRemote(Arc::new(shared));
        Self {
            ready: Ready::new(),
            watchers: Watchers::default(),
            counters: Counters::default(),
            budget: Budget::new(),
            bound: parts.bound,
            id: remote.id(),
            owner: parts.owner,
            remote,
            name: parts.name,
            clock: parts.clock,
            timers: RefCell::new(timers),
            sources: RefCell::new(parts.sources),
            poller_fd,
            signals: RefCell::default(),
            pool: Pool::new("evergreen-blocking", parts.threads),
            tasks: OnceCell::new(),
            exception_handler: RefCell::default(),
            phase: Cell::new(Phase::Created),
            running_since: Cell::new(None),
            stopping: Cell::new(false),
            system_stop: RefCell::default(),
            held: Cell::new(0),
            jobs: Cell::new(0),
            freezers: Cell::new(0),
            waits: Cell::new(0),
            turn_time: Cell::new(now),
            due: RefCell::default(),
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.remote.0
    }

    /// Whether this is a child of the process that made the loop, and so not to touch it.
    pub(crate) fn is_forked(&self) -> bool {
        self.owner.is_forked()
    }

    pub(crate) fn remote(&self) -> LoopRemote {
        self.remote.clone()
    }

    pub(crate) const fn id(&self) -> LoopId {
        self.id
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn now(&self) -> LoopTime {
        self.clock.now()
    }

    pub(crate) fn turn_time(&self) -> LoopTime {
        self.turn_time.get()
    }

    pub(crate) fn set_turn_time(&self, now: LoopTime) {
        self.turn_time.set(now);
    }

    pub(crate) const fn virtual_time(&self) -> Option<&VirtualTime> {
        match &self.clock {
            ClockSource::Virtual(time) => Some(time),
            ClockSource::Monotonic(_) | ClockSource::Other(_) => None,
        }
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

    /// A burst of timers must not hold its memory for ever.
    pub(crate) fn give_back(&self, emptied: Vec<Due>) {
        const KEPT: usize = 4096;
        if emptied.capacity() <= KEPT {
            self.due.replace(emptied);
        }
    }

    pub(crate) fn signals(&self) -> RefMut<'_, Signals> {
        self.signals.borrow_mut()
    }

    pub(crate) const fn owner(&self) -> Process {
        self.owner
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
    #[inline(always)]
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

    /// Wakes a task. If that has queued it, it has its turn now, behind `prepare`, and not when the
    /// queue comes to it. `wake` must wake nothing else.
    pub(crate) fn run_now(&self, wake: impl FnOnce(), prepare: impl FnOnce()) {
        let before = self.ready.pushed();
        wake();
        // Whatever the inbox held went into the queue before the task.
        let woken = if self.ready.pushed() == before { None } else { self.ready.pop_newest() };
        prepare();
        match woken {
            Some(Entry::Task(task)) => self.run_task(task),
            Some(other) => self.ready.push(other),
            None => {},
        }
    }

    /// Polls a task. It catches its own panics; those of what it drops at last end here.
    pub(crate) fn run_task(&self, task: TaskEntry) {
        self.guarded(|| ErrorContext::new(ErrorOrigin::Task), || task.run());
    }

    /// Polls the task that starts next.
    pub(crate) fn run_first(&self) {
        if let Some(tasks) = self.tasks.get() {
            tasks.run_first();
        }
    }

    /// Wakes whoever waited. A waker that panics does not keep the others asleep.
    pub(crate) fn wake_all(&self, wakers: impl IntoIterator<Item = Waker>) {
        let mut wakers = wakers.into_iter();
        let mut left = true;
        // One guard for all that do not panic: the processor looks ahead to the next task.
        while left {
            let wake = || {
                wakers.by_ref().for_each(Waker::wake);
                left = false;
            };
            self.guarded(|| ErrorContext::new(ErrorOrigin::Waker), wake);
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
        self.revoke_all(&stale);
    }

    /// Takes callbacks back. A destructor that panics does not keep the others, and no two of them
    /// panic at once.
    pub(crate) fn revoke_all(&self, callbacks: &[Rc<Registered>]) {
        callbacks.iter().for_each(|callback| self.revoke_guarded(callback));
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

    pub(crate) fn freeze(&self) {
        self.freezers.set(self.freezers.get() + 1);
    }

    pub(crate) fn thaw(&self) {
        self.freezers.set(self.freezers.get() - 1);
    }

    /// Whether virtual time may not move by itself.
    pub(crate) fn is_frozen(&self) -> bool {
        self.freezers.get() > 0 || self.jobs.get() > 0
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.has_entries()
            || self.held.get() > 0
            || self.jobs.get() > 0
            || self.timers().len() > 0
            || self.sources().is_awaited()
            || self.virtual_time().is_some_and(VirtualTime::is_awaited)
    }

    /// Whether a turn can come to anything without another thread: also by a signal that has been
    /// delivered and not been handled.
    pub(crate) fn can_go_on(&self) -> bool {
        self.is_alive() || self.shared().deliveries.any()
    }

    pub(crate) fn has_entries(&self) -> bool {
        !self.ready.is_empty() || self.shared().inbox.is_pending()
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
