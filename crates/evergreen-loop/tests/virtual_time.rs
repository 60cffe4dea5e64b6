//! Time that jumps from one timer to the next, as callbacks see it.

mod common;

use std::cell::RefCell;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use common::{MILLISECOND, Trace, call_from_thread, readable_pair, sleepy};
use evergreen_loop::{EventLoop, LoopTime, TurnOutcome};
use evergreen_testing::{TestLoop, VirtualClock};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
/// What no test here takes, and no wait for real time would keep to.
const SOON: Duration = Duration::from_secs(60);

fn start() -> LoopTime {
    LoopTime::from_nanos(0)
}

/// Notes `what` with the seconds that the loop's clock shows.
fn noting_time(trace: &Trace, event_loop: &EventLoop, what: &'static str) -> impl FnOnce() + use<> {
    let (trace, event_loop) = (trace.clone(), event_loop.clone());
    move || trace.note(format_args!("{what} {}", event_loop.time().as_secs_f64()))
}

// R-7, D-3: a jump for each deadline, and creation order within one.
#[test]
fn time_stops_at_every_deadline_and_nowhere_else() {
    let event_loop = TestLoop::with_virtual_time();
    let trace = Trace::new();
    for (what, seconds) in [("c", 2.0), ("a", 1.0), ("e", 86_400.0 * 3.0), ("d", 2.0), ("b", 1.5)] {
        event_loop.call_later(seconds, noting_time(&trace, &event_loop, what));
    }
    event_loop.call_soon(noting_time(&trace, &event_loop, "now"));
    event_loop.run().unwrap();
    trace.assert_eq(["now 0", "a 1", "b 1.5", "c 2", "d 2", "e 259200"]);
    // One turn for what was queued, and one for each of four moments: the day's clamp of real waits
    // does not apply.
    assert_eq!(event_loop.metrics().turns, 5);
}

// timers that share a slot of the wheel still have a jump each.
#[test]
fn a_crowd_of_timers_in_one_slot_expires_one_by_one() {
    let event_loop = TestLoop::with_virtual_time();
    let seen = Rc::new(RefCell::new(Vec::new()));
    for nanos in (1..=500).rev() {
        let (seen, inner) = (Rc::clone(&seen), event_loop.clone());
        let delay = HOUR + Duration::from_nanos(nanos);
        event_loop.call_later(delay, move || seen.borrow_mut().push(inner.time() - start()));
    }
    event_loop.run().unwrap();
    let expected: Vec<_> = (1..=500).map(|nanos| HOUR + Duration::from_nanos(nanos)).collect();
    assert_eq!(*seen.borrow(), expected);
    assert_eq!(event_loop.metrics().turns, 500);
}

//
#[test]
fn an_hour_of_ticks_takes_no_time() {
    let event_loop = TestLoop::with_virtual_time();
    let began = Instant::now();
    let ticks = Rc::new(RefCell::new(Vec::new()));
    tick(&event_loop, &ticks);
    event_loop.run().unwrap();
    let expected: Vec<u64> = (1..=3600).map(|second| second * 1_000_000_000).collect();
    assert_eq!(*ticks.borrow(), expected);
    assert_eq!(event_loop.time() - start(), HOUR);
    assert!(began.elapsed() < SOON);
}

fn tick(event_loop: &EventLoop, ticks: &Rc<RefCell<Vec<u64>>>) {
    let (inner, ticks) = (event_loop.clone(), Rc::clone(ticks));
    event_loop.call_later(SECOND, move || {
        ticks.borrow_mut().push(inner.time().as_nanos());
        if ticks.borrow().len() < 3600 {
            tick(&inner, &ticks);
        }
    });
}

// time does not move while the queue holds something.
#[test]
fn a_callback_that_queues_itself_keeps_time_from_moving() {
    let event_loop = TestLoop::with_virtual_time();
    let trace = Trace::new();
    event_loop.call_later(MILLISECOND, trace.noting("timer"));
    queue_again(&event_loop, 1000, trace.clone());
    event_loop.run().unwrap();
    trace.assert_eq(["queue is empty", "timer"]);
}

fn queue_again(event_loop: &EventLoop, left: u32, trace: Trace) {
    let inner = event_loop.clone();
    event_loop.call_soon(move || {
        assert_eq!(inner.time(), start());
        match left {
            0 => trace.note("queue is empty"),
            _ => queue_again(&inner, left - 1, trace),
        }
    });
}

// what the poller finds without waiting comes before any timer.
#[test]
fn a_ready_descriptor_wins_over_a_jump() {
    let event_loop = TestLoop::with_virtual_time();
    let (ours, theirs) = readable_pair();
    let trace = Trace::new();
    event_loop.call_later(MILLISECOND, trace.noting("timer"));
    let (noting, inner) = (trace.clone(), event_loop.clone());
    let (mut reading, fd) = (ours.try_clone().unwrap(), ours.as_raw_fd());
    let reader = move || {
        noting.note(format_args!("readable at {}", inner.time().as_nanos()));
        reading.read_exact(&mut [0]).unwrap();
        inner.remove_reader(fd);
    };
    event_loop.add_reader(fd, reader).unwrap();
    event_loop.run().unwrap();
    drop(theirs);
    trace.assert_eq(["readable at 0", "timer"]);
}

// the job ends when the loop sleeps without a limit, although a timer is a moment away.
#[test]
fn a_blocking_job_freezes_time() {
    let (event_loop, asleep) = sleepy(EventLoop::builder().virtual_time());
    let trace = Trace::new();
    event_loop.call_later(MILLISECOND, noting_time(&trace, &event_loop, "timer"));
    let job = event_loop.run_blocking(move || asleep.recv());
    event_loop.block_on(job).unwrap().unwrap();
    trace.assert_eq([]);
    assert_eq!(event_loop.time(), start());
    event_loop.run().unwrap();
    trace.assert_eq(["timer 0.001"]);
    event_loop.destroy().unwrap();
}

/// Runs a loop that `guard` freezes until another thread, which waits for it to sleep, has called.
fn a_guard_freezes_time<G: 'static>(guard: impl FnOnce(&EventLoop) -> G) {
    let (event_loop, asleep) = sleepy(EventLoop::builder().virtual_time());
    let trace = Trace::new();
    event_loop.call_later(MILLISECOND, noting_time(&trace, &event_loop, "timer"));
    let guard = guard(&event_loop);
    // Hosted, it sleeps for as long as it is told to.
    let began = Instant::now();
    event_loop.turn(Some(5 * MILLISECOND)).expect("a turn");
    assert!(began.elapsed() >= 5 * MILLISECOND);
    let (remote, noting) = (event_loop.remote(), trace.clone());
    let thread = std::thread::spawn(move || {
        asleep.recv().expect("a loop that sleeps");
        remote.call_from_thread(move || noting.note("call")).expect("the loop");
    });
    event_loop.turn(None).expect("a turn");
    thread.join().expect("no panic");
    trace.assert_eq(["call"]);
    assert_eq!(event_loop.time(), start());
    drop(guard);
    event_loop.run().expect("a run");
    trace.assert_eq(["timer 0.001"]);
    event_loop.destroy().expect("not running");
}

// R-7, D-5
#[test]
fn keep_alive_freezes_time_until_it_is_dropped() {
    a_guard_freezes_time(EventLoop::keep_alive);
}

//
#[test]
fn a_freeze_lasts_until_it_is_dropped() {
    a_guard_freezes_time(|event_loop| VirtualClock::of(event_loop).freeze());
}

//
#[test]
fn watchers_do_not_freeze_time_but_idle_ones_keep_the_loop_busy() {
    let event_loop = TestLoop::with_virtual_time();
    let (prepare, check) = (event_loop.prepare(|| ()), event_loop.check(|| ()));
    event_loop.call_later(SECOND, || ());
    event_loop.turn(None).unwrap();
    assert_eq!(event_loop.time() - start(), SECOND);
    let idle = event_loop.idle(|| ());
    event_loop.call_later(SECOND, || ());
    (0..10).for_each(|_| assert_eq!(event_loop.turn(None).unwrap(), TurnOutcome::Alive));
    assert_eq!(event_loop.time() - start(), SECOND);
    drop(idle);
    event_loop.turn(None).unwrap();
    assert_eq!(event_loop.time() - start(), 2 * SECOND);
    drop((prepare, check));
}

// a host that turns the loop moves time no farther than its limit.
#[test]
fn a_hosted_turn_moves_time_no_farther_than_its_limit() {
    let event_loop = TestLoop::with_virtual_time();
    let trace = Trace::new();
    event_loop.call_later(3 * SECOND, noting_time(&trace, &event_loop, "timer"));
    let turn = |limit| (event_loop.turn(limit).unwrap(), event_loop.time() - start());
    let deadline = Some(start() + 3 * SECOND);
    assert_eq!(turn(Some(Duration::ZERO)), (TurnOutcome::Alive, Duration::ZERO));
    assert_eq!(turn(Some(2 * SECOND)), (TurnOutcome::Alive, 2 * SECOND));
    assert_eq!(event_loop.next_deadline(), deadline);
    trace.assert_eq([]);
    assert_eq!(turn(Some(2 * SECOND)), (TurnOutcome::Idle, 3 * SECOND));
    trace.assert_eq(["timer 3"]);
    // Without a timer there is only the limit.
    assert_eq!(turn(Some(SECOND)), (TurnOutcome::Idle, 4 * SECOND));
    assert_eq!(event_loop.next_deadline(), None);
    event_loop.call_later(HOUR, noting_time(&trace, &event_loop, "timer"));
    assert_eq!(turn(None), (TurnOutcome::Idle, HOUR + 4 * SECOND));
    trace.assert_eq(["timer 3604"]);
}

// R-7, F12: the end of time is "never", in virtual time as well.
#[test]
fn time_reaches_any_moment_but_its_end() {
    let (event_loop, asleep) = sleepy(EventLoop::builder().virtual_time());
    let event_loop = TestLoop::of(event_loop);
    let trace = Trace::new();
    event_loop.call_later(Duration::from_nanos(1 << 63), trace.noting("far"));
    let never = event_loop.call_later(Duration::MAX, trace.noting("never"));
    let frozen = VirtualClock::of(&event_loop).freeze();
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    drop(frozen);
    event_loop.turn(None).unwrap();
    trace.assert_eq(["far"]);
    assert_eq!(event_loop.time(), LoopTime::from_nanos(1 << 63));
    // Only a call from elsewhere ends this wait.
    let remote = event_loop.remote();
    let thread = std::thread::spawn(move || {
        asleep.recv().unwrap();
        remote.call_from_thread(|| ()).unwrap();
    });
    event_loop.turn(None).unwrap();
    assert_eq!(event_loop.time(), LoopTime::from_nanos(1 << 63));
    thread.join().unwrap();
    never.cancel();
    event_loop.run().unwrap();
    trace.assert_eq([]);
}

// D-4, R-7: the inbox is looked at before time moves.
#[test]
fn calls_from_other_threads_come_before_a_jump() {
    let event_loop = TestLoop::with_virtual_time();
    let trace = Trace::new();
    event_loop.call_later(MILLISECOND, trace.noting("timer"));
    call_from_thread(&event_loop, trace.noting("call"));
    event_loop.run().unwrap();
    trace.assert_eq(["call", "timer"]);
}

// on the loop's clock no time passes while anything runs.
#[test]
fn metrics_count_what_was_jumped_over_as_idle() {
    let event_loop = TestLoop::with_virtual_time();
    event_loop.call_later(HOUR, || ());
    event_loop.run().unwrap();
    let metrics = event_loop.metrics();
    assert_eq!((metrics.busy, metrics.idle), (Duration::ZERO, HOUR));
}
