//! Handles that kill their task when they go, and kills that wait for the end.

mod common;

use std::future::pending;

use common::{TestLoop, Trace, reports, settle, waiting};
use evergreen_task::{Task, TaskError, TaskLocal, catch_kill, sleep, spawn, task_local};

// EV-TASK-08
#[test]
fn dropping_the_handle_kills_the_task_in_its_turn() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let handle = spawn(waiting(&trace, "future")).kill_on_drop();
    settle(&event_loop);
    event_loop.call_soon(trace.noting("queued before"));
    drop(handle);
    event_loop.call_soon(trace.noting("queued after"));
    settle(&event_loop);
    assert_eq!(trace.take(), ["queued before", "future dropped", "queued after"]);
    assert_eq!(event_loop.metrics().tasks, 0);
}

// EV-TASK-08
#[test]
fn a_child_whose_handle_its_parent_owns_ends_with_it() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let child = waiting(&trace, "child");
    let parent = spawn(async move {
        let _child = spawn(child).kill_on_drop();
        pending::<()>().await;
    });
    settle(&event_loop);
    parent.kill();
    settle(&event_loop);
    assert_eq!((trace.take(), event_loop.metrics().tasks), (vec!["child dropped".to_owned()], 0));
}

// EV-TASK-09, EV-TASK-10
#[test]
fn a_task_whose_handle_goes_before_its_first_turn_never_begins() {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    drop(spawn(async { unreachable!("killed before") }).kill_on_drop());
    drop(Task::new(async { unreachable!("never started") }).kill_on_drop());
    settle(&event_loop);
    assert_eq!((event_loop.metrics().tasks, reported.take()), (0, vec![]));
}

// D-9: what it derefs to, and what it gives, is the task's.
#[test]
fn the_handle_is_awaited_and_asked_like_the_task_itself() {
    let event_loop = TestLoop::new();
    let child = Task::builder().name("child").spawn(async {
        sleep(0.001).await;
        7
    });
    let mut handle = child.kill_on_drop();
    assert_eq!((handle.name().as_str(), handle.is_finished()), ("child", false));
    assert_eq!(event_loop.block_on(&mut handle).unwrap(), 7);
    assert!(handle.is_finished());
}

// D-9
#[test]
fn the_task_that_is_taken_out_runs_on() {
    let event_loop = TestLoop::new();
    let task = spawn(async {
        sleep(0.0).await;
        7
    });
    let task = task.kill_on_drop().into_task();
    settle(&event_loop);
    assert_eq!(event_loop.block_on(task).unwrap(), 7);
}

task_local! {
    static GUARD: common::OnDrop<Box<dyn FnMut() + Send>>;
}

// EV-TASK-08, EV-TASK-16
#[test]
fn a_kill_that_waits_returns_when_future_and_locals_are_gone() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let (guard, wait) = (trace.on_drop("local dropped"), waiting(&trace, "future"));
    let task = spawn(async move {
        TaskLocal::set(&GUARD, guard);
        wait.await;
    });
    settle(&event_loop);
    assert_eq!(event_loop.block_on(task.kill_and_wait()), Ok(true));
    assert_eq!(trace.take(), ["future dropped", "local dropped"]);
    // And once more, of a task that has ended.
    assert_eq!(event_loop.block_on(task.kill_and_wait()), Ok(true));
}

// EV-TASK-16
#[test]
fn a_kill_that_waits_waits_for_the_clean_up_of_who_caught_it() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = trace.clone();
    let task = spawn(async move {
        catch_kill(pending::<()>()).await.ok();
        noting.note("begins to clean up");
        sleep(0.001).await;
        noting.note("has cleaned up");
    });
    settle(&event_loop);
    let killed = event_loop.block_on(task.task_ref().kill_and_wait());
    trace.note(format_args!("{killed:?}"));
    assert_eq!(trace.take(), ["begins to clean up", "has cleaned up", "Ok(true)"]);
}

// EV-TASK-10
#[test]
fn a_kill_that_waits_for_an_unstarted_task_is_an_error_and_stands() {
    let event_loop = TestLoop::new();
    let task = Task::new(async { unreachable!("killed before") });
    assert_eq!(event_loop.block_on(task.kill_and_wait()), Err(TaskError::NotStarted));
    task.start().unwrap();
    assert_eq!(event_loop.block_on(task.kill_and_wait()), Ok(true));
}
