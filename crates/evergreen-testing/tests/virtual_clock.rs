//! Virtual time in the hands of tasks: moved, frozen, waited for.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::{Duration, Instant};

use evergreen_loop::build::Timer;
use evergreen_loop::{EventLoop, LoopTime};
use evergreen_task::{LoopTasks, interval, sleep, spawn, timeout, yield_now};
use evergreen_testing::{TestLoop, Trace, VirtualClock, must_suspend, poll_once};

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Runs `test` on a loop with virtual time, with its clock and a trace.
fn in_virtual_time<F: Future>(test: impl FnOnce(VirtualClock, Trace) -> F) -> F::Output {
    let event_loop = TestLoop::with_virtual_time();
    event_loop.block_on(test(VirtualClock::of(&event_loop), Trace::new()))
}

/// Spawns a task that sleeps so long, and then notes `what` with the seconds that the clock shows.
fn sleeper(clock: &VirtualClock, trace: &Trace, what: &'static str, seconds: f64) {
    let (clock, trace) = (clock.clone(), trace.clone());
    drop(spawn(async move {
        sleep(seconds).await;
        trace.note(format_args!("{what} {}", clock.elapsed().as_secs_f64()));
    }));
}

// one hour of timers, in the order of their deadlines, and not one of them off.
#[test]
fn a_hundred_thousand_sleeps_over_an_hour_end_exactly_when_they_should() {
    const SLEEPS: u64 = 100_000;
    let began = Instant::now();
    let woken = Rc::new(RefCell::new(Vec::new()));
    in_virtual_time(|clock, _| {
        let woken = Rc::clone(&woken);
        async move {
            for number in 0..SLEEPS {
                let (clock, woken) = (clock.clone(), Rc::clone(&woken));
                // A walk through all of the hour, in no order: 7,919 has no factor in common with it.
                let delay = Duration::from_micros((number * 7919 % SLEEPS) * 36_000);
                drop(spawn(async move {
                    sleep(delay).await;
                    woken.borrow_mut().push((clock.elapsed(), delay));
                }));
            }
            sleep(HOUR).await;
            assert_eq!(clock.elapsed(), HOUR);
        }
    });
    let woken = woken.borrow();
    assert_eq!(woken.len() as u64, SLEEPS);
    assert!(woken.iter().all(|(when, due)| when == due));
    assert!(woken.is_sorted());
    assert!(began.elapsed() < Duration::from_secs(60));
}

// R-7, EV-TMO
#[test]
fn limits_and_intervals_keep_virtual_time() {
    in_virtual_time(|clock, trace| async move {
        assert!(timeout(HOUR, sleep(2.0 * 3600.0)).await.is_err());
        assert_eq!(clock.elapsed(), HOUR);
        timeout(HOUR, sleep(60.0)).await.expect("the sleep is shorter");
        assert_eq!(clock.elapsed(), HOUR + 60 * SECOND);
        let mut ticks = interval(Duration::from_secs(30));
        for _ in 0..3 {
            let tick = ticks.tick().await;
            trace.note((tick - LoopTime::from_nanos(0)).as_secs());
        }
        trace.assert_eq(["3660", "3690", "3720"]);
    });
}

// time does not burst through; each deadline is the present while its timers run.
#[test]
fn advancing_passes_each_deadline_in_order() {
    in_virtual_time(|clock, trace| async move {
        let (inner, noting) = (clock.clone(), trace.clone());
        drop(spawn(async move {
            for _ in 0..3 {
                sleep(2.0).await;
                noting.note(format_args!("again {}", inner.elapsed().as_secs_f64()));
            }
        }));
        sleeper(&clock, &trace, "late", 5.5);
        sleeper(&clock, &trace, "once", 3.0);
        sleeper(&clock, &trace, "at the end", 5.0);
        must_suspend(clock.advance(5 * SECOND)).await;
        assert_eq!(clock.elapsed(), 5 * SECOND);
        trace.assert_eq(["again 2", "once 3", "again 4", "at the end 5"]);
        clock.advance(SECOND).await;
        trace.assert_eq(["late 5.5", "again 6"]);
    });
}

// what a deadline starts has run until it waits before `advance` returns.
#[test]
fn advancing_ends_when_all_that_became_due_has_run_to_a_wait() {
    in_virtual_time(|clock, trace| async move {
        let noting = trace.clone();
        drop(spawn(async move {
            sleep(1.0).await;
            for step in 0..200 {
                yield_now().await;
                if step == 199 {
                    noting.note("yielded 200 times");
                }
            }
            spawn(async move { noting.note("child") }).await.expect("no panic");
        }));
        clock.advance(SECOND).await;
        trace.assert_eq(["yielded 200 times", "child"]);
        assert_eq!(clock.elapsed(), SECOND);
    });
}

//
#[test]
fn several_who_advance_are_each_told_at_their_own_moment() {
    in_virtual_time(|clock, trace| async move {
        for (what, seconds) in [("b", 3), ("c", 5), ("a", 1), ("b again", 3)] {
            let (clock, trace) = (clock.clone(), trace.clone());
            drop(spawn(async move {
                clock.advance(Duration::from_secs(seconds)).await;
                trace.note(format_args!("{what} {}", clock.elapsed().as_secs()));
            }));
        }
        sleeper(&clock, &trace, "slept", 3.0);
        sleep(4.0).await;
        trace.assert_eq(["a 1", "slept 3", "b 3", "b again 3"]);
        sleep(60.0).await;
        trace.assert_eq(["c 5"]);
    });
}

//
#[test]
fn what_is_due_may_advance_time_itself() {
    in_virtual_time(|clock, trace| async move {
        let (inner, noting) = (clock.clone(), trace.clone());
        drop(spawn(async move {
            sleep(1.0).await;
            inner.advance(4 * SECOND).await;
            noting.note(format_args!("inner {}", inner.elapsed().as_secs()));
        }));
        clock.advance(2 * SECOND).await;
        trace.note(format_args!("outer {}", clock.elapsed().as_secs()));
        clock.advance(10 * SECOND).await;
        trace.note(format_args!("outer {}", clock.elapsed().as_secs()));
        trace.assert_eq(["outer 2", "inner 5", "outer 12"]);
    });
}

// frozen, time moves by hand only.
#[test]
fn frozen_time_moves_by_hand_only() {
    in_virtual_time(|clock, trace| async move {
        let (frozen, frozen_twice) = (clock.freeze(), clock.freeze());
        sleeper(&clock, &trace, "slept", 2.0);
        clock.until_parked().await;
        drop(frozen);
        clock.advance(SECOND).await;
        assert_eq!(clock.elapsed(), SECOND);
        trace.assert_eq([]);
        clock.advance(SECOND).await;
        trace.assert_eq(["slept 2"]);
        drop(frozen_twice);
        sleep(1.0).await;
        assert_eq!(clock.elapsed(), 3 * SECOND);
    });
}

// a job's result is there before a timer that is a moment away.
#[test]
fn the_result_of_a_blocking_job_comes_before_any_timer() {
    in_virtual_time(|clock, trace| async move {
        sleeper(&clock, &trace, "slept", 0.001);
        let event_loop = EventLoop::try_current().expect("a loop");
        let job = event_loop.run_blocking(|| std::thread::sleep(10 * MILLISECOND));
        timeout(SECOND, job).await.expect("time is frozen").expect("no panic");
        assert_eq!(clock.elapsed(), Duration::ZERO);
        trace.assert_eq([]);
    });
}

//
#[test]
fn until_parked_waits_for_everything_but_time() {
    in_virtual_time(|clock, trace| async move {
        let noting = trace.clone();
        drop(spawn(async move {
            for _ in 0..1000 {
                yield_now().await;
            }
            noting.note("yielded");
            sleep(MILLISECOND).await;
            noting.note("slept");
        }));
        must_suspend(clock.until_parked()).await;
        trace.assert_eq(["yielded"]);
        assert_eq!(clock.elapsed(), Duration::ZERO);
        must_suspend(clock.until_parked()).await;
        trace.assert_eq([]);
    });
}

// the second is told only when what the first then did is over.
#[test]
fn those_who_wait_for_parking_go_on_one_after_the_other() {
    in_virtual_time(|clock, trace| async move {
        for name in ["first", "second"] {
            let (clock, trace) = (clock.clone(), trace.clone());
            drop(spawn(async move {
                clock.until_parked().await;
                for _ in 0..3 {
                    trace.note(name);
                    yield_now().await;
                }
            }));
        }
        sleep(1.0).await;
        trace.assert_eq(["first", "first", "first", "second", "second", "second"]);
    });
}

// what was due before the call still comes first.
#[test]
fn time_that_is_due_is_not_parked() {
    let event_loop = TestLoop::with_virtual_time();
    let (clock, trace) = (VirtualClock::of(&event_loop), Trace::new());
    event_loop.block_on(clock.advance(SECOND));
    let (inner, noting) = (clock.clone(), trace.clone());
    event_loop.block_on(async move {
        drop(spawn(async move {
            let mut timer = Timer::at(LoopTime::from_nanos(5));
            poll_fn(|cx| timer.poll(cx)).await;
            noting.note("overdue");
        }));
        inner.until_parked().await;
    });
    trace.assert_eq(["overdue"]);
    assert_eq!(clock.elapsed(), SECOND);
}

// R-7, D-9: dropping the wait leaves time where it is, and to itself.
#[test]
fn who_gives_up_advancing_leaves_time_to_the_others() {
    in_virtual_time(|clock, trace| async move {
        let inner = clock.clone();
        let advancing = spawn(async move { inner.advance(HOUR).await });
        let (inner, noting) = (clock.clone(), trace.clone());
        drop(spawn(async move {
            inner.advance(2 * SECOND).await;
            noting.note(format_args!("advanced {}", inner.elapsed().as_secs()));
        }));
        sleep(1.0).await;
        advancing.kill();
        sleep(4.0).await;
        trace.assert_eq(["advanced 2"]);
        assert_eq!(clock.elapsed(), 5 * SECOND);
        let mut dropped = Box::pin(clock.advance(HOUR));
        assert!(poll_once(&mut dropped).is_pending());
        let frozen = clock.freeze();
        drop(dropped);
        clock.until_parked().await;
        drop(frozen);
        assert_eq!(clock.elapsed(), 5 * SECOND);
    });
}

// R-7, D-5: nor does it keep the loop alive.
#[test]
fn a_wait_that_is_dropped_moves_nothing() {
    let event_loop = TestLoop::with_virtual_time();
    let clock = VirtualClock::of(&event_loop);
    let inner = clock.clone();
    let task = event_loop.spawn(async move { inner.advance(HOUR).await });
    event_loop.turn(Some(Duration::ZERO)).expect("a turn");
    task.kill();
    let report = event_loop.run().expect("a run");
    assert_eq!((report.parked_tasks, event_loop.next_deadline()), (0, None));
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

// D-5: who waits for time to be moved is alive, as a timer is.
#[test]
fn a_run_does_not_end_while_somebody_advances_time() {
    let event_loop = TestLoop::with_virtual_time();
    let (clock, ended) = (VirtualClock::of(&event_loop), Rc::new(Cell::new(false)));
    let (inner, ending) = (clock.clone(), Rc::clone(&ended));
    drop(event_loop.spawn(async move {
        inner.advance(HOUR).await;
        ending.set(true);
    }));
    event_loop.turn(Some(Duration::ZERO)).expect("a turn");
    assert_eq!(event_loop.next_deadline(), Some(event_loop.time()));
    let report = event_loop.run().expect("a run");
    assert_eq!((report.parked_tasks, ended.get(), clock.elapsed()), (0, true, HOUR));
}

// destroying the loop drops who waits, and later waits say so.
#[test]
fn a_wait_does_not_outlive_its_loop() {
    let event_loop = TestLoop::with_virtual_time();
    let (clock, trace) = (VirtualClock::of(&event_loop), Trace::new());
    let (inner, dropped) = (clock.clone(), trace.on_drop("dropped"));
    let frozen = clock.freeze();
    drop(event_loop.spawn(async move {
        let _dropped = dropped;
        inner.advance(HOUR).await;
    }));
    event_loop.turn(Some(Duration::ZERO)).expect("a turn");
    event_loop.destroy().expect("not destroyed before");
    trace.assert_eq(["dropped"]);
    let mut late = Box::pin(clock.advance(SECOND));
    let panic = catch_unwind(AssertUnwindSafe(|| poll_once(&mut late))).expect_err("a panic");
    let text = panic.downcast_ref::<String>().map(String::as_str);
    assert_eq!(text, Some("the event loop is destroyed"));
    drop(frozen);
}

#[test]
#[should_panic(expected = "this event loop has no virtual time: make it with \
                           EventLoop::builder().virtual_time(), or the test with \
                           #[evergreen::test(virtual_time)]")]
fn a_loop_in_real_time_has_no_virtual_clock() {
    let event_loop = TestLoop::new();
    VirtualClock::of(&event_loop);
}

#[test]
#[should_panic(expected = "no event loop on this thread, and so no virtual time")]
fn a_thread_without_a_loop_has_no_virtual_clock() {
    VirtualClock::current();
}
