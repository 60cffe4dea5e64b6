//! Traces and suspension checks say what was wrong, and where.

use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use evergreen_task::yield_now;
use evergreen_testing::{
    OnDrop, TestLoop, Trace, must_not_suspend, must_suspend, poll_once, polled,
};

/// What `f` panics with.
fn panic_of(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("a panic");
    payload.downcast_ref::<String>().cloned().expect("a text")
}

#[test]
fn a_trace_is_one_list_for_all_its_clones_and_threads() {
    let trace = Trace::new();
    let on_thread = trace.clone();
    trace.note("first");
    std::thread::spawn(move || on_thread.note(2)).join().expect("no panic");
    drop(trace.on_drop(format_args!("{}rd", 3)));
    (trace.noting("again"))();
    assert_eq!(format!("{trace:?}"), r#"["first", "2", "3rd", "again"]"#);
    assert_eq!((trace.count("first"), trace.count("none")), (1, 0));
    trace.assert_eq(["first", "2", "3rd", "again"]);
    assert_eq!(trace.take(), [""; 0]);
}

#[test]
fn a_trace_that_differs_is_shown_whole() {
    let trace = Trace::new();
    ["a", "x", "c"].into_iter().for_each(|word| trace.note(word));
    let text = panic_of(|| trace.assert_eq(["a", "b", "c"]));
    assert_eq!(text, "the trace is another one:\n    a\n  - b\n  + x\n    c\n");
}

#[test]
fn a_trace_takes_what_the_loop_reports() {
    let event_loop = TestLoop::new();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.call_soon(|| panic!("on purpose"));
    event_loop.run().expect("a run");
    trace.assert_eq(["Callback: panicked: on purpose"]);
}

#[test]
fn what_must_suspend_gives_its_output_if_it_does() {
    evergreen_loop::block_on(async {
        must_suspend(yield_now()).await;
        assert_eq!(
            must_suspend(async {
                yield_now().await;
                1
            })
            .await,
            1
        );
        assert_eq!(must_not_suspend(ready(2)).await, 2);
        assert_eq!(
            must_suspend(must_suspend(async {
                yield_now().await;
                3
            }))
            .await,
            3
        );
    });
}

#[test]
fn what_does_otherwise_is_named_by_its_place() {
    let here = |line: u32| format!("what {}:{line}:", file!());
    let line = line!() + 1;
    let text = panic_of(|| assert!(poll_once(&mut Box::pin(must_suspend(ready(())))).is_ready()));
    assert!(text.starts_with(&here(line)), "{text}");
    assert!(text.ends_with("awaits was done at once: it must suspend"), "{text}");
    let line = line!() + 1;
    let never = must_not_suspend(pending::<()>());
    let text = panic_of(|| assert!(poll_once(&mut Box::pin(never)).is_ready()));
    assert!(text.starts_with(&here(line)), "{text}");
    assert!(text.ends_with("awaits has suspended: it must be done at once"), "{text}");
}

#[test]
fn polling_by_hand_tells_what_came_of_it() {
    assert_eq!(poll_once(&mut ready(1)), Poll::Ready(1));
    assert_eq!(poll_once(&mut pending::<u8>()), Poll::Pending);
    evergreen_loop::block_on(async {
        let mut waiting = Box::pin(yield_now());
        assert_eq!(must_not_suspend(polled(&mut waiting)).await, Poll::Pending);
        waiting.await;
    });
}

#[test]
fn a_test_loop_leaves_room_for_the_next() {
    let trace = Trace::new();
    for _ in 0..2 {
        let event_loop = TestLoop::new();
        let dropped = trace.on_drop("dropped");
        event_loop.call_later(3600.0, move || drop(dropped));
    }
    let destroyed_before = TestLoop::of(evergreen_loop::EventLoop::new().expect("room"));
    destroyed_before.destroy().expect("not running");
    drop(destroyed_before);
    drop(OnDrop::new(|| trace.note("end")));
    trace.assert_eq(["dropped", "dropped", "end"]);
}
