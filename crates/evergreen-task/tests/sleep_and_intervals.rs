//! Sleeping, and ticks at regular times.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use common::{TestLoop, Trace, Wakes, poll_once, polled};
use evergreen_loop::seam::Clock;
use evergreen_loop::{EventLoop, LoopTime};
use evergreen_task::{
    Interval, MissedTickBehavior, Sleep, interval, interval_at, sleep, sleep_until, spawn,
};

const MS: Duration = Duration::from_millis(1);

/// A clock that the test moves.
#[derive(Clone, Default)]
struct HandClock(Rc<Cell<u64>>);

impl HandClock {
    fn advance(&self, length: Duration) {
        self.0.set(self.0.get() + u64::try_from(length.as_nanos()).expect("short"));
    }
}

impl Clock for HandClock {
    fn now(&self) -> LoopTime {
        LoopTime::from_nanos(self.0.get())
    }
}

fn on_hand_clock() -> (TestLoop, HandClock) {
    let clock = HandClock::default();
    let event_loop = EventLoop::builder().clock(clock.clone()).build().unwrap();
    (TestLoop::of(event_loop), clock)
}

fn at(milliseconds: u64) -> LoopTime {
    LoopTime::from_nanos(milliseconds * 1_000_000)
}

// EV-TASK-22
#[test]
fn a_sleep_is_never_too_short() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for length in [Duration::from_nanos(1), Duration::from_micros(300), 3 * MS] {
            let before = event_loop.time();
            sleep(length).await;
            assert!(event_loop.time() - before >= length, "{length:?}");
        }
    });
}

// EV-TASK-22, R-4: on a clock that stands still at the last nanosecond.
#[test]
fn a_sleep_ends_at_its_deadline_and_not_a_nanosecond_before() {
    let (event_loop, clock) = on_hand_clock();
    let (wakes, waker) = Wakes::new();
    let mut slept = sleep(3 * MS);
    assert_eq!(slept.deadline(), Some(at(3)));
    assert!(Pin::new(&mut slept).poll(&mut Context::from_waker(&waker)).is_pending());
    clock.advance(3 * MS - Duration::from_nanos(1));
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    assert_eq!(wakes.count(), 0);
    assert!(poll_once(&mut slept).is_pending());
    assert!(Pin::new(&mut slept).poll(&mut Context::from_waker(&waker)).is_pending());
    clock.advance(Duration::from_nanos(1));
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    assert_eq!(wakes.count(), 1);
    assert!(poll_once(&mut slept).is_ready());
    assert_eq!(event_loop.metrics().timers, 0);
}

// counted from the call, not from the first poll.
#[test]
fn a_sleep_is_counted_from_the_call() {
    let (event_loop, clock) = on_hand_clock();
    let mut slept = sleep(3 * MS);
    clock.advance(3 * MS);
    assert_eq!(event_loop.metrics().timers, 0);
    assert!(poll_once(&mut slept).is_pending());
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    assert!(poll_once(&mut slept).is_ready());
}

// EV-TASK-22, D-11
#[test]
fn zero_and_negative_sleeps_are_one_trip_through_the_queue() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let past = event_loop.time();
    let sleeps: [(&str, Sleep); 4] = [
        ("zero", sleep(Duration::ZERO)),
        ("negative", sleep(-1.0)),
        ("past", sleep_until(past)),
        ("zero seconds", sleep(0.0)),
    ];
    for (name, slept) in sleeps {
        assert_eq!(slept.deadline(), None);
        let noting = trace.clone();
        spawn(async move {
            slept.await;
            noting.note(name);
        });
    }
    event_loop.call_soon(trace.noting("queued behind their first turns"));
    event_loop.run().unwrap();
    assert_eq!(event_loop.metrics().turns, 1);
    assert_eq!(
        trace.take(),
        ["queued behind their first turns", "zero", "negative", "past", "zero seconds"]
    );
}

// EV-TASK-22
#[test]
fn sleepers_wake_by_deadline_then_by_age() {
    let (event_loop, clock) = on_hand_clock();
    let trace = Trace::new();
    for (name, length) in [("c", 3 * MS), ("a1", MS), ("b", 2 * MS), ("a2", MS)] {
        let trace = trace.clone();
        spawn(async move {
            sleep(length).await;
            trace.note(name);
        });
    }
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    clock.advance(10 * MS);
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["a1", "a2", "b", "c"]);
}

// EV-TASK-22, D-5
#[test]
fn a_sleep_that_is_dropped_gives_its_timer_back_and_lets_the_loop_end() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let mut slept = sleep(3600.0);
        assert!(polled(&mut slept).await.is_pending());
        assert_eq!(event_loop.metrics().timers, 1);
        drop(slept);
        assert_eq!(event_loop.metrics().timers, 0);
        drop(sleep(3600.0));
    });
    assert!(!event_loop.run().unwrap().stopped);
}

/// Runs the loop until the thread has ended.
fn beside<T: Send + 'static>(event_loop: &EventLoop, f: impl FnOnce() -> T + Send + 'static) -> T {
    let remote = event_loop.remote();
    let keep_alive = event_loop.keep_alive();
    let thread = thread::spawn(move || {
        let output = f();
        remote.stop().expect("the loop exists");
        output
    });
    event_loop.run_forever().expect("the poller works");
    drop(keep_alive);
    thread.join().expect("no panic")
}

//
#[test]
fn a_sleep_may_be_awaited_on_another_thread() {
    let event_loop = TestLoop::new();
    let before = event_loop.time();
    let slept = sleep(5 * MS);
    let deadline = slept.deadline().unwrap();
    beside(&event_loop, move || futures_lite::future::block_on(slept));
    assert!(event_loop.time() >= deadline && deadline >= before + 5 * MS);
    assert_eq!(event_loop.metrics().timers, 0);
}

//
#[test]
fn a_sleep_may_be_polled_here_and_awaited_there_and_the_other_way_round() {
    // In real time the first alarm could ring before the loop hears that it is wanted elsewhere.
    let event_loop = TestLoop::with_virtual_time();
    let mut slept = sleep(5 * MS);
    let (wakes, waker) = Wakes::new();
    assert!(Pin::new(&mut slept).poll(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(event_loop.metrics().timers, 1);
    let mut other = sleep(5 * MS);
    let (mut slept, mut other) = thread::spawn(move || {
        assert!(poll_once(&mut slept).is_pending());
        assert!(poll_once(&mut other).is_pending());
        (slept, other)
    })
    .join()
    .unwrap();
    event_loop.block_on(async {
        (&mut slept).await;
        (&mut other).await;
    });
    assert!(event_loop.time() >= slept.deadline().unwrap());
    assert_eq!((event_loop.metrics().timers, wakes.count()), (0, 0));
}

//
#[test]
fn a_sleep_dropped_on_another_thread_gives_its_timer_back() {
    let event_loop = TestLoop::new();
    let mut here = sleep(3600.0);
    assert!(poll_once(&mut here).is_pending());
    let mut there = sleep(3600.0);
    beside(&event_loop, move || {
        assert!(poll_once(&mut there).is_pending());
        drop((here, there));
    });
    assert_eq!(event_loop.metrics().timers, 0);
}

// EV-TASK-22
#[test]
#[should_panic(expected = "no event loop on this thread")]
fn a_sleep_needs_a_loop_when_it_is_polled() {
    let polled = thread::spawn(|| poll_once(&mut sleep(1.0)).is_ready()).join();
    std::panic::resume_unwind(polled.unwrap_err());
}

// EV-TASK-22
#[test]
#[should_panic(expected = "a delay must be a number of seconds, not NaN")]
fn a_sleep_that_is_not_a_number_is_refused() {
    drop(sleep(f64::NAN));
}

// F12
#[test]
fn the_longest_sleep_is_far_away_and_does_no_harm() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for mut far in [sleep(f64::INFINITY), sleep(Duration::MAX), sleep_until(LoopTime::MAX)] {
            assert_eq!(far.deadline(), Some(LoopTime::MAX));
            assert!(polled(&mut far).await.is_pending());
            sleep(MS).await;
        }
    });
    assert_eq!(event_loop.metrics().timers, 0);
}

/// The ticks that are there now.
fn ticks(interval: &mut Interval) -> Vec<u128> {
    let mut cx = Context::from_waker(Waker::noop());
    std::iter::from_fn(|| match interval.poll_tick(&mut cx) {
        Poll::Ready(due) => Some((due - at(0)).as_millis()),
        Poll::Pending => None,
    })
    .collect()
}

// EV-TASK-22
#[test]
fn an_interval_ticks_at_once_and_then_every_period() {
    let (event_loop, clock) = on_hand_clock();
    let mut interval = interval(10 * MS);
    assert_eq!((interval.period(), ticks(&mut interval)), (10 * MS, vec![0]));
    for due in [10, 20, 30] {
        clock.advance(9 * MS);
        assert_eq!(ticks(&mut interval), [0; 0]);
        clock.advance(MS);
        event_loop.turn(Some(Duration::ZERO)).unwrap();
        assert_eq!(ticks(&mut interval), [due]);
    }
    drop(interval);
    assert_eq!(event_loop.metrics().timers, 0);
    let mut later = interval_at(at(50), MS);
    assert_eq!(ticks(&mut later), [0; 0]);
    clock.advance(20 * MS);
    assert_eq!(ticks(&mut later), [50]);
}

fn late_by_35_of_10(missed: MissedTickBehavior) -> [Vec<u128>; 3] {
    let (_event_loop, clock) = on_hand_clock();
    let mut interval = interval(10 * MS);
    interval.set_missed_tick_behavior(missed);
    assert_eq!(interval.missed_tick_behavior(), missed);
    assert_eq!(ticks(&mut interval), [0]);
    clock.advance(35 * MS);
    let late = ticks(&mut interval);
    clock.advance(5 * MS);
    let at_40 = ticks(&mut interval);
    clock.advance(5 * MS);
    [late, at_40, ticks(&mut interval)]
}

#[test]
fn ticks_that_nobody_took_burst() {
    assert_eq!(MissedTickBehavior::default(), MissedTickBehavior::Burst);
    let ticks = late_by_35_of_10(MissedTickBehavior::Burst);
    assert_eq!(ticks, [vec![10, 20, 30], vec![40], vec![]]);
}

#[test]
fn ticks_that_nobody_took_delay_the_schedule() {
    let ticks = late_by_35_of_10(MissedTickBehavior::Delay);
    assert_eq!(ticks, [vec![10], vec![], vec![45]]);
}

#[test]
fn ticks_that_nobody_took_are_skipped() {
    let ticks = late_by_35_of_10(MissedTickBehavior::Skip);
    assert_eq!(ticks, [vec![10], vec![40], vec![]]);
}

#[test]
fn an_interval_that_is_reset_ticks_a_period_from_now() {
    let (_event_loop, clock) = on_hand_clock();
    let mut interval = interval(10 * MS);
    clock.advance(25 * MS);
    interval.reset();
    assert_eq!(ticks(&mut interval), [0; 0]);
    clock.advance(10 * MS);
    assert_eq!(ticks(&mut interval), [35]);
}

#[test]
fn an_interval_wakes_a_task() {
    let event_loop = TestLoop::new();
    let due: Vec<LoopTime> = event_loop.block_on(async {
        let mut interval = interval(2 * MS);
        let mut due = Vec::new();
        for _ in 0..3 {
            due.push(interval.tick().await);
            assert!(event_loop.time() >= due[due.len() - 1]);
        }
        due
    });
    assert_eq!([due[1] - due[0], due[2] - due[1]], [2 * MS; 2]);
}

#[test]
#[should_panic(expected = "the period of an interval must be longer than zero")]
fn a_period_of_zero_is_refused() {
    drop(interval(Duration::ZERO));
}
