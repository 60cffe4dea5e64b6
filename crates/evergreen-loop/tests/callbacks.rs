//! Callbacks, what they may do to one another, and the handlers that cancel them.

mod common;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use common::{MILLISECOND, OnDrop, Trace, manual_loop, turn};
use evergreen_loop::{EventLoop, Handler, LoopTime, TurnOutcome};

/// A place for the handler of the callback that is made next.
type Place = Rc<RefCell<Option<Handler>>>;

fn cancel(place: &Place) {
    let handler = place.borrow().clone();
    handler.expect("a handler").cancel();
}

// EV-LOOP-04
#[test]
fn a_callback_runs_once_and_never_inside_the_call_that_queues_it() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    trace.note("before");
    event_loop.call_soon(trace.noting("callback"));
    trace.note("after");
    assert_eq!(turn(&event_loop), TurnOutcome::Idle);
    assert_eq!(turn(&event_loop), TurnOutcome::Idle);
    assert_eq!(trace.take(), ["before", "after", "callback"]);
}

// EV-LOOP-04
#[test]
fn a_callback_queued_during_a_pass_runs_after_the_rest_of_it() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    for name in ["1", "2", "3"] {
        let (inner, trace) = (event_loop.clone(), trace.clone());
        event_loop.call_soon(move || {
            trace.note(name);
            inner.call_soon(trace.noting(name));
        });
    }
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["1", "2", "3", "1", "2", "3"]);
}

// EV-LOOP-05: in Python such a call is lost.
#[test]
fn a_call_from_a_thread_before_the_run_keeps_the_loop_alive() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let (remote, on_thread) = (event_loop.remote(), trace.clone());
    let thread = std::thread::spawn(move || {
        remote.call_from_thread(on_thread.noting("from a thread")).unwrap();
    });
    thread.join().unwrap();
    event_loop.call_from_thread(trace.noting("from our own")).unwrap();
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["from a thread", "from our own"]);
}

// EV-LOOP-05, EV-HND-06
#[test]
fn a_remote_handler_cancels_from_another_thread_and_drops_the_captures_there() {
    let event_loop = EventLoop::new().unwrap();
    let (dropped_on, drops) = std::sync::mpsc::channel();
    let captured = OnDrop::new(move || dropped_on.send(std::thread::current().id()).unwrap());
    let cancelled = event_loop.call_from_thread(move || drop(captured)).unwrap();
    let thread = std::thread::spawn(move || {
        cancelled.clone().cancel();
        cancelled.cancel();
        std::thread::current().id()
    });
    assert_eq!(thread.join().unwrap(), drops.try_recv().unwrap());
    event_loop.run().unwrap();
    assert!(drops.try_recv().is_err());
}

// EV-LOOP-06: expiry puts the callback into the queue, it does not run it.
#[test]
fn an_expired_timer_can_be_cancelled_before_its_turn() {
    let (event_loop, clock) = manual_loop();
    let trace = Trace::new().of_errors(&event_loop);
    let place = Place::default();
    let (cancelled, first) = (Rc::clone(&place), trace.clone());
    event_loop.call_later(MILLISECOND, move || {
        first.note("first");
        cancel(&cancelled);
    });
    *place.borrow_mut() = Some(event_loop.call_later(MILLISECOND, trace.noting("second")));
    event_loop.call_later(MILLISECOND * 2, trace.noting("third"));
    clock.advance(MILLISECOND * 2);
    event_loop.call_soon(trace.noting("queued before"));
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["queued before", "first", "third"]);
}

// EV-LOOP-07, EV-LOOP-08
#[test]
fn call_at_and_time_use_the_same_clock_and_the_call_is_never_early() {
    let event_loop = EventLoop::new().unwrap();
    let when = event_loop.time() + MILLISECOND * 3;
    let seen = Rc::new(Cell::new(LoopTime::from_nanos(0)));
    let (inner, on_call) = (event_loop.clone(), Rc::clone(&seen));
    let handler = event_loop.call_at(when, move || on_call.set(inner.time()));
    assert_eq!(handler.when(), Some(when));
    event_loop.run().unwrap();
    assert!(seen.get() >= when);
    let readings: Vec<LoopTime> = (0..1_000).map(|_| event_loop.time()).collect();
    assert!(readings.is_sorted());
    assert!(event_loop.time().as_secs_f64() >= seen.get().as_secs_f64());
}

// EV-HND-01, EV-HND-02
#[test]
fn an_entry_cancelled_by_an_earlier_one_of_its_pass_does_not_run() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let place = Place::default();
    let (cancelled, first) = (Rc::clone(&place), trace.clone());
    event_loop.call_soon(move || {
        first.note("first");
        cancel(&cancelled);
        cancel(&cancelled);
        first.note("cancelled twice");
    });
    let captured = trace.on_drop("captures dropped");
    let second = trace.noting("second");
    let handler = event_loop.call_soon(move || drop((captured, second)));
    *place.borrow_mut() = Some(handler.clone());
    event_loop.call_soon(trace.noting("third"));
    assert!(!handler.is_cancelled());
    event_loop.run().unwrap();
    assert!(handler.is_cancelled());
    assert_eq!(trace.take(), ["first", "captures dropped", "cancelled twice", "third"]);
}

// EV-HND-01
#[test]
fn cancelling_after_the_run_does_nothing() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let soon = event_loop.call_soon(trace.noting("soon"));
    let later = event_loop.call_later(Duration::from_nanos(1), trace.noting("later"));
    event_loop.run().unwrap();
    let hour = Duration::from_secs(3_600);
    let other = event_loop.call_later(hour, trace.noting("takes the place of the timer"));
    soon.cancel();
    later.cancel();
    assert!(!other.is_cancelled());
    event_loop.run_until(std::future::ready(())).unwrap();
    assert_eq!(event_loop.metrics().timers, 1);
    assert_eq!(trace.take(), ["soon", "later"]);
}

// EV-HND-01
#[test]
fn a_cancelled_timer_lets_go_of_the_loop() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let timer = event_loop.call_later(Duration::from_secs(3_600), trace.noting("cancelled"));
    assert_eq!(event_loop.metrics().timers, 1);
    event_loop.call_soon(move || timer.cancel());
    let report = event_loop.run().unwrap();
    assert!(!report.stopped);
    assert_eq!(event_loop.metrics().timers, 0);
    assert!(trace.take().is_empty());
}

// EV-HND-03
#[test]
fn a_callback_may_cancel_its_own_handler_while_it_runs() {
    let (event_loop, clock) = manual_loop();
    let trace = Trace::new().of_errors(&event_loop);
    let schedule = |name: &'static str, how: fn(&EventLoop, Box<dyn FnOnce()>) -> Handler| {
        let place = Place::default();
        let (own, trace, captured) = (Rc::clone(&place), trace.clone(), trace.on_drop(name));
        let callback = move || {
            cancel(&own);
            trace.note("still runs");
            drop(captured);
        };
        *place.borrow_mut() = Some(how(&event_loop, Box::new(callback)));
    };
    schedule("soon dropped", |event_loop, f| event_loop.call_soon(f));
    schedule("timer dropped", |event_loop, f| event_loop.call_later(MILLISECOND, f));
    clock.advance(MILLISECOND);
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["still runs", "soon dropped", "still runs", "timer dropped"]);
}

// EV-HND-01
#[test]
fn dropping_a_handler_does_not_cancel() {
    let (event_loop, clock) = manual_loop();
    let trace = Trace::new().of_errors(&event_loop);
    drop(event_loop.call_soon(trace.noting("soon")));
    drop(event_loop.call_later(MILLISECOND, trace.noting("later")));
    drop(event_loop.call_from_thread(trace.noting("remote")).unwrap());
    clock.advance(MILLISECOND);
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["soon", "remote", "later"]);
}

// EV-HND-01
#[test]
fn clones_of_a_handler_cancel_the_same_callback() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let handler = event_loop.call_soon(trace.noting("cancelled"));
    let clone = handler.clone();
    clone.cancel();
    assert!(handler.is_cancelled());
    event_loop.run().unwrap();
    assert!(trace.take().is_empty());
}

// EV-HND-06
#[test]
fn cancelling_drops_the_captures_at_once() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let schedule = |name| {
        let captured = trace.on_drop(name);
        move || drop(captured)
    };
    let soon = event_loop.call_soon(schedule("soon"));
    let later = event_loop.call_later(MILLISECOND, schedule("later"));
    let remote = event_loop.call_from_thread(schedule("remote")).unwrap();
    trace.note("scheduled");
    later.cancel();
    soon.cancel();
    remote.cancel();
    trace.note("cancelled");
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["scheduled", "later", "soon", "remote", "cancelled"]);
}

// EV-HND-06, F23: the destructor of a capture may use the loop that is cancelling it.
#[test]
fn a_capture_that_is_dropped_by_cancel_may_use_the_loop() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let place = Place::default();
    let (inner, on_drop, own) = (event_loop.clone(), trace.clone(), Rc::clone(&place));
    let captured = OnDrop::new(move || {
        cancel(&own);
        inner.call_soon(on_drop.noting("queued by the destructor"));
        inner.call_later(MILLISECOND, || unreachable!()).cancel();
    });
    let timer = event_loop.call_later(MILLISECOND, move || drop(captured));
    *place.borrow_mut() = Some(timer.clone());
    timer.cancel();
    assert_eq!(event_loop.metrics().timers, 0);
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["queued by the destructor"]);
}

// EV-LOOP-06, EV-HND-01
#[test]
fn when_tells_the_deadline_of_timers_only() {
    let (event_loop, clock) = manual_loop();
    clock.advance(Duration::from_secs(10));
    let timer = event_loop.call_later(0.5, || ());
    assert_eq!(timer.when(), Some(LoopTime::from_nanos(10_500_000_000)));
    assert_eq!(event_loop.call_soon(|| ()).when(), None);
    assert_eq!(event_loop.call_later(0.0, || ()).when(), None);
    timer.cancel();
    assert_eq!(timer.when(), Some(LoopTime::from_nanos(10_500_000_000)));
    event_loop.destroy().unwrap();
}

// EV-LOOP-21
#[test]
fn a_destroyed_loop_takes_no_callback_and_says_why() {
    let event_loop = EventLoop::new().unwrap();
    event_loop.destroy().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let refused = [
        catch_unwind(AssertUnwindSafe(|| drop(event_loop.call_soon(|| ())))),
        catch_unwind(AssertUnwindSafe(|| drop(event_loop.call_later(MILLISECOND, || ())))),
        catch_unwind(AssertUnwindSafe(|| drop(event_loop.call_at(LoopTime::MAX, || ())))),
    ];
    for panic in refused {
        let payload = panic.unwrap_err();
        trace.note(payload.downcast_ref::<String>().expect("a text").as_str());
    }
    assert_eq!(trace.take(), ["the event loop is destroyed"; 3]);
}
