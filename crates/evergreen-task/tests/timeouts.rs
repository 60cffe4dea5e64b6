//! Waiting with a limit.

mod common;

use std::cell::Cell;
use std::future::{Future, pending, poll_fn, ready};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::{TestLoop, Trace, poll_once, polled};
use evergreen_loop::LoopTime;
use evergreen_task::{
    Timeout, sleep, spawn, timeout, timeout_at, timeout_or, timeout_silent, yield_now,
};

// EV-TMO-01
#[test]
fn a_limit_that_passes_ends_the_block_with_this_very_limit() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    event_loop.block_on(async {
        let limit = Timeout::after(0.002);
        let before = event_loop.time();
        let guard = trace.on_drop("block dropped");
        let block = async {
            let _guard = guard;
            trace.note("block begins");
            pending::<()>().await;
        };
        assert_eq!(limit.clone().run(block).await, Err(limit));
        trace.note("goes on");
        assert!(event_loop.time() - before >= Duration::from_millis(2));
    });
    assert_eq!(trace.take(), ["block begins", "block dropped", "goes on"]);
}

// EV-TMO-01
#[test]
fn limits_are_equal_only_if_they_are_the_same() {
    let limit = Timeout::after(1.0);
    assert_eq!(limit, limit.clone());
    assert_ne!(limit, Timeout::after(1.0));
    assert_ne!(Timeout::never(), Timeout::never());
}

// EV-TMO-01
#[test]
fn a_limit_may_be_a_moment() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let deadline = event_loop.time() + Duration::from_millis(2);
        assert!(timeout_at(deadline, pending::<()>()).await.is_err());
        assert!(event_loop.time() >= deadline);
        assert_eq!(timeout_at(deadline, ready(3)).await, Ok(3));
        assert!(timeout_at(deadline, pending::<()>()).await.is_err());
        assert_eq!(timeout_at(LoopTime::MAX, yield_now()).await, Ok(()));
    });
}

// EV-TMO-03, D-11
#[test]
fn a_negative_limit_never_passes() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for limit in [Timeout::after(-1.0), Timeout::after(-0.001), Timeout::never()] {
            let mut limited = pin!(limit.run(pending::<()>()));
            assert!(polled(&mut limited).await.is_pending());
            assert_eq!(event_loop.metrics().timers, 0);
            sleep(0.001).await;
            assert!(polled(&mut limited).await.is_pending());
        }
        assert_eq!(timeout(-1.0, sleep(0.001)).await, Ok(()));
    });
}

// EV-TMO-04, D-11
#[test]
fn a_limit_of_zero_passes_after_one_trip_through_the_queue() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = trace.clone();
    spawn(async move {
        noting.note("begins");
        let passed = timeout(0.0, pending::<()>()).await;
        noting.note(format_args!("passed: {}", passed.is_err()));
    });
    event_loop.call_soon(trace.noting("queued before"));
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["begins", "queued before", "passed: true"]);
    assert_eq!(event_loop.metrics().turns, 1);
}

// EV-TMO-04
#[test]
fn a_limit_of_zero_lets_a_block_that_does_not_suspend_finish() {
    let event_loop = TestLoop::new();
    let mut ready_at_once = pin!(timeout(0.0, async { 3 }));
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(ready_at_once.as_mut().poll(&mut cx), Poll::Ready(Ok(3)));
    assert_eq!(event_loop.metrics().queued, 0);
}

/// Ready at the given poll.
fn ready_at_poll(number: usize) -> impl Future<Output = usize> {
    let mut polls = 0;
    poll_fn(move |_| {
        polls += 1;
        if polls == number { Poll::Ready(polls) } else { Poll::Pending }
    })
}

// EV-TMO-10, R-3
#[test]
fn a_value_that_is_there_when_the_time_is_over_is_not_thrown_away() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        assert_eq!(timeout(0.0, ready_at_poll(2)).await, Ok(2));
        assert!(timeout(0.0, ready_at_poll(3)).await.is_err());
        // Both timers are due in one turn: what was made first wakes first, and one poll sees both.
        let deadline = event_loop.time() + Duration::from_millis(1);
        let block = evergreen_task::sleep_until(deadline);
        assert_eq!(timeout_at(deadline, block).await, Ok(()));
    });
}

// EV-TMO-08
#[test]
fn a_block_that_is_left_in_time_leaves_no_timer() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let mut limited = pin!(timeout(3600.0, yield_now()));
        assert!(polled(&mut limited).await.is_pending());
        assert_eq!(event_loop.metrics().timers, 1);
        yield_now().await;
        assert_eq!(polled(&mut limited).await, Poll::Ready(Ok(())));
        // The future still exists.
        assert_eq!(event_loop.metrics().timers, 0);
    });
    assert!(!event_loop.run().unwrap().stopped);
}

// EV-TMO-08, EV-TASK-22
#[test]
fn a_limit_that_is_dropped_leaves_no_timer() {
    let event_loop = TestLoop::new();
    let task = spawn(timeout(3600.0, pending::<()>()));
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    assert_eq!(event_loop.metrics().timers, 1);
    task.kill();
    event_loop.run().unwrap();
    assert_eq!(event_loop.metrics().timers, 0);
}

// EV-TMO-09
#[test]
fn of_nested_limits_the_one_that_passes_is_the_one_reported() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    event_loop.block_on(async {
        let (outer, inner) = (Timeout::after(0.002), Timeout::after(3600.0));
        let passed = outer
            .clone()
            .run(async {
                let passed = inner.run(pending::<()>()).await;
                trace.note("the inner scope returned");
                passed
            })
            .await;
        assert_eq!(passed, Err(outer));

        let (outer, inner) = (Timeout::after(0.004), Timeout::after(0.001));
        let passed = outer
            .clone()
            .run(async {
                let passed = inner.clone().run(pending::<()>()).await;
                trace.note(format_args!("inner: {}", passed == Err(inner)));
                pending::<()>().await;
            })
            .await;
        assert_eq!(passed, Err(outer));
        assert_eq!(event_loop.metrics().timers, 0);
    });
    assert_eq!(trace.take(), ["inner: true"]);
}

// EV-TMO-05
#[test]
fn a_limit_may_have_an_error_of_its_own() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let called = Cell::new(0);
        let error = || {
            called.set(called.get() + 1);
            "too slow"
        };
        assert_eq!(timeout_or(1.0, ready(3), error).await, Ok(3));
        assert_eq!(called.get(), 0);
        assert_eq!(timeout_or(0.001, pending::<()>(), error).await, Err("too slow"));
        assert_eq!(called.get(), 1);
    });
}

// EV-TMO-06
#[test]
fn a_silent_limit_cuts_the_block_short_without_an_error() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    event_loop.block_on(async {
        let guard = trace.on_drop("dropped");
        let block = async move {
            let _guard = guard;
            pending::<()>().await;
        };
        assert_eq!(timeout_silent(0.001, block).await, None);
        assert_eq!(timeout_silent(1.0, ready(3)).await, Some(3));
    });
    assert_eq!(trace.take(), ["dropped"]);
}

// EV-TMO-02
#[test]
fn an_armed_limit_is_one_deadline_for_several_awaits() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let mut limit = Timeout::after(0.01);
        let before = event_loop.time();
        let same = limit.clone();
        let mut armed = limit.arm();
        // Made first and due first: it wins however late the loop is.
        assert_eq!(armed.scope(sleep(0.001)).await, Ok(()));
        assert_eq!(armed.scope(ready(3)).await, Ok(3));
        assert_eq!(armed.scope(pending::<()>()).await, Err(same.clone()));
        assert!(armed.expired());
        assert!(event_loop.time() - before >= Duration::from_millis(10));
        assert_eq!(armed.scope(ready(4)).await, Ok(4));
        assert_eq!(armed.scope(pending::<()>()).await, Err(same));
    });
    assert_eq!(event_loop.metrics().timers, 0);
}

// EV-TMO-07
#[test]
fn a_cancelled_limit_does_not_pass_and_can_be_armed_again() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let mut limit = Timeout::after(0.001);
        let same = limit.clone();
        let mut armed = limit.arm();
        assert!(!Timeout::after(3600.0).arm().expired());
        armed.cancel();
        armed.cancel();
        assert!(!armed.expired());
        assert_eq!(armed.scope(sleep(0.002)).await, Ok(()));

        let before = event_loop.time();
        let mut again = limit.arm();
        assert_eq!(again.scope(pending::<()>()).await, Err(same.clone()));
        assert!(event_loop.time() - before >= Duration::from_millis(1));
        again.cancel();
        assert!(!again.expired());
        assert_eq!(again.scope(yield_now()).await, Ok(()));

        let mut third = limit.arm();
        assert_eq!(third.scope(pending::<()>()).await, Err(same));
    });
}

// EV-TMO-02, EV-TMO-03, EV-TMO-04
#[test]
fn armed_limits_of_zero_and_below() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (mut zero, mut negative) = (Timeout::after(0.0), Timeout::after(-1.0));
        let mut armed = zero.arm();
        assert!(armed.expired());
        assert_eq!(armed.scope(ready(3)).await, Ok(3));
        assert!(armed.scope(pending::<()>()).await.is_err());
        let mut armed = negative.arm();
        assert!(!armed.expired());
        assert_eq!(armed.scope(sleep(0.001)).await, Ok(()));
    });
}

// EV-TMO-11
#[test]
fn a_limit_says_how_long_it_was() {
    assert_eq!(Timeout::after(1.0).to_string(), "timed out after 1 second");
    assert_eq!(Timeout::after(2.0).to_string(), "timed out after 2 seconds");
    assert_eq!(Timeout::after(0.0).to_string(), "timed out after 0 seconds");
    assert_eq!(
        Timeout::after(Duration::from_millis(1500)).to_string(),
        "timed out after 1.5 seconds"
    );
    assert_eq!(Timeout::after(-1.0).to_string(), "never times out");
    assert_eq!(Timeout::never().to_string(), "never times out");
    let moment = Timeout::at(LoopTime::from_nanos(1_500_000_000));
    assert_eq!(moment.to_string(), "timed out at LoopTime(1.5s)");
    assert!(format!("{:?}", Timeout::after(1.0)).starts_with("Timeout {"));
}

// usable as an error of its own.
#[test]
fn a_limit_goes_through_the_question_mark() {
    async fn limited() -> Result<u8, Box<dyn std::error::Error>> {
        Ok(timeout(0.001, pending::<u8>()).await?)
    }
    let event_loop = TestLoop::new();
    let error = event_loop.block_on(limited()).unwrap_err();
    assert_eq!(error.to_string(), "timed out after 0.001 seconds");
}

// F17: dropped at every poll.
#[test]
fn a_limited_future_dropped_half_way_drops_its_block_once() {
    let event_loop = TestLoop::new();
    for polls in 0..3 {
        let drops = Rc::new(Cell::new(0));
        let counting = Rc::clone(&drops);
        let guard = common::OnDrop::new(move || counting.set(counting.get() + 1));
        let block = async move {
            let _guard = guard;
            pending::<()>().await;
        };
        {
            let mut limited = pin!(timeout(3600.0, block));
            for _ in 0..polls {
                assert!(poll_once(&mut limited).is_pending());
            }
        }
        assert_eq!((drops.get(), event_loop.metrics().timers), (1, 0), "{polls} polls");
    }
}
