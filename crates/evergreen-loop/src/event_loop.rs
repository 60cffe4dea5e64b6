//! The face of the loop.

use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::panic::Location;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use crate::blocking::{BlockingError, BlockingJob, Pool};
use crate::builder::Builder;
use crate::clock::{Delay, LoopTime};
use crate::core::{Core, Phase};
use crate::current;
use crate::deadlock::{OnDeadlock, TaskDump};
use crate::entry::Entry;
use crate::error::{ErrorContext, LoopError, RunError, SystemStop};
use crate::handler::{Callback, Handler, Kind, Registered, RemoteHandler, once, repeat};
use crate::liveness::KeepAlive;
use crate::loop_id::LoopId;
use crate::main_future::MainFuture;
use crate::metrics::Metrics;
use crate::registration::Direction;
use crate::remote::LoopRemote;
use crate::timers::Alarm;
use crate::turn::{has_work, turn};
use crate::virtual_time::VirtualTime;
use crate::watchers::{Place, Watcher};

/// One event loop of one thread.
///
/// It runs callbacks, timers, descriptor watchers, signal handlers and tasks in the order in which
/// they became ready, one at a time. A thread has at most one; this value is a handle to it and can
/// be cloned, but not sent: other threads use [`EventLoop::remote`].
///
/// A loop is alive while its queue holds something, a timer runs, a descriptor is watched or waited
/// for, a blocking job is out, or somebody holds a [`KeepAlive`]. Signal handlers and parked tasks
/// do not keep it alive.
///
/// A loop belongs to the process that made it. In the child of a fork it answers with
/// [`LoopError::Forked`], nothing that it holds runs or is dropped, and the thread may make a new
/// one. A child that only executes another program leaves no trace.
#[derive(Clone)]
pub struct EventLoop {
    core: Rc<Core>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunReport {
    /// Tasks that have not ended. Nothing that the loop knows of will wake them.
    pub parked_tasks: usize,
    /// Whether `stop` ended the run; otherwise nothing was alive any more.
    pub stopped: bool,
}

/// What a single turn has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnOutcome {
    /// The loop is alive: there will be more to do.
    Alive,
    /// Nothing keeps the loop alive.
    Idle,
    /// `stop` was called; further turns run what was queued later.
    Stopped,
}

/// Making, finding and ending loops.
impl EventLoop {
    /// Makes the loop of this thread.
    ///
    /// # Errors
    ///
    /// [`LoopError::AlreadyExists`] while this thread has one; [`LoopError::Os`] if the system has
    /// no descriptors left.
    pub fn new() -> Result<Self, LoopError> {
        Builder::new().build()
    }

    /// Makes the loop of this thread with options.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The loop of this thread. On the main thread one is made if there is none.
    ///
    /// The threads that a test harness runs tests on are not the main thread.
    ///
    /// # Errors
    ///
    /// [`LoopError::NoLoop`] on another thread that has none.
    pub fn current() -> Result<Self, LoopError> {
        current::core_or_new().map(Self::from_core)
    }

    /// The loop of this thread, if it has one.
    pub fn try_current() -> Option<Self> {
        current::core().map(Self::from_core)
    }

    /// Ends the loop: closes its timers, watchers, signal handlers and threads, drops callbacks
    /// unrun, and drops the futures of all tasks. The thread may then make another.
    ///
    /// Destructors run on this thread, with the loop still current. They may use it; what they
    /// schedule is dropped. A blocking job that is running ends on its own; its result is lost.
    ///
    /// # Errors
    ///
    /// [`LoopError::AlreadyRunning`] from inside the loop, [`LoopError::Closed`] the second time,
    /// [`LoopError::Forked`] in the child of a fork, which leaves all that the loop holds as it is.
    pub fn destroy(&self) -> Result<(), LoopError> {
        self.core.check_process()?;
        match self.core.phase() {
            Phase::Running => Err(LoopError::AlreadyRunning),
            Phase::Closing | Phase::Destroyed => Err(LoopError::Closed),
            Phase::Created | Phase::Idle | Phase::Ended => {
                self.core.close();
                Ok(())
            },
        }
    }

    pub(crate) const fn from_core(core: Rc<Core>) -> Self {
        Self { core }
    }

    pub(crate) const fn core(&self) -> &Rc<Core> {
        &self.core
    }

    pub(crate) fn into_core(self) -> Rc<Core> {
        self.core
    }
}

/// Callbacks and timers.
///
/// # Panics
///
/// The methods that take a callback panic if the loop is destroyed, and in the child of a fork.
impl EventLoop {
    /// Queues `f` behind everything that is queued. It runs once, after this call has returned.
    #[track_caller]
    pub fn call_soon(&self, f: impl FnOnce() + 'static) -> Handler {
        let callback = self.register(once(f));
        if self.core.takes_callbacks() {
            self.core.push(Entry::Call(Rc::clone(&callback)));
        } else {
            callback.revoke();
        }
        Handler(callback)
    }

    /// Runs `f` once, when `delay` is over. Never early. Zero and negative delays are
    /// [`EventLoop::call_soon`].
    #[track_caller]
    pub fn call_later(&self, delay: impl Into<Delay>, f: impl FnOnce() + 'static) -> Handler {
        match delay.into().length() {
            Some(length) if !length.is_zero() => self.set_timer(self.time() + length, f),
            _ => self.call_soon(f),
        }
    }

    /// Runs `f` once, at `when`. A moment that is not in the future is [`EventLoop::call_soon`].
    #[track_caller]
    pub fn call_at(&self, when: LoopTime, f: impl FnOnce() + 'static) -> Handler {
        if when > self.time() { self.set_timer(when, f) } else { self.call_soon(f) }
    }

    #[track_caller]
    fn set_timer(&self, when: LoopTime, f: impl FnOnce() + 'static) -> Handler {
        let callback = self.register(once(f));
        if self.core.takes_callbacks() {
            let key = self.core.timers().insert(when, Alarm::Call(Rc::clone(&callback)));
            callback.set_kind(Kind::Timer { key, when });
        } else {
            callback.revoke();
        }
        Handler(callback)
    }

    #[track_caller]
    fn register(&self, callback: impl Callback + 'static) -> Rc<Registered> {
        Rc::new(Registered::new(&self.core, Location::caller(), callback))
    }

    /// As [`LoopRemote::call_from_thread`]. It may be called on the loop's own thread too.
    ///
    /// # Errors
    ///
    /// [`LoopError::Closed`] if the loop is destroyed.
    #[track_caller]
    pub fn call_from_thread(
        &self,
        f: impl FnOnce() + Send + 'static,
    ) -> Result<RemoteHandler, LoopError> {
        self.remote().call_from_thread(f)
    }

    /// The part of this loop that other threads may hold.
    pub fn remote(&self) -> LoopRemote {
        self.core.remote()
    }

    /// The present moment on the loop's monotonic clock, read afresh.
    pub fn time(&self) -> LoopTime {
        self.core.now()
    }
}

/// Descriptors.
impl EventLoop {
    /// Calls `f` in every turn in which `fd` is readable, until it is removed. Errors and hang-ups
    /// count as readable and as writable: the next call on the descriptor tells.
    ///
    /// Keeps the loop alive. The descriptor must stay open until the reader is removed.
    ///
    /// # Errors
    ///
    /// [`LoopError::Busy`] if `fd` has a reader or belongs to a stream; [`LoopError::BadDescriptor`];
    /// [`LoopError::NotPollable`] for regular files; [`LoopError::Closed`]; [`LoopError::Os`].
    #[track_caller]
    pub fn add_reader(
        &self,
        fd: impl AsRawFd,
        f: impl FnMut() + 'static,
    ) -> Result<Handler, LoopError> {
        self.watch(fd.as_raw_fd(), Direction::Read, self.register(repeat(f)))
    }

    /// Calls `f` in every turn in which `fd` is writable, as [`EventLoop::add_reader`] does for
    /// reading. A socket with nothing to send is writable all the time.
    ///
    /// # Errors
    ///
    /// As [`EventLoop::add_reader`].
    #[track_caller]
    pub fn add_writer(
        &self,
        fd: impl AsRawFd,
        f: impl FnMut() + 'static,
    ) -> Result<Handler, LoopError> {
        self.watch(fd.as_raw_fd(), Direction::Write, self.register(repeat(f)))
    }

    fn watch(
        &self,
        fd: RawFd,
        direction: Direction,
        callback: Rc<Registered>,
    ) -> Result<Handler, LoopError> {
        self.check_open()?;
        let watched = self.core.sources().watch(fd, direction, &callback);
        self.core.revoke_stale();
        let key = watched?;
        callback.set_kind(Kind::Descriptor { key, direction });
        Ok(Handler(callback))
    }

    /// Removes the reader of `fd`, also one that is queued to run. False if there was none. The
    /// descriptor may have been closed before.
    pub fn remove_reader(&self, fd: impl AsRawFd) -> bool {
        self.remove_watcher(fd.as_raw_fd(), Direction::Read)
    }

    /// As [`EventLoop::remove_reader`], for the writer.
    pub fn remove_writer(&self, fd: impl AsRawFd) -> bool {
        self.remove_watcher(fd.as_raw_fd(), Direction::Write)
    }

    fn remove_watcher(&self, fd: RawFd, direction: Direction) -> bool {
        let mut sources = self.core.sources();
        let callback = sources.watch_of(fd).and_then(|key| sources.unwatch(key, direction));
        drop(sources);
        let removed = callback.is_some();
        callback.into_iter().for_each(|callback| callback.revoke());
        removed
    }

    fn check_open(&self) -> Result<(), LoopError> {
        self.core.check_process()?;
        if self.core.is_closed() { Err(LoopError::Closed) } else { Ok(()) }
    }
}

/// Signals.
impl EventLoop {
    /// Calls `f` on the loop's thread for every delivery of the signal that the process sees.
    ///
    /// Several handlers of a signal run in the order they were added; loops of other threads may
    /// have their own. Does not keep the loop alive. The first handler of the process replaces what
    /// the signal did; when the last is removed that is restored. While handlers come and go, other
    /// users of `signal-hook-registry` in the process do not hear of the signal when there is none.
    ///
    /// # Errors
    ///
    /// [`LoopError::InvalidSignal`]; [`LoopError::UncatchableSignal`] for SIGKILL, SIGSTOP and the
    /// signals of faults; [`LoopError::Closed`]; [`LoopError::Os`] if the system refuses.
    #[track_caller]
    pub fn add_signal_handler(
        &self,
        signum: i32,
        f: impl FnMut() + 'static,
    ) -> Result<Handler, LoopError> {
        self.check_open()?;
        let handler = self.register(repeat(f));
        handler.set_kind(Kind::Signal { signum });
        self.core.signals().add(signum, self.core.shared(), &handler)?;
        Ok(Handler(handler))
    }

    /// Removes all handlers that this loop has for the signal, also those queued to run. False if
    /// there were none.
    ///
    /// # Errors
    ///
    /// [`LoopError::InvalidSignal`] and [`LoopError::UncatchableSignal`].
    pub fn remove_signal_handler(&self, signum: i32) -> Result<bool, LoopError> {
        let handlers = self.core.signals().remove(signum)?;
        self.core.revoke_all(&handlers);
        Ok(!handlers.is_empty())
    }
}

/// Running and stopping.
impl EventLoop {
    /// Runs until nothing is alive, or [`EventLoop::stop`] is called. A loop runs once.
    ///
    /// # Errors
    ///
    /// [`LoopError::InsideLoop`] from a task or callback of this loop, [`LoopError::Ended`] the
    /// second time, [`LoopError::Closed`]; [`RunError::System`] after [`EventLoop::stop_with`];
    /// [`LoopError::Os`] if the poller fails.
    pub fn run(&self) -> Result<RunReport, RunError> {
        self.run_while(Core::is_alive)
    }

    /// Runs until [`EventLoop::stop`] is called. A loop runs once.
    ///
    /// # Errors
    ///
    /// As [`EventLoop::run`].
    pub fn run_forever(&self) -> Result<RunReport, RunError> {
        self.run_while(|_| true)
    }

    fn run_while(&self, keep_on: impl Fn(&Core) -> bool) -> Result<RunReport, RunError> {
        let core = &self.core;
        let running = core.enter(Phase::Ended)?;
        while keep_on(core) && !core.is_stopped() {
            turn(core, None, false, &mut |_| false)?;
        }
        core.check_process()?;
        let stopped = core.is_stopping();
        drop(running);
        self.finish(stopped)
    }

    pub(crate) fn finish(&self, stopped: bool) -> Result<RunReport, RunError> {
        match self.core.take_system_stop() {
            Some(stop) => Err(RunError::System(stop)),
            None => Ok(RunReport { parked_tasks: self.core.live_tasks(), stopped }),
        }
    }

    /// Runs until `future` is done, and gives its output. It may be called several times, before
    /// and after [`EventLoop::run`].
    ///
    /// The future waits in the queue for its first poll, behind what was queued before. It need not
    /// be `'static`. It waits even when nothing is alive: another thread may hold its waker. Debug
    /// builds, and those run with `EVERGREEN_DEBUG=1`, then print once which tasks are parked.
    ///
    /// # Errors
    ///
    /// [`RunError::Stopped`] and [`RunError::System`] if the loop is stopped first;
    /// [`LoopError::InsideLoop`], [`LoopError::Closed`], [`LoopError::Os`].
    #[track_caller]
    pub fn run_until<F: Future>(&self, future: F) -> Result<F::Output, RunError> {
        self.run_main(future, OnDeadlock::of_block_on())
    }

    #[track_caller]
    fn run_main<F: Future>(
        &self,
        future: F,
        mut on_deadlock: OnDeadlock,
    ) -> Result<F::Output, RunError> {
        let core = &self.core;
        let running = core.enter(Phase::Idle)?;
        let future = pin!(future);
        let mut main = MainFuture::queue(core, future, Location::caller());
        while main.output.is_none() && !core.is_stopped() {
            on_deadlock.check(core, main.place)?;
            turn(core, None, false, &mut |wait| main.poll(wait))?;
        }
        let stopped = core.is_stopping();
        drop(running);
        self.finish(stopped)?;
        main.output.ok_or(RunError::Stopped)
    }

    /// As [`EventLoop::run_until`], for programs that do not expect it to fail.
    ///
    /// # Panics
    ///
    /// Where [`EventLoop::run_until`] gives an error: inside a task or callback, if the loop is
    /// stopped before the future is done, and if it is destroyed. A panic of the future is passed
    /// on.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match self.run_until(future) {
            Ok(output) => output,
            Err(error) => panic!("block_on failed: {error}"),
        }
    }

    /// As [`EventLoop::run_until`], but gives up as soon as nothing is alive and the future still
    /// waits, as gevent does: what it waits for can come from nowhere.
    ///
    /// The loop cannot see a thread that is going to call, nor whether a signal is going to come.
    /// Who waits for one of them holds a [`KeepAlive`]. The loop can be used afterwards; so can the
    /// tasks that are parked.
    ///
    /// # Errors
    ///
    /// [`RunError::Exit`] when nothing is alive, and otherwise as [`EventLoop::run_until`].
    ///
    /// # Examples
    ///
    /// ```
    /// use evergreen_loop::{EventLoop, RunError};
    ///
    /// let event_loop = EventLoop::new()?;
    /// let ended = event_loop.try_block_on(std::future::pending::<()>());
    /// assert!(matches!(ended, Err(RunError::Exit(_))));
    /// assert_eq!(event_loop.try_block_on(async { 42 })?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn try_block_on<F: Future>(&self, future: F) -> Result<F::Output, RunError> {
        self.run_main(future, OnDeadlock::Exit)
    }

    /// Runs one turn, for a foreign loop that hosts this one. It sleeps no longer than `timeout`;
    /// `None` is for as long as there is nothing to do.
    ///
    /// The host watches the loop's descriptor ([`AsFd`]) for readability and
    /// [`EventLoop::next_deadline`] for time, and calls this when either says so. Between two turns
    /// calls from other threads and signals make the descriptor readable.
    ///
    /// In virtual time `timeout` is a length of virtual time: time moves on to the next timer, but
    /// no farther than that, so that a turn of [`Duration::ZERO`] leaves it where it is. While it is
    /// frozen, the turn sleeps no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`LoopError::InsideLoop`], [`LoopError::Closed`], [`LoopError::Os`]; [`RunError::System`]
    /// after [`EventLoop::stop_with`].
    ///
    /// # Examples
    ///
    /// ```
    /// use evergreen_loop::{EventLoop, TurnOutcome};
    /// use std::time::Duration;
    ///
    /// let event_loop = EventLoop::new()?;
    /// event_loop.call_soon(|| println!("a turn"));
    /// assert_eq!(event_loop.turn(Some(Duration::ZERO))?, TurnOutcome::Idle);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn turn(&self, timeout: Option<Duration>) -> Result<TurnOutcome, RunError> {
        let core = &self.core;
        let running = core.enter(Phase::Idle)?;
        turn(core, timeout, true, &mut |_| false)?;
        core.check_process()?;
        let (stopping, stopped) = (core.is_stopping(), core.is_stopped());
        drop(running);
        if stopping && !stopped {
            // The pass goes on in the next turn, and so does the stop.
            core.request_stop(None);
            return Ok(TurnOutcome::Alive);
        }
        self.finish(stopped)?;
        Ok(match (stopped, core.is_alive()) {
            (true, _) => TurnOutcome::Stopped,
            (false, true) => TurnOutcome::Alive,
            (false, false) => TurnOutcome::Idle,
        })
    }

    /// When a turn is due without any descriptor: the first timer's deadline, or now if something
    /// is queued. `None` if there is neither. In a crowd of timers it may be a little early.
    pub fn next_deadline(&self) -> Option<LoopTime> {
        let core = &self.core;
        let now = has_work(core) || core.virtual_time().is_some_and(VirtualTime::is_awaited);
        if now { Some(core.now()) } else { core.timers().next_deadline() }
    }

    /// Ends the run after the current pass: what was queued when the pass began still runs, what
    /// was queued later does not, and timers are not waited for. Does nothing after the end, or the
    /// second time.
    ///
    /// # Errors
    ///
    /// [`LoopError::NotStarted`] before the first run and between two turns or `block_on`s;
    /// [`LoopError::Closed`] after `destroy`; [`LoopError::Forked`].
    pub fn stop(&self) -> Result<(), LoopError> {
        self.stop_by(None)
    }

    /// Ends the run as [`EventLoop::stop`] does, and has it return [`RunError::System`]. All but
    /// [`SystemExit`](crate::SystemExit) are reported first. The first of several counts.
    ///
    /// # Errors
    ///
    /// As [`EventLoop::stop`].
    pub fn stop_with(&self, stop: impl Into<SystemStop>) -> Result<(), LoopError> {
        self.stop_by(Some(stop.into()))
    }

    fn stop_by(&self, stop: Option<SystemStop>) -> Result<(), LoopError> {
        self.core.check_process()?;
        match self.core.phase() {
            Phase::Created | Phase::Idle => Err(LoopError::NotStarted),
            Phase::Closing | Phase::Destroyed => Err(LoopError::Closed),
            Phase::Ended => Ok(()),
            Phase::Running => {
                self.core.request_stop(stop);
                Ok(())
            },
        }
    }

    /// Runs the loop if it was not started, as Python's `switch` does in the main context. Inside a
    /// task the same thing is `yield_now().await`.
    ///
    /// # Errors
    ///
    /// As [`EventLoop::run`]; [`LoopError::InsideLoop`] in a callback.
    pub fn switch(&self) -> Result<RunReport, RunError> {
        self.run()
    }

    /// Whether the loop runs at this moment.
    pub fn is_running(&self) -> bool {
        self.core.phase() == Phase::Running
    }

    /// Whether the loop is destroyed, being destroyed, or that of this process's parent.
    pub fn is_closed(&self) -> bool {
        self.check_open().is_err()
    }

    /// Keeps the loop alive until the token is dropped.
    pub fn keep_alive(&self) -> KeepAlive {
        KeepAlive::new(&self.core)
    }
}

/// Work that blocks.
impl EventLoop {
    /// Runs `f` on a thread of the loop's pool. The result arrives as an entry of the queue; the
    /// loop is alive until then.
    ///
    /// A panic of `f` becomes [`BlockingError::Panicked`], a pool without a thread
    /// [`BlockingError::Os`]. Dropping the job does not take it back.
    ///
    /// ```
    /// # use evergreen_loop::EventLoop;
    /// let event_loop = EventLoop::new()?;
    /// let job = event_loop.run_blocking(|| std::fs::read("/etc/hostname").map(|text| text.len()));
    /// let length = event_loop.block_on(job)?;
    /// # drop(length);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_blocking<T: Send + 'static>(
        &self,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> BlockingJob<T> {
        self.run_on(self.core.pool(), f)
    }

    /// Runs `f` on a thread of `pool`.
    pub(crate) fn run_on<T: Send + 'static>(
        &self,
        pool: &Pool,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> BlockingJob<T> {
        if self.is_closed() {
            return BlockingJob::refused(BlockingError::LoopClosed);
        }
        BlockingJob::submit(&self.core, pool, f)
            .unwrap_or_else(|error| BlockingJob::refused(BlockingError::Os(error)))
    }
}

/// Errors, hooks and counters.
impl EventLoop {
    /// Sets what is told of panics and other errors that nobody waits for. By default a line is
    /// printed to standard error.
    pub fn set_exception_handler(&self, handler: impl Fn(&ErrorContext) + 'static) {
        self.core.set_exception_handler(Some(Rc::new(handler)));
    }

    /// Goes back to the default exception handler.
    pub fn reset_exception_handler(&self) {
        self.core.set_exception_handler(None);
    }

    /// Tells the exception handler.
    pub fn call_exception_handler(&self, context: &ErrorContext) {
        self.core.report(context);
    }

    /// Calls `f` in every turn before the poll, until the watcher is dropped.
    ///
    /// # Panics
    ///
    /// If the loop is destroyed; so do [`EventLoop::check`] and [`EventLoop::idle`].
    #[track_caller]
    pub fn prepare(&self, f: impl FnMut() + 'static) -> Watcher {
        self.start_watcher(Place::Prepare, f)
    }

    /// Calls `f` in every turn after the poll, until the watcher is dropped.
    #[track_caller]
    pub fn check(&self, f: impl FnMut() + 'static) -> Watcher {
        self.start_watcher(Place::Check, f)
    }

    /// Calls `f` in every turn in which nothing else was to do, until the watcher is dropped. The
    /// loop does not sleep meanwhile.
    #[track_caller]
    pub fn idle(&self, f: impl FnMut() + 'static) -> Watcher {
        self.start_watcher(Place::Idle, f)
    }

    #[track_caller]
    fn start_watcher(&self, place: Place, f: impl FnMut() + 'static) -> Watcher {
        if self.core.takes_callbacks() {
            self.core.watchers.start(&self.core, place, f)
        } else {
            Watcher::stopped(place)
        }
    }

    /// A reading of the loop's counters.
    pub fn metrics(&self) -> Metrics {
        self.core.metrics()
    }

    /// The loop's number, by which crates that bring tasks find it from other threads.
    pub fn id(&self) -> LoopId {
        self.core.id()
    }

    /// The tasks that have been started and have not ended, a line for each: its name, what it does,
    /// for how long it is parked, how often it was polled and where it was spawned.
    pub fn dump_tasks(&self) -> impl fmt::Display {
        TaskDump(&self.core)
    }

    /// The name that the loop was given.
    pub fn name(&self) -> Option<&str> {
        self.core.name()
    }
}

/// For crates that bring tasks.
impl EventLoop {
    /// Wakes a task; if that has queued it, it has its turn now, behind `prepare`.
    #[doc(hidden)]
    pub fn run_now(&self, wake: impl FnOnce(), prepare: impl FnOnce()) {
        self.core.run_now(wake, prepare);
    }
}

/// The poller's descriptor: readable when [`EventLoop::turn`] has something to do that is not told
/// by [`EventLoop::next_deadline`].
impl AsFd for EventLoop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.core.poller_fd().expect("epoll and kqueue have a descriptor")
    }
}

impl PartialEq for EventLoop {
    /// Whether they are the same loop.
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.core, &other.core)
    }
}

impl Eq for EventLoop {}

impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoop")
            .field("name", &self.core.name())
            .field("phase", &self.core.phase())
            .finish_non_exhaustive()
    }
}
