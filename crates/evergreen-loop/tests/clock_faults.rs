//! Clocks that jump, stall and are coarse, and delays that no clock reaches (F11, F12).

mod common;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use common::{ManualClock, Trace, manual_loop, turn, turns};
use evergreen_loop::seam::Clock;
use evergreen_loop::{EventLoop, LoopTime};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// A callback that sets itself again each second, as a naive ticker does, and notes when it ran.
fn tick(event_loop: &EventLoop, seen: &Rc<RefCell<Vec<Duration>>>) {
    let (inner, seen) = (event_loop.clone(), Rc::clone(seen));
    event_loop.call_later(SECOND, move || {
        seen.borrow_mut().push(inner.time() - LoopTime::from_nanos(0));
        tick(&inner, &seen);
    });
}

// F11: a machine that was suspended for a day, or a clock that jumped.
#[test]
fn a_clock_that_jumps_a_day_runs_each_timer_once_and_in_order() {
    let (event_loop, clock) = manual_loop();
    let (trace, seen) = (Trace::new(), Rc::default());
    for (name, hours) in [("23 h", 23), ("1 h", 1), ("25 h", 25), ("24 h", 24)] {
        event_loop.call_later(HOUR * hours, trace.noting(name));
    }
    tick(&event_loop, &seen);
    clock.advance(DAY);
    turn(&event_loop);
    trace.assert_eq(["1 h", "23 h", "24 h"]);
    // No burst of 86,400 ticks: one, and the next is a second away.
    assert_eq!(*seen.borrow(), [DAY]);
    turns(&event_loop, 10);
    assert_eq!(*seen.borrow(), [DAY]);
    assert_eq!(event_loop.next_deadline(), Some(event_loop.time() + SECOND));
    clock.advance(SECOND);
    turn(&event_loop);
    assert_eq!(*seen.borrow(), [DAY, DAY + SECOND]);
    event_loop.destroy().unwrap();
}

// F11: the thread was held up for an hour inside of a callback.
#[test]
fn an_hour_lost_in_a_callback_makes_timers_late_but_never_early_or_lost() {
    let (event_loop, clock) = manual_loop();
    let trace = Trace::new();
    let stalling = clock.clone();
    event_loop.call_soon(move || stalling.advance(HOUR));
    for (name, minutes) in [("59 min", 59), ("61 min", 61), ("60 min", 60)] {
        event_loop.call_later(SECOND * 60 * minutes, trace.noting(name));
    }
    turn(&event_loop);
    // One reading of the clock serves a turn, and that of this turn came before the stall.
    trace.assert_eq([]);
    turn(&event_loop);
    trace.assert_eq(["59 min", "60 min"]);
    clock.advance(SECOND * 60 - Duration::from_nanos(1));
    turns(&event_loop, 3);
    trace.assert_eq([]);
    clock.advance(Duration::from_nanos(1));
    turn(&event_loop);
    trace.assert_eq(["61 min"]);
    event_loop.destroy().unwrap();
}

/// Whole seconds of another clock.
struct CoarseClock(ManualClock);

impl Clock for CoarseClock {
    fn now(&self) -> LoopTime {
        let seconds = self.0.now().as_nanos() / 1_000_000_000;
        LoopTime::from_nanos(seconds * 1_000_000_000)
    }
}

// F11
#[test]
fn a_clock_of_whole_seconds_makes_no_timer_early() {
    let fine = ManualClock::default();
    let coarse = CoarseClock(fine.clone());
    let event_loop = EventLoop::builder().clock(coarse).build().unwrap();
    let trace = Trace::new();
    event_loop.call_later(Duration::from_millis(1500), trace.noting("1.5 s"));
    event_loop.call_later(Duration::from_millis(1), trace.noting("1 ms"));
    event_loop.call_later(SECOND, trace.noting("1 s"));
    fine.advance(Duration::from_millis(999));
    turns(&event_loop, 3);
    trace.assert_eq([]);
    fine.advance(Duration::from_millis(1));
    turn(&event_loop);
    trace.assert_eq(["1 ms", "1 s"]);
    fine.advance(Duration::from_millis(999));
    turns(&event_loop, 3);
    trace.assert_eq([]);
    fine.advance(Duration::from_millis(1));
    turn(&event_loop);
    trace.assert_eq(["1.5 s"]);
    event_loop.destroy().unwrap();
}

/// A clock that stands still for some readings and then jumps: as one that is suspended.
struct SuspendedClock {
    readings: Cell<u32>,
}

impl Clock for SuspendedClock {
    fn now(&self) -> LoopTime {
        self.readings.set(self.readings.get() + 1);
        LoopTime::from_nanos(0) + HOUR * (self.readings.get() / 50)
    }
}

// F11
#[test]
fn a_suspended_clock_holds_timers_until_it_goes_on() {
    let clock = SuspendedClock { readings: Cell::new(0) };
    let event_loop = EventLoop::builder().clock(clock).build().unwrap();
    let trace = Trace::new();
    let times = Rc::new(RefCell::new(Vec::new()));
    for minutes in [30, 1, 59] {
        let (noting, inner, times) = (trace.clone(), event_loop.clone(), Rc::clone(&times));
        event_loop.call_later(SECOND * 60 * minutes, move || {
            times.borrow_mut().push(inner.time());
            noting.note(minutes);
        });
    }
    // It looks at the clock a few times a turn, and sleeps a moment for each limit.
    while event_loop.metrics().timers > 0 {
        event_loop.turn(Some(Duration::from_micros(10))).unwrap();
    }
    trace.assert_eq(["1", "30", "59"]);
    assert!(times.borrow().iter().all(|time| *time == LoopTime::from_nanos(0) + HOUR));
    assert!(times.borrow().is_sorted());
    event_loop.destroy().unwrap();
}

// F12: a million timers at one deadline run in the order in which they were made.
#[test]
fn a_million_timers_at_one_deadline_run_in_creation_order() {
    const TIMERS: u32 = 1_000_000;
    let event_loop = EventLoop::builder().virtual_time().build().unwrap();
    let next = Rc::new(Cell::new(0));
    let when = event_loop.time() + HOUR;
    for number in 0..TIMERS {
        let next = Rc::clone(&next);
        event_loop.call_at(when, move || {
            assert_eq!(next.get(), number);
            next.set(number + 1);
        });
    }
    event_loop.run().unwrap();
    assert_eq!(next.get(), TIMERS);
    assert_eq!(event_loop.time(), when);
    event_loop.destroy().unwrap();
}

// F12, D-11: no delay overflows, and none that is positive is run at once.
#[test]
fn delays_of_any_size_are_kept() {
    let event_loop = EventLoop::builder().virtual_time().build().unwrap();
    let trace = Trace::new();
    event_loop.call_later(1.0, || ());
    event_loop.run_until(std::future::ready(())).unwrap();
    for (name, nanos) in [("2^63", 1 << 63), ("2^63 - 1", (1 << 63) - 1), ("1", 1), ("0", 0)] {
        event_loop.call_later(Duration::from_nanos(nanos), trace.noting(name));
    }
    event_loop.call_later(-1.0, trace.noting("-1"));
    let farthest = event_loop.call_later(f64::INFINITY, || unreachable!());
    let beyond = event_loop.call_later(Duration::from_nanos(u64::MAX), || unreachable!());
    assert_eq!((farthest.when(), beyond.when()), (Some(LoopTime::MAX), Some(LoopTime::MAX)));
    while event_loop.metrics().timers > 2 {
        event_loop.turn(None).unwrap();
    }
    trace.assert_eq(["0", "-1", "1", "2^63 - 1", "2^63"]);
    farthest.cancel();
    beyond.cancel();
    event_loop.run().unwrap();
    event_loop.destroy().unwrap();
}
