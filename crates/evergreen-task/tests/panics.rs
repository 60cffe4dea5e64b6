//! Panics where a task ends: in destructors, in outputs, in wakers. F13 of the fault catalogue.

mod common;

use std::future::{Future, pending};
use std::panic::panic_any;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use common::{Bomb, TestLoop, Trace, Wakes, reports};
use evergreen_task::{JoinError, Local, Task, spawn, yield_now};

// F13, EV-TASK-08
#[test]
fn a_destructor_that_panics_in_a_kill_is_reported_and_joiners_wake() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let reported = reports(&event_loop);
    let noting = trace.clone();
    let victim = Task::builder().name("victim").spawn(async move {
        let _outer = noting.on_drop("the other locals are dropped");
        let _bomb = Bomb("in a destructor");
        pending::<()>().await;
    });
    let (joined, task_ref) = (trace.clone(), victim.task_ref());
    spawn(async move { joined.note(format_args!("joined {:?}", task_ref.join().await)) });
    let killed = victim.task_ref();
    event_loop.call_soon(move || killed.kill());
    event_loop.call_soon(trace.noting("queued before the kill's turn"));
    event_loop.run().unwrap();
    assert_eq!(
        trace.take(),
        ["queued before the kill's turn", "the other locals are dropped", "joined Ok(true)"]
    );
    assert_eq!(reported.take(), ["Task victim panicked: in a destructor"]);
    assert!(event_loop.block_on(victim).unwrap_err().is_exit());
}

// F13
#[test]
fn a_destructor_that_panics_after_the_end_does_not_take_the_output() {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    let bomb = Bomb("in a capture");
    let task = Task::builder().name("task").spawn(async move {
        let _captured = &bomb;
        7
    });
    // The locals of an async block go in its last poll: that is a panic of the task itself.
    let error = event_loop.block_on(task).unwrap_err();
    assert_eq!(error.to_string(), "the task panicked: in a capture");
    assert_eq!(reported.take(), ["Task task panicked: in a capture"]);

    let task = Task::builder().name("future").spawn(ReadyBomb(None));
    assert_eq!(event_loop.block_on(task).unwrap(), 7);
    assert_eq!(reported.take(), ["Task future panicked: in the future"]);
}

/// Is ready at once, and panics when it is dropped afterwards.
struct ReadyBomb(Option<Bomb>);

impl Future for ReadyBomb {
    type Output = u8;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u8> {
        self.0 = Some(Bomb("in the future"));
        Poll::Ready(7)
    }
}

/// Panics when it is polled and when it is dropped.
struct Twice;

impl Future for Twice {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        panic!("in poll");
    }
}

impl Drop for Twice {
    fn drop(&mut self) {
        panic!("in drop");
    }
}

// F13
#[test]
fn a_task_that_panics_and_whose_future_panics_again_is_reported_twice() {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    let task = Task::builder().name("task").spawn(Twice);
    let error = event_loop.block_on(task).unwrap_err();
    assert_eq!(error.to_string(), "the task panicked: in poll");
    assert_eq!(reported.take(), ["Task task panicked: in poll", "Task task panicked: in drop"]);
}

// F13
#[test]
fn an_output_that_nobody_takes_is_dropped_in_the_task_and_its_panic_is_reported() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let reported = reports(&event_loop);
    let task = Task::builder().name("task");
    drop(task.spawn(async { Bomb("in the output") }));
    event_loop.call_soon(trace.noting("the loop goes on"));
    event_loop.run().unwrap();
    assert_eq!(reported.take(), ["Task task panicked: in the output"]);
    assert_eq!(trace.take(), ["the loop goes on"]);
}

// F13, EV-TASK-27
#[test]
fn an_output_that_nobody_takes_is_dropped_before_joiners_wake() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let output = trace.on_drop("output dropped");
    let task = spawn(async move { output });
    let (noting, task_ref) = (trace.clone(), task.task_ref());
    drop(task);
    spawn(async move {
        task_ref.join().await.unwrap();
        noting.note("joined");
    });
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["output dropped", "joined"]);
}

/// A payload that panics with another one of its kind.
struct Nested;

impl Drop for Nested {
    fn drop(&mut self) {
        panic_any(Bomb("in the inner payload"));
    }
}

// F13
#[test]
fn a_panic_whose_payload_panics_when_it_is_dropped_does_not_stop_the_loop() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let reported = reports(&event_loop);
    let named = |name| Task::builder().name(name);
    drop(named("detached").spawn(async { panic_any(Bomb("in the payload")) }));
    drop(named("nested").spawn(async { panic_any(Nested) }));
    let task = named("awaited").spawn(async { panic_any(Bomb("kept")) });
    event_loop.call_soon(trace.noting("the loop goes on"));
    let error = event_loop.block_on(task).unwrap_err();
    assert_eq!(error.to_string(), "the task panicked: a value that is no text");
    let JoinError::Panicked(panic) = error else { panic!("it panicked") };
    let bomb = panic.into_payload().downcast::<Bomb>().unwrap();
    assert_eq!(bomb.0, "kept");
    std::panic::catch_unwind(move || drop(bomb)).unwrap_err();
    assert_eq!(trace.take(), ["the loop goes on"]);
    assert_eq!(
        reported.take(),
        [
            "Task detached panicked: a value that is no text",
            "Task detached panicked: in the payload",
            "Task nested panicked: a value that is no text",
            "Task nested panicked: a value that is no text",
            "Task awaited panicked: a value that is no text",
        ]
    );
}

struct PanickingWaker;

impl Wake for PanickingWaker {
    fn wake(self: Arc<Self>) {
        panic!("in a waker");
    }
}

// F13
#[test]
fn a_joiner_whose_waker_panics_does_not_keep_the_others_asleep() {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    let task = Task::builder().name("task").spawn(yield_now());
    let (mut bad, mut good) = (task.join(), task.join());
    let panicking = Waker::from(Arc::new(PanickingWaker));
    assert!(Pin::new(&mut bad).poll(&mut Context::from_waker(&panicking)).is_pending());
    let (wakes, waker) = Wakes::new();
    assert!(Pin::new(&mut good).poll(&mut Context::from_waker(&waker)).is_pending());
    event_loop.run().unwrap();
    assert_eq!(wakes.count(), 1);
    assert_eq!(reported.take(), ["Task task panicked: in a waker"]);
    assert!(task.is_finished());
}

// F13, EV-LOC-05
#[test]
fn a_local_that_panics_when_it_is_dropped_does_not_keep_the_other_locals() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let reported = reports(&event_loop);
    let (first, second) = (Rc::new(Local::new()), Rc::new(Local::new()));
    let (bad, good) = (Rc::clone(&first), Rc::clone(&second));
    let guard = trace.on_drop("second local dropped");
    let task = Task::builder().name("task").spawn(async move {
        bad.set(Bomb("in a local"));
        good.set(guard);
    });
    let (noting, task_ref) = (trace.clone(), task.task_ref());
    spawn(async move { noting.note(format_args!("joined {:?}", task_ref.join().await)) });
    event_loop.run().unwrap();
    assert_eq!(reported.take(), ["Task task panicked: in a local"]);
    assert_eq!(trace.take(), ["second local dropped", "joined Ok(true)"]);
}
