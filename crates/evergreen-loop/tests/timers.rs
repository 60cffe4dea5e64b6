//! Timers as a program sees them.

mod common;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use common::{Trace, manual_loop, turn};
use evergreen_loop::build::Timer;
use evergreen_loop::{EventLoop, LoopTime};

// EV-LOOP-06, EV-LOOP-08
#[test]
fn a_timer_is_never_early() {
    let event_loop = EventLoop::new().unwrap();
    let late = Rc::new(RefCell::new(Vec::new()));
    for micros in [1, 50, 999, 1_000, 1_001, 1_999, 2_500, 10_000] {
        let (inner, late) = (event_loop.clone(), Rc::clone(&late));
        let delay = Duration::from_micros(micros);
        let made = event_loop.time();
        event_loop.call_later(delay, move || late.borrow_mut().push(inner.time() >= made + delay));
    }
    event_loop.run().unwrap();
    assert_eq!(*late.borrow(), [true; 8]);
}

// D-3 (6): exact deadline, then creation, whatever slot they share.
#[test]
fn timers_of_one_turn_run_by_deadline_then_by_creation() {
    let (event_loop, clock) = manual_loop();
    let trace = Rc::new(RefCell::new(Vec::new()));
    for (name, nanos) in [("b", 700), ("d", 900), ("a", 100), ("c", 700), ("e", 5_000_000)] {
        let trace = Rc::clone(&trace);
        event_loop.call_later(Duration::from_nanos(nanos), move || trace.borrow_mut().push(name));
    }
    clock.advance(Duration::from_millis(10));
    event_loop.run().unwrap();
    assert_eq!(*trace.borrow(), ["a", "b", "c", "d", "e"]);
}

// D-3 (3), F12: what is too far away for any clock is only far away.
#[test]
fn timers_centuries_ahead_hold_the_loop_and_can_be_cancelled() {
    let (event_loop, clock) = manual_loop();
    let far = event_loop.call_later(Duration::from_nanos(1 << 63), || unreachable!());
    let farthest = event_loop.call_later(Duration::MAX, || unreachable!());
    assert_eq!(far.when(), Some(LoopTime::from_nanos(1 << 63)));
    assert_eq!(farthest.when(), Some(LoopTime::MAX));
    assert_eq!(event_loop.next_deadline(), far.when());
    clock.advance(Duration::from_nanos((1 << 63) - 1));
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    assert_eq!(event_loop.metrics().timers, 2);
    far.cancel();
    assert_eq!(event_loop.next_deadline(), Some(LoopTime::MAX));
    farthest.cancel();
    event_loop.run().unwrap();
}

// EV-HND-01, F25: a cancelled timer is gone at once.
#[test]
fn cancelling_a_timer_frees_it_at_once() {
    let event_loop = EventLoop::new().unwrap();
    let captured = Rc::new(());
    let held = Rc::clone(&captured);
    let timer = event_loop.call_later(Duration::from_secs(3600), move || drop(held));
    assert_eq!(event_loop.metrics().timers, 1);
    timer.cancel();
    assert_eq!((event_loop.metrics().timers, Rc::strong_count(&captured)), (0, 1));
    timer.cancel();
    event_loop.run().unwrap();
}

/// Notes its name when it is woken, or panics if it has none.
struct Alarm(&'static str, Trace);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        match self.0 {
            "" => panic!("in a waker"),
            name => self.1.note(name),
        }
    }
}

// D-3 (6), F13: wakes and calls keep their order, whoever panics in between.
#[test]
fn a_waker_that_panics_keeps_no_timer_of_its_turn_back() {
    let (event_loop, clock) = manual_loop();
    let trace = Trace::new().of_errors(&event_loop);
    let mut timers = Vec::new();
    for (nanos, name) in [(1, "first"), (2, ""), (3, "second"), (4, ""), (6, "last")] {
        let waker = Waker::from(Arc::new(Alarm(name, trace.clone())));
        let mut timer = Timer::after(Duration::from_nanos(nanos));
        assert!(timer.poll(&mut Context::from_waker(&waker)).is_pending());
        timers.push(timer);
    }
    let called = trace.clone();
    event_loop.call_later(Duration::from_nanos(5), move || called.note("called"));
    clock.advance(Duration::from_millis(1));
    event_loop.run().unwrap();
    // A wake acts at once; a callback is an entry of the queue.
    let error = "Waker: panicked: in a waker";
    assert_eq!(trace.take(), ["first", error, "second", error, "last", "called"]);
}

// each loop has a clock of its own, as one with virtual time.
#[test]
fn a_timer_of_another_threads_loop_goes_by_that_loops_clock() {
    const LENGTH: Duration = Duration::from_millis(10);
    let (event_loop, _clock) = manual_loop();
    let remote = event_loop.remote();
    let timer = thread::spawn(move || {
        let (_here, clock) = manual_loop();
        clock.advance(Duration::from_secs(3_600));
        let mut timer = Timer::on(&remote, LENGTH);
        assert!(timer.try_poll(&mut Context::from_waker(Waker::noop())).is_pending());
        timer
    });
    let timer = timer.join().unwrap();
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    assert_eq!(event_loop.next_deadline(), Some(event_loop.time() + LENGTH));
    drop(timer);
}

// begun on another thread, it may end on the loop's own.
#[test]
fn a_timer_that_comes_to_its_loop_unpolled_goes_by_its_clock() {
    const LENGTH: Duration = Duration::from_millis(10);
    let (event_loop, _clock) = manual_loop();
    let remote = event_loop.remote();
    let mut timer = thread::spawn(move || Timer::on(&remote, LENGTH)).join().unwrap();
    assert!(timer.try_poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(event_loop.next_deadline(), Some(event_loop.time() + LENGTH));
}

// what has passed since the loop heard of it counts.
#[test]
fn a_timer_armed_from_another_thread_keeps_its_moment_when_it_comes_to_its_loop() {
    const LENGTH: Duration = Duration::from_millis(10);
    let (event_loop, clock) = manual_loop();
    let remote = event_loop.remote();
    let timer = thread::spawn(move || {
        let mut timer = Timer::on(&remote, LENGTH);
        assert!(timer.try_poll(&mut Context::from_waker(Waker::noop())).is_pending());
        timer
    });
    let mut timer = timer.join().unwrap();
    turn(&event_loop);
    let moment = event_loop.time() + LENGTH;
    clock.advance(LENGTH / 2);
    turn(&event_loop);
    assert!(timer.try_poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!((event_loop.next_deadline(), timer.deadline()), (Some(moment), moment));
}
