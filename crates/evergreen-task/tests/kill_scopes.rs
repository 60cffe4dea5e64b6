//! Scopes that take a kill in their task's stead: which one, when, and what runs in which order.

mod common;

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;

use common::{TestLoop, Trace, settle, waiting};
use evergreen_loop::EventLoop;
use evergreen_task::{
    RemoteTasks, Task, TaskExit, catch_kill, current, sleep, spawn, timeout, yield_now,
};

/// A task in one scope that notes what it gets there, and then waits for good.
fn scoped(trace: &Trace) -> Task<()> {
    let (noting, wait) = (trace.clone(), waiting(trace, "scope"));
    let guard = trace.on_drop("task dropped");
    spawn(async move {
        let _guard = guard;
        noting.note(format_args!("{:?}", catch_kill(wait).await));
        sleep(0.0).await;
        noting.note("cleaned up");
        pending::<()>().await;
    })
}

// EV-TASK-16, D-8
#[test]
fn a_scope_takes_the_kill_in_its_turn_and_its_future_is_gone_before_the_task_goes_on() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let task = scoped(&trace);
    settle(&event_loop);
    event_loop.call_soon(trace.noting("queued before"));
    task.kill();
    event_loop.call_soon(trace.noting("queued after"));
    settle(&event_loop);
    assert_eq!(
        trace.take(),
        ["queued before", "scope dropped", "Err(TaskExit)", "queued after", "cleaned up"]
    );
    assert!(!task.is_finished());
    task.kill();
    settle(&event_loop);
    assert_eq!(trace.take(), ["task dropped"]);
}

// EV-TASK-14
#[test]
fn a_second_kill_ends_the_task_at_the_suspension_after_the_scope() {
    for woken in [false, true] {
        let (event_loop, trace) = (TestLoop::new(), Trace::new());
        let task = scoped(&trace);
        settle(&event_loop);
        task.kill();
        task.kill();
        if woken {
            // Its turn stands behind both kills.
            task.task_ref().wake();
        }
        settle(&event_loop);
        let expected = ["scope dropped", "Err(TaskExit)", "task dropped"];
        assert_eq!(trace.take(), expected, "woken: {woken}");
        assert!(event_loop.block_on(task).unwrap_err().is_exit());
    }
}

// EV-TASK-14, D-8
#[test]
fn nested_scopes_take_one_kill_each_from_the_inside_out() {
    for together in [false, true] {
        let (event_loop, trace) = (TestLoop::new(), Trace::new());
        let noting = trace.clone();
        let wait = waiting(&trace, "inner");
        let task = spawn(async move {
            let _guard = noting.on_drop("task dropped");
            let outer = catch_kill(async {
                noting.note(format_args!("inner {:?}", catch_kill(wait).await));
                pending::<()>().await;
            });
            noting.note(format_args!("outer {:?}", outer.await));
            pending::<()>().await;
        });
        settle(&event_loop);
        for _ in 0..3 {
            task.kill();
            if !together {
                settle(&event_loop);
            }
        }
        task.task_ref().wake();
        settle(&event_loop);
        let expected =
            ["inner dropped", "inner Err(TaskExit)", "outer Err(TaskExit)", "task dropped"];
        assert_eq!(trace.take(), expected, "together: {together}");
    }
}

// EV-TASK-11, EV-TASK-16
#[test]
fn a_task_that_kills_itself_in_a_scope_is_caught_at_its_next_suspension() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = trace.clone();
    let task = spawn(async move {
        let caught = catch_kill(async {
            current().expect("a task").kill();
            noting.note("goes on");
            yield_now().await;
            noting.note("unreachable");
        });
        assert_eq!(caught.await, Err(TaskExit));
        7
    });
    assert_eq!(event_loop.block_on(task).unwrap(), 7);
    assert_eq!(trace.take(), ["goes on"]);
}

// EV-TASK-11: the scope was over before the kill's turn, so it is no longer there to take it.
#[test]
fn a_scope_that_has_its_value_first_leaves_the_kill_to_the_task() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = trace.clone();
    let task = spawn(async move {
        let value = catch_kill(async {
            current().expect("a task").kill();
            7
        });
        noting.note(format_args!("{:?}", value.await));
        yield_now().await;
        noting.note("unreachable");
    });
    assert!(event_loop.block_on(task).unwrap_err().is_exit());
    assert_eq!(trace.take(), ["Ok(7)"]);
}

/// What a scope gives whose value comes in the same pass as the kill.
fn value_beside_a_kill(kill_first: bool) -> Result<u8, TaskExit> {
    let event_loop = TestLoop::new();
    let value = Rc::new(Cell::new(None));
    let arrives = Rc::clone(&value);
    let wait = poll_fn(move |_| arrives.get().map_or(Poll::Pending, Poll::Ready));
    let task = spawn(async move { catch_kill(wait).await });
    settle(&event_loop);
    if kill_first {
        task.kill();
    }
    value.set(Some(7));
    task.task_ref().wake();
    if !kill_first {
        task.kill();
    }
    event_loop.block_on(task).expect("the kill is caught, or too late")
}

// EV-TASK-08, D-2: what came first counts.
#[test]
fn of_a_value_and_a_kill_in_one_pass_the_scope_gives_what_was_queued_first() {
    assert_eq!(value_beside_a_kill(false), Ok(7));
    assert_eq!(value_beside_a_kill(true), Err(TaskExit));
}

// EV-LOOP-21: the end of the loop is no kill that a scope may take.
#[test]
fn the_end_of_the_loop_ends_a_task_in_its_scope() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let task = scoped(&trace);
    settle(&event_loop);
    event_loop.destroy().unwrap();
    assert!(task.is_finished());
    assert_eq!(trace.take(), ["scope dropped", "task dropped"]);
}

// EV-TASK-16, EV-TMO-09
#[test]
fn a_limit_in_a_scope_is_dropped_by_the_kill_with_its_timer() {
    let event_loop = TestLoop::new();
    let task = spawn(async {
        let mut scope = pin!(catch_kill(timeout(3600.0, sleep(3600.0))));
        assert_eq!(scope.as_mut().await, Err(TaskExit));
        // The scope itself is still here.
        EventLoop::current().expect("it runs this").metrics().timers
    });
    settle(&event_loop);
    assert_eq!(event_loop.metrics().timers, 2);
    task.kill();
    assert_eq!(event_loop.block_on(task).unwrap(), 0);
}

// D-8: a limit is no kill, and no scope catches it.
#[test]
fn a_scope_that_a_limit_has_dropped_takes_no_kill() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let (noting, wait) = (trace.clone(), waiting(&trace, "scope"));
    let task = spawn(async move {
        let passed = timeout(0.0, catch_kill(wait)).await;
        noting.note(format_args!("limit passed: {}", passed.is_err()));
        pending::<()>().await;
    });
    settle(&event_loop);
    let polls = task.task_ref().polls();
    task.kill();
    settle(&event_loop);
    assert_eq!(trace.take(), ["scope dropped", "limit passed: true"]);
    // It ended without a look at a scope.
    assert_eq!((task.is_finished(), task.task_ref().polls()), (true, polls));
}

// EV-TASK-16
#[test]
fn outside_of_tasks_a_scope_passes_the_output_through() {
    let event_loop = TestLoop::new();
    let value = event_loop.block_on(catch_kill(async {
        yield_now().await;
        7
    }));
    assert_eq!(value, Ok(7));
    let mut by_hand = Box::pin(catch_kill(async { 8 }));
    assert_eq!(common::poll_once(&mut by_hand), Poll::Ready(Ok(8)));
}

// EV-TASK-16, D-10
#[test]
fn a_scope_takes_a_kill_from_another_thread() {
    let event_loop = TestLoop::new();
    let (parks, parked) = mpsc::channel();
    let task = event_loop.remote().spawn_from_thread(async move {
        let caught = catch_kill(async {
            parks.send(()).expect("somebody waits");
            pending::<()>().await;
        });
        caught.await
    });
    let killer = thread::spawn(move || {
        let task = task.expect("the loop exists");
        parked.recv().expect("it parks");
        task.kill().expect("the loop exists");
        task
    });
    let hold = event_loop.keep_alive();
    let task = event_loop.block_on(event_loop.run_blocking(move || killer.join())).unwrap();
    drop(hold);
    assert_eq!(event_loop.block_on(task.expect("no panic")).unwrap(), Err(TaskExit));
}

// EV-TASK-16: a scope may be killed again and again, as a worker's loop is.
#[test]
fn each_round_of_a_loop_may_have_a_scope() {
    let event_loop = TestLoop::new();
    let task = spawn(async {
        let mut caught = 0;
        while caught < 3 {
            caught += usize::from(catch_kill(pending::<()>()).await.is_err());
        }
        caught
    });
    for _ in 0..3 {
        settle(&event_loop);
        task.kill();
    }
    assert_eq!(event_loop.block_on(task).unwrap(), 3);
}
