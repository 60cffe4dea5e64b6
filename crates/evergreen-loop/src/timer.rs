//! A timer of a future, as the crates that wait with a limit hold it.

use std::fmt;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::clock::{Clock, LoopTime, MonotonicClock};
use crate::core::Core;
use crate::current;
use crate::error::LoopError;
use crate::remote::LoopRemote;
use crate::sync::{Arc, AtomicBool, Mutex, Ordering, lock};
use crate::timers::{Alarm, TimerKey};

/// Wakes whoever polls it once a moment has come. Costs nothing before it is polled, and no
/// allocation on the loop's own thread.
///
/// It may be polled and dropped on any thread; it belongs to the loop of the thread that
/// made it, or else of the one that polls it first.
pub struct Timer {
    deadline: LoopTime,
    remote: Option<LoopRemote>,
    state: State,
}

enum State {
    Idle,
    /// Made away from its loop, whose clock alone counts: `deadline` lies as far after the clock's
    /// zero as the moment will after the arrival there.
    Ahead,
    Local(TimerKey),
    Remote(Arc<RemoteWait>),
    Expired,
}

/// What a timer that is polled on another thread shares with its loop.
struct RemoteWait {
    /// The timer was [`State::Ahead`].
    ahead: bool,
    expired: AtomicBool,
    /// It is to be armed no more; the request may still be on its way.
    cancelled: AtomicBool,
    waker: Mutex<Option<Waker>>,
    /// Once the request has arrived.
    armed: Mutex<Option<(TimerKey, LoopTime)>>,
}

impl Timer {
    /// A timer for this moment.
    pub fn at(deadline: LoopTime) -> Self {
        let remote = current::core().map(|core| core.remote());
        Self { deadline, remote, state: State::Idle }
    }

    /// A timer for the moment that lies this far ahead on the clock of this thread's loop.
    pub fn after(length: Duration) -> Self {
        let Some(core) = current::core() else { return Self::at(Self::now() + length) };
        Self { deadline: core.now() + length, remote: Some(core.remote()), state: State::Idle }
    }

    /// A timer of that loop, whichever thread this is. On another one, the length counts from when
    /// the loop hears of it, and [`Timer::deadline`] does not know the moment.
    pub fn on(remote: &LoopRemote, length: Duration) -> Self {
        let (now, state) = match remote.core() {
            Some(core) => (core.now(), State::Idle),
            None => (LoopTime::default(), State::Ahead),
        };
        Self { deadline: now + length, remote: Some(remote.clone()), state }
    }

    /// The present moment on the clock of this thread's loop, or on the system's if it has none.
    pub fn now() -> LoopTime {
        current::core().map_or_else(|| MonotonicClock::new().now(), |core| core.now())
    }

    /// The moment.
    pub const fn deadline(&self) -> LoopTime {
        self.deadline
    }

    /// Whether a poll has found that the moment has come.
    pub const fn is_expired(&self) -> bool {
        matches!(self.state, State::Expired)
    }

    /// Sets it to another moment.
    pub fn reset(&mut self, deadline: LoopTime) {
        self.cancel();
        self.deadline = deadline;
    }

    /// Ready once the moment has come, never before. While its loop is being destroyed it never
    /// comes.
    ///
    /// # Panics
    ///
    /// If its loop is destroyed, or it is polled for the first time where there is no loop.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.try_poll(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(()),
            Poll::Ready(Err(error)) => panic!("{error}"),
            Poll::Pending => Poll::Pending,
        }
    }

    /// As [`Timer::poll`], with an error where that panics.
    ///
    /// # Errors
    ///
    /// [`LoopError::Closed`] or [`LoopError::NoLoop`].
    pub fn try_poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), LoopError>> {
        if self.is_expired() {
            return Poll::Ready(Ok(()));
        }
        if self.remote.is_none() {
            self.remote = Some(current::core_or_new()?.remote());
        }
        match self.remote.as_ref().and_then(LoopRemote::core) {
            Some(core) => self.poll_local(&core, cx.waker()).map(Ok),
            None => self.poll_remote(cx.waker()),
        }
    }

    fn poll_local(&mut self, core: &Core, waker: &Waker) -> Poll<()> {
        if let State::Local(key) = self.state {
            // The waker that is replaced is dropped when the wheel is no longer borrowed.
            let rewoken = core.timers().rewake(key, waker);
            let is_due = rewoken.is_err() && !core.is_closed();
            return if is_due { self.expire() } else { Poll::Pending };
        }
        if let State::Remote(wait) = &self.state {
            if wait.expired.load(Ordering::SeqCst) {
                return self.expire();
            }
            let wait = Arc::clone(wait);
            self.take_back(&wait);
        }
        if core.is_closed() {
            return Poll::Pending;
        }
        if matches!(self.state, State::Ahead) {
            self.deadline = on_arrival(core, self.deadline);
        }
        let alarm = Alarm::Wake(waker.clone());
        self.state = State::Local(core.timers().insert(self.deadline, alarm));
        Poll::Pending
    }

    /// What another thread asked for is done here from now on. If the loop has heard of it, its length
    /// is counted already.
    fn take_back(&mut self, wait: &RemoteWait) {
        let armed = *lock(&wait.armed);
        self.cancel();
        match armed {
            Some((_, deadline)) => self.deadline = deadline,
            None if wait.ahead => self.state = State::Ahead,
            None => {},
        }
    }

    fn expire(&mut self) -> Poll<()> {
        self.state = State::Expired;
        Poll::Ready(())
    }

    /// On another thread: the loop arms the timer for us, and its alarm sets a flag.
    fn poll_remote(&mut self, waker: &Waker) -> Poll<Result<(), LoopError>> {
        if let Some(remote) = &self.remote {
            remote.check()?;
        }
        if let State::Remote(wait) = &self.state {
            let former = lock(&wait.waker).replace(waker.clone());
            drop(former);
            let expired = wait.expired.load(Ordering::SeqCst);
            return if expired { self.expire().map(Ok) } else { Poll::Pending };
        }
        let ahead = matches!(self.state, State::Ahead);
        self.cancel();
        let wait = Arc::new(RemoteWait::new(ahead, waker));
        let (on_loop, deadline) = (Arc::clone(&wait), self.deadline);
        let mut arming = Arming(Some(on_loop));
        self.state = State::Remote(wait);
        self.on_loop(move |core| arming.arm(core, deadline));
        Poll::Pending
    }

    /// Takes it out of the wheel, wherever this is.
    fn cancel(&mut self) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle | State::Ahead | State::Expired => {},
            State::Local(key) => self.on_loop(move |core| drop(core.cancel_timer(key))),
            State::Remote(wait) => {
                wait.cancelled.store(true, Ordering::SeqCst);
                self.on_loop(move |core| {
                    let armed = lock(&wait.armed).take();
                    drop(armed.and_then(|(key, _)| core.cancel_timer(key)));
                });
            },
        }
    }

    fn on_loop(&self, work: impl FnOnce(&Rc<Core>) + Send + 'static) {
        if let Some(remote) = &self.remote {
            remote.on_loop(work);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// The moment of a timer that was [`State::Ahead`].
fn on_arrival(core: &Core, deadline: LoopTime) -> LoopTime {
    core.now() + (deadline - LoopTime::default())
}

/// A request to arm a timer, on its way to the loop. If it does not arrive, whoever waits is woken
/// to find the loop closed.
struct Arming(Option<Arc<RemoteWait>>);

impl Arming {
    fn arm(&mut self, core: &Core, deadline: LoopTime) {
        let Some(wait) = self.0.take() else { return };
        if wait.cancelled.load(Ordering::SeqCst) {
            return;
        }
        let deadline = if wait.ahead { on_arrival(core, deadline) } else { deadline };
        let alarm = Alarm::Wake(Waker::from(Arc::clone(&wait)));
        let key = core.timers().insert(deadline, alarm);
        *lock(&wait.armed) = Some((key, deadline));
    }
}

impl Drop for Arming {
    fn drop(&mut self) {
        if let Some(wait) = self.0.take() {
            Waker::from(wait).wake();
        }
    }
}

impl RemoteWait {
    fn new(ahead: bool, waker: &Waker) -> Self {
        Self {
            ahead,
            expired: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            waker: Mutex::new(Some(waker.clone())),
            armed: Mutex::new(None),
        }
    }
}

impl std::task::Wake for RemoteWait {
    fn wake(self: Arc<Self>) {
        self.expired.store(true, Ordering::SeqCst);
        let waker = lock(&self.waker).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer")
            .field("deadline", &self.deadline)
            .field("expired", &self.is_expired())
            .finish_non_exhaustive()
    }
}
