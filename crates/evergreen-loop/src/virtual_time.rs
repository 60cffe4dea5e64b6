//! Time that stands still while anything runs, and jumps when there is nothing left to do.
//!
//! A moment is *quiet* when the queue and the inbox are empty, no timer is due, and the poller,
//! asked without waiting, has found nothing. Only then does time move, and only to the first of what
//! waits for it: a timer, or somebody who called for a moment with [`TimeControl::quiet_at`].

use std::cell::{Cell, RefCell};
use std::fmt;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::clock::LoopTime;
use crate::core::Core;
use crate::error::LoopError;
use crate::event_loop::EventLoop;
use crate::metrics::add_time;
use crate::turn::{self, Wait};

/// The clock of a loop with virtual time, and who waits for a quiet moment.
#[derive(Default)]
pub(crate) struct VirtualTime {
    now: Cell<LoopTime>,
    waits: RefCell<Vec<QuietWait>>,
    waits_made: Cell<u64>,
}

struct QuietWait {
    moment: LoopTime,
    number: u64,
    waker: Waker,
}

impl VirtualTime {
    pub(crate) fn now(&self) -> LoopTime {
        self.now.get()
    }

    /// Whether somebody waits for a quiet moment.
    pub(crate) fn is_awaited(&self) -> bool {
        !self.waits.borrow().is_empty()
    }

    /// Takes out all who wait, for the end of the loop.
    pub(crate) fn clear(&self) -> impl Iterator<Item = Waker> + use<> {
        self.waits.take().into_iter().map(|wait| wait.waker)
    }

    fn enter(&self, moment: LoopTime, waker: &Waker) -> u64 {
        let number = self.waits_made.get() + 1;
        self.waits_made.set(number);
        self.waits.borrow_mut().push(QuietWait { moment, number, waker: waker.clone() });
        number
    }

    /// Has a wait wake `waker`; gives the one it replaces back, to be dropped by the caller. An
    /// error says that the wait is over.
    fn rewake(&self, number: u64, waker: &Waker) -> Result<Option<Waker>, ()> {
        let mut waits = self.waits.borrow_mut();
        let wait = waits.iter_mut().find(|wait| wait.number == number).ok_or(())?;
        let known = wait.waker.will_wake(waker);
        Ok((!known).then(|| std::mem::replace(&mut wait.waker, waker.clone())))
    }

    fn leave(&self, number: u64) -> Option<Waker> {
        let mut waits = self.waits.borrow_mut();
        let place = waits.iter().position(|wait| wait.number == number)?;
        Some(waits.remove(place).waker)
    }

    /// The moment that is waited for first, and the number of the wait.
    fn first_wait(&self) -> Option<(LoopTime, u64)> {
        self.waits.borrow().iter().map(|wait| (wait.moment, wait.number)).min()
    }

    /// Ends the first wait whose moment has come. One at a time: what it starts is to be over before
    /// the next is told that all is quiet.
    fn take_reached(&self) -> Option<Waker> {
        let (moment, number) = self.first_wait()?;
        if moment > self.now() { None } else { self.leave(number) }
    }
}

/// The poll of a turn under virtual time. `limit` is a length of virtual time for a hosted turn, and
/// of the system's for all others; while time is frozen it is the latter for both.
pub(crate) fn poll(
    core: &Core,
    time: &VirtualTime,
    limit: Option<Duration>,
    hosted: bool,
) -> Result<Option<LoopTime>, LoopError> {
    turn::poll(core, Wait::No, hosted)?;
    let first = core.timers().next_deadline();
    let is_due = first.is_some_and(|first| first <= time.now());
    if is_due || turn::has_work(core) || core.sources().has_found() {
        return Ok(None);
    }
    if let Some(waker) = time.take_reached() {
        core.wake_all([waker]);
        return Ok(None);
    }
    let within = limit.filter(|_| hosted);
    match next_stop(core, time, first, within) {
        Some(stop) => jump(core, time, stop),
        None if limit == Some(Duration::ZERO) => {},
        None => return turn::poll(core, limit.map_or(Wait::ForEver, Wait::For), hosted),
    }
    Ok(None)
}

/// Where time goes from a quiet moment, if it may move at all. Who advances it by hand moves it even
/// while it is frozen.
fn next_stop(
    core: &Core,
    time: &VirtualTime,
    first: Option<LoopTime>,
    within: Option<Duration>,
) -> Option<LoopTime> {
    let called_for = time.first_wait().map(|(moment, _)| moment);
    if called_for.is_none() && core.is_frozen() {
        return None;
    }
    // The end of time is "never": whoever sleeps until then is not to be woken.
    let timer = first.filter(|first| *first < LoopTime::MAX);
    let bound = within.map(|within| time.now() + within);
    timer.into_iter().chain(called_for).chain(bound).min()
}

fn jump(core: &Core, time: &VirtualTime, stop: LoopTime) {
    add_time(&core.counters.idle, stop - time.now());
    time.now.set(stop);
}

/// Control over the time of a loop that was built with [`virtual_time`].
///
/// [`virtual_time`]: crate::Builder::virtual_time
#[derive(Clone)]
pub struct TimeControl(Rc<Core>);

impl TimeControl {
    /// That of `event_loop`; `None` if its time is the system's.
    pub fn of(event_loop: &EventLoop) -> Option<Self> {
        let core = event_loop.clone().into_core();
        core.virtual_time().is_some().then_some(Self(core))
    }

    /// The present moment.
    pub fn now(&self) -> LoopTime {
        self.0.now()
    }

    /// Keeps time from moving by itself until the guard is dropped.
    pub fn freeze(&self) -> Freeze {
        self.0.freeze();
        Freeze(Rc::downgrade(&self.0))
    }

    /// Ready at the first quiet moment that is not before `moment`. Time stops at every deadline on
    /// the way, frozen or not, and at `moment` itself, whether or not a timer is due then.
    pub fn quiet_at(&self, moment: LoopTime) -> QuietAt {
        QuietAt { core: Rc::clone(&self.0), moment, wait: None }
    }
}

impl fmt::Debug for TimeControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeControl").field("now", &self.now()).finish_non_exhaustive()
    }
}

/// Virtual time does not move by itself while this exists.
#[must_use = "time is frozen until this is dropped"]
pub struct Freeze(Weak<Core>);

impl Drop for Freeze {
    fn drop(&mut self) {
        if let Some(core) = self.0.upgrade() {
            core.thaw();
        }
    }
}

impl fmt::Debug for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Freeze").finish_non_exhaustive()
    }
}

/// A wait for a quiet moment. Dropping it takes the wait back; time stays where it is.
#[must_use = "time is not moved unless this is awaited"]
pub struct QuietAt {
    core: Rc<Core>,
    moment: LoopTime,
    wait: Option<u64>,
}

impl QuietAt {
    fn time(&self) -> &VirtualTime {
        self.core.virtual_time().expect("made for a loop with virtual time")
    }
}

impl Future for QuietAt {
    type Output = ();

    /// # Panics
    ///
    /// If the loop is destroyed.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.core.takes_callbacks() {
            // The loop is being destroyed: there will be no quiet moment.
            return Poll::Pending;
        }
        let Some(number) = self.wait else {
            self.wait = Some(self.time().enter(self.moment, cx.waker()));
            return Poll::Pending;
        };
        match self.time().rewake(number, cx.waker()) {
            Ok(replaced) => {
                drop(replaced);
                Poll::Pending
            },
            Err(()) => Poll::Ready(()),
        }
    }
}

impl Drop for QuietAt {
    fn drop(&mut self) {
        let waker = self.wait.and_then(|number| self.time().leave(number));
        drop(waker);
    }
}

impl fmt::Debug for QuietAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuietAt").field("moment", &self.moment).finish_non_exhaustive()
    }
}
