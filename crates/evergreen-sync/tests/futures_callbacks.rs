//! What a `Job` calls when it is done: rows EV-FUT-09, EV-FUT-10.

mod common;

use common::{TestLoop, Trace};
use evergreen_sync::futures::promise;

// EV-FUT-09
#[test]
fn callbacks_run_in_the_order_of_adding_before_the_promise_is_gone() {
    let trace = Trace::new();
    let (promise, job) = promise();
    for name in ["a", "b"] {
        let notes = trace.clone();
        job.add_done_callback(move |job| notes.note(format_args!("{name}: {job:?}")));
    }
    promise.set_result(1).expect("not cancelled");
    trace.assert_eq(["a: Job<i32>(finished)", "b: Job<i32>(finished)"]);
    let notes = trace.clone();
    job.add_done_callback(move |_| notes.note("late"));
    trace.assert_eq(["late"]);
    assert!(!job.cancel());
    trace.assert_eq([]);
}

// EV-FUT-09, R-13
#[test]
fn a_callback_may_take_the_result_and_add_another() {
    let trace = Trace::new();
    let (promise, job) = promise();
    let notes = trace.clone();
    job.add_done_callback(move |job| {
        notes.note(format_args!("{:?}", job.try_get().expect("done")));
        let inside = notes.clone();
        job.add_done_callback(move |_| inside.note("inside"));
        notes.note("after");
    });
    let last = trace.clone();
    job.add_done_callback(move |_| last.note("last"));
    promise.set_result(1).expect("not cancelled");
    trace.assert_eq(["Ok(1)", "inside", "after", "last"]);
}

// EV-FUT-10, D-7: in both cases alike.
#[test]
fn a_callback_that_panics_is_reported_and_the_others_run() {
    let event_loop = TestLoop::new();
    let trace = Trace::new().of_errors(&event_loop);
    let (promise, job) = promise();
    job.add_done_callback(|_| panic!("first"));
    let notes = trace.clone();
    job.add_done_callback(move |_| notes.note("second"));
    promise.set_result(1).expect("not cancelled");
    trace.assert_eq(["Callback: panicked: first", "second"]);
    job.add_done_callback(|_| panic!("late"));
    trace.assert_eq(["Callback: panicked: late"]);
    assert!(matches!(job.try_get(), Some(Ok(1))));
}

// EV-FUT-10: there may be no loop to tell.
#[test]
fn a_callback_that_panics_without_a_loop_keeps_nobody_either() {
    let trace = Trace::new();
    let (promise, job) = promise::<u32>();
    job.add_done_callback(|_| panic!("without a loop"));
    job.add_done_callback({
        let notes = trace.clone();
        move |_| notes.note("second")
    });
    drop(promise);
    trace.assert_eq(["second"]);
}
