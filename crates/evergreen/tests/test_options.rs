//! `#[evergreen::test]` with virtual time and limits.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

extern crate evergreen as renamed;

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use evergreen::{EventLoop, sleep, spawn, yield_now};
use evergreen_testing::{Trace, VirtualClock};

const HOUR: Duration = Duration::from_secs(3600);

//
#[evergreen::test(virtual_time)]
async fn an_hour_passes_at_once() {
    sleep(HOUR).await;
    assert_eq!(VirtualClock::current().elapsed(), HOUR);
}

//
#[evergreen::test(virtual_time, timeout = "1h")]
async fn virtual_time_is_not_what_a_limit_counts() {
    sleep(100 * HOUR).await;
    assert_eq!(VirtualClock::current().elapsed(), 100 * HOUR);
}

//
#[evergreen::test(timeout = "1h")]
async fn a_limit_alone_leaves_time_real() -> Result<(), evergreen::JoinError> {
    let began = Instant::now();
    spawn(sleep(0.002)).await?;
    assert!(began.elapsed() >= Duration::from_millis(2));
    Ok(())
}

#[renamed::test(crate = "renamed", virtual_time, timeout = "1h")]
async fn options_go_with_another_name() {
    sleep(HOUR).await;
}

#[evergreen::test(virtual_time, timeout = "1h")]
#[should_panic(expected = "on purpose")]
async fn a_panic_under_a_limit_is_passed_on() {
    yield_now().await;
    panic!("on purpose");
}

#[evergreen::test(virtual_time)]
#[should_panic(expected = "the test was not run to its end: the event loop was stopped")]
async fn a_stopped_loop_is_no_end_of_a_test() {
    EventLoop::current().expect("a loop").stop().expect("running");
    std::future::pending::<()>().await;
}

thread_local! {
    static TRACE: Trace = Trace::new();
}

fn on_drop(what: &'static str) -> impl Sized {
    TRACE.with(|trace| trace.on_drop(what))
}

/// A task and the test itself wait for ever.
async fn wait_for_ever() {
    let dropped = on_drop("task dropped");
    drop(spawn(async move {
        let _dropped = dropped;
        std::future::pending::<()>().await;
    }));
    let _dropped = on_drop("test dropped");
    std::future::pending::<()>().await;
}

//
#[evergreen::test(timeout = "20ms")]
#[should_panic(expected = "the test did not end within 20ms of wall time")]
async fn a_test_that_waits_for_ever_fails_after_its_limit() {
    wait_for_ever().await;
}

// however far its own time gets.
#[evergreen::test(virtual_time, timeout = "20ms")]
#[should_panic(expected = "the test did not end within 20ms of wall time")]
async fn a_test_in_virtual_time_fails_after_a_limit_of_real_time() {
    loop {
        sleep(HOUR).await;
    }
}

//
#[evergreen::test(virtual_time, timeout = "20ms")]
#[should_panic(expected = "20ms of wall time; its virtual time is frozen by a blocking job, \
                           KeepAlive or freeze")]
async fn a_test_that_is_frozen_for_ever_is_told_so() {
    let _frozen = VirtualClock::current().freeze();
    sleep(1.0).await;
}

// a limit that ended a test names the tasks that were left, and leaves nothing of them.
#[test]
fn a_test_that_is_late_is_cleaned_up() {
    let began = Instant::now();
    let payload = catch_unwind(a_test_that_waits_for_ever_fails_after_its_limit).unwrap_err();
    let text = payload.downcast_ref::<String>().unwrap();
    let tasks: Vec<_> = text.lines().skip(1).collect();
    assert!(tasks.len() == 1 && tasks[0].contains("test_options.rs"), "{text}");
    assert!(began.elapsed() >= Duration::from_millis(20));
    TRACE.with(|trace| trace.assert_eq(["test dropped", "task dropped"]));
    assert!(EventLoop::try_current().is_none());
}

// the time of a loop that is there cannot be made virtual.
#[test]
fn virtual_time_needs_a_loop_of_its_own() {
    let event_loop = EventLoop::new().unwrap();
    let payload = catch_unwind(an_hour_passes_at_once).unwrap_err();
    let text = payload.downcast_ref::<&str>();
    let expected = "this thread has an event loop: a test in virtual time makes its own";
    assert_eq!(text, Some(&expected));
    event_loop.destroy().unwrap();
}

// without it, the loop that is there is used and kept.
#[test]
fn a_limit_is_kept_on_the_loop_that_is_there() {
    let event_loop = EventLoop::new().unwrap();
    a_limit_alone_leaves_time_real().unwrap();
    catch_unwind(a_test_that_waits_for_ever_fails_after_its_limit).unwrap_err();
    assert!(!event_loop.is_closed() && !event_loop.is_running());
    event_loop.destroy().unwrap();
}
