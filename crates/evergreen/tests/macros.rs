//! The attribute macros against the real crate, also under another name.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

extern crate evergreen as renamed;

use std::cell::RefCell;
use std::num::ParseIntError;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

use evergreen::{EventLoop, Task, TaskState, sleep, spawn, yield_now};

#[evergreen::main]
async fn answer() -> u8 {
    let half = spawn(async { 21 });
    half.await.expect("neither killed nor panicked") * 2
}

//
#[test]
fn a_main_function_runs_its_body_on_a_loop_of_its_own() {
    assert_eq!(answer(), 42);
    // The loop is gone, so there is room for the next.
    assert!(EventLoop::try_current().is_none());
    assert_eq!(answer(), 42);
}

//
#[test]
fn a_main_function_uses_the_loop_that_is_there_and_keeps_it() {
    let event_loop = EventLoop::new().unwrap();
    assert_eq!(answer(), 42);
    assert!(!event_loop.is_closed() && event_loop.metrics().turns > 0);
    event_loop.destroy().unwrap();
}

#[evergreen::main]
async fn parsed() -> Result<u8, ParseIntError> {
    let seven: u8 = "7".parse()?;
    let none: u8 = "x".parse()?;
    Ok(seven + none)
}

//
#[test]
fn a_main_function_may_use_the_question_mark() {
    assert_eq!(parsed().unwrap_err().to_string(), "invalid digit found in string");
}

thread_local! {
    static TRACE: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

fn note(what: &'static str) {
    TRACE.with_borrow_mut(|trace| trace.push(what));
}

struct OnDrop(&'static str);

impl Drop for OnDrop {
    fn drop(&mut self) {
        note(self.0);
    }
}

#[evergreen::main]
async fn leaves_a_task() {
    let guard = OnDrop("task dropped");
    spawn(async move {
        let _guard = guard;
        sleep(3600.0).await;
    });
    yield_now().await;
    note("main returns");
}

//
#[test]
fn tasks_that_are_left_when_main_returns_are_dropped() {
    leaves_a_task();
    note("main has returned");
    assert_eq!(TRACE.take(), ["main returns", "task dropped", "main has returned"]);
}

//
// EV-LOOP-03
#[evergreen::test]
async fn a_test_has_a_loop() {
    let event_loop = evergreen::current::event_loop().unwrap();
    assert!(event_loop.is_running());
    assert!(evergreen::current::task().is_none());
    sleep(0.001).await;
}

#[evergreen::test]
async fn a_test_may_return_a_result() -> Result<(), Box<dyn std::error::Error>> {
    let seven: u8 = "7".parse()?;
    assert_eq!(spawn(async move { seven }).await?, 7);
    Ok(())
}

#[evergreen::test]
#[should_panic(expected = "on purpose")]
async fn a_test_may_be_expected_to_panic() {
    yield_now().await;
    panic!("on purpose");
}

#[renamed::main(crate = "renamed")]
async fn under_another_name() -> u8 {
    doubled_under_another_name(21).await.unwrap()
}

#[renamed::task(crate = "renamed")]
async fn doubled_under_another_name(number: u8) -> u8 {
    number * 2
}

#[renamed::test(crate = "renamed")]
async fn a_test_may_name_the_crate() {
    assert_eq!(doubled_under_another_name(1).await.unwrap(), 2);
}

#[test]
fn the_crate_may_have_another_name() {
    assert_eq!(under_another_name(), 42);
}

/// What is greeted, and how long it is.
#[evergreen::task]
async fn greet(name: String, (mut count, _): (usize, u8)) -> usize {
    note("greeted");
    count += name.len();
    count
}

// EV-TASK-21
#[evergreen::test]
async fn calling_a_task_function_spawns_it_and_returns_its_task() {
    let task: Task<usize> = greet("ada".to_owned(), (1, 0));
    note("called");
    assert_eq!(task.state(), TaskState::Started);
    assert_eq!(task.await.unwrap(), 4);
    assert_eq!(TRACE.take(), ["called", "greeted"]);
}

// EV-TASK-21, EV-TASK-18
#[evergreen::test]
async fn a_task_function_is_spawned_where_it_is_called() {
    let here = Location::caller();
    let task = greet(String::new(), (0, 0));
    assert_eq!(task.spawned_at().line(), line!() - 1);
    assert_eq!(task.spawned_at().file(), here.file());
    task.await.unwrap();
    TRACE.take();
}

#[evergreen::task]
async fn first_of<T: Clone + 'static>(values: Vec<T>) -> Result<T, &'static str> {
    let first = values.first().ok_or("none")?;
    Ok(first.clone())
}

// EV-TASK-21
#[evergreen::test]
async fn a_task_function_may_be_generic_and_use_the_question_mark() {
    assert_eq!(first_of(vec![1, 2]).await.unwrap(), Ok(1));
    assert_eq!(first_of::<u8>(vec![]).await.unwrap(), Err("none"));
}

#[evergreen::task]
async fn holds(_guard: OnDrop, _: OnDrop) {
    yield_now().await;
    note("body ends");
}

// EV-TASK-27
#[evergreen::test]
async fn arguments_are_dropped_when_the_task_ends() {
    let task = holds(OnDrop("named"), OnDrop("unnamed"));
    note("called");
    task.await.unwrap();
    let mut seen = TRACE.take();
    seen[2..].sort_unstable();
    assert_eq!(seen, ["called", "body ends", "named", "unnamed"]);
}

struct Session {
    name: String,
}

impl Session {
    #[evergreen::task]
    async fn serve(self: Rc<Self>, times: usize) -> String {
        yield_now().await;
        self.name.repeat(times)
    }

    #[evergreen::task]
    async fn shared(self: Arc<Self>) -> usize {
        Arc::strong_count(&self)
    }

    #[evergreen::task]
    async fn consume(self) -> String {
        self.name
    }

    #[evergreen::task]
    async fn unused(self: Rc<Self>) {
        yield_now().await;
    }
}

fn session() -> Session {
    Session { name: "a".to_owned() }
}

//
#[evergreen::test]
async fn methods_may_be_tasks_by_any_owner_of_self() {
    let shared = Rc::new(session());
    assert_eq!(Rc::clone(&shared).serve(3).await.unwrap(), "aaa");
    assert_eq!(Arc::new(session()).shared().await.unwrap(), 1);
    assert_eq!(session().consume().await.unwrap(), "a");
    let task = Rc::clone(&shared).unused();
    assert_eq!(Rc::strong_count(&shared), 2);
    task.await.unwrap();
    assert_eq!(Rc::strong_count(&shared), 1);
}
