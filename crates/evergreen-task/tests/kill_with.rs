//! Kills with a reason: who hears of it, and that somebody does exactly once (EV-TASK-13).

mod common;

use std::error::Error;
use std::fmt;
use std::future::pending;
use std::thread;

use common::{TestLoop, Trace, reports, settle};
use evergreen_loop::EventLoop;
use evergreen_task::{JoinError, RemoteTasks, Task, catch_kill, current, spawn, yield_now};

const UNPLUGGED: &str = "Task victim was killed: unplugged";

/// A task that waits for good, and has had its first turn.
fn victim(event_loop: &EventLoop) -> Task<()> {
    let task = Task::builder().name("victim").spawn(pending::<()>());
    settle(event_loop);
    task
}

fn reason_of(event_loop: &EventLoop, task: Task<()>) -> String {
    match event_loop.block_on(task) {
        Err(JoinError::KilledWith(reason)) => reason.to_string(),
        other => format!("{other:?}"),
    }
}

#[derive(Debug)]
struct Unplugged(u8);

impl fmt::Display for Unplugged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unplugged at port {}", self.0)
    }
}

impl Error for Unplugged {}

// EV-TASK-13
#[test]
fn who_awaits_the_task_has_the_reason_and_nobody_else_hears_of_it() {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    let mut task = victim(&event_loop);
    task.kill_with(Unplugged(3));
    let error = event_loop.block_on(&mut task).unwrap_err();
    assert!(error.is_exit());
    assert_eq!(error.to_string(), "the task was killed: unplugged at port 3");
    let source = error.source().and_then(|source| source.downcast_ref::<Unplugged>());
    assert!(matches!(source, Some(Unplugged(3))));
    drop((error, task));
    settle(&event_loop);
    assert_eq!(reported.take(), Vec::<String>::new());
}

// EV-TASK-13, EV-TASK-08: the same drop as of any kill, in the killer's turn.
#[test]
fn the_future_is_dropped_in_the_turn_of_the_kill() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let task = spawn(common::waiting(&trace, "future"));
    settle(&event_loop);
    event_loop.call_soon(trace.noting("queued before"));
    task.kill_with("unplugged");
    event_loop.call_soon(trace.noting("queued after"));
    settle(&event_loop);
    assert_eq!(trace.take(), ["queued before", "future dropped", "queued after"]);
}

// EV-TASK-13
#[test]
fn a_reason_that_nobody_takes_is_reported_once() {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);

    let task = victim(&event_loop);
    task.kill_with("unplugged");
    drop(task);
    assert_eq!(reported.take(), Vec::<String>::new());
    settle(&event_loop);
    assert_eq!(reported.take(), [UNPLUGGED], "no handle when the task ended");

    let task = victim(&event_loop);
    task.kill_with("unplugged");
    settle(&event_loop);
    assert_eq!(event_loop.block_on(task.join()), Ok(true));
    assert_eq!(reported.take(), Vec::<String>::new(), "joining takes no reason");
    drop(task);
    settle(&event_loop);
    assert_eq!(reported.take(), [UNPLUGGED], "the handle was dropped unread");
}

// EV-TASK-13: the report says where the task was made.
#[test]
fn a_report_of_a_reason_names_the_place_of_the_task() {
    let (event_loop, places) = (TestLoop::new(), Trace::new());
    let noting = places.clone();
    event_loop.set_exception_handler(move |context: &evergreen_loop::ErrorContext| {
        noting.note(context.location().expect("a place").line());
    });
    let task = spawn(pending::<()>());
    let line = task.spawned_at().line().to_string();
    task.kill_with("unplugged");
    settle(&event_loop);
    drop(task);
    assert_eq!(places.take(), [line]);
}

/// Two kills, and the reason that comes out of them.
fn reason_after(parked: bool, kills: impl FnOnce(&Task<()>)) -> (String, Vec<String>) {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    let task = if parked { victim(&event_loop) } else { spawn(pending::<()>()) };
    kills(&task);
    let reason = reason_of(&event_loop, task);
    (reason, reported.take())
}

// EV-TASK-14: "the first reason stands", also before the first run.
#[test]
fn the_first_of_several_reasons_counts() {
    let plain = "Err(JoinError(the task was killed))".to_owned();
    for parked in [true, false] {
        let with_two = |task: &Task<()>| {
            task.kill_with("first");
            task.kill_with("second");
        };
        assert_eq!(reason_after(parked, with_two), ("first".to_owned(), vec![]));
        let with_first = |task: &Task<()>| {
            task.kill_with("first");
            task.kill();
        };
        assert_eq!(reason_after(parked, with_first), ("first".to_owned(), vec![]));
        let with_second = |task: &Task<()>| {
            task.kill();
            task.kill_with("second");
        };
        assert_eq!(reason_after(parked, with_second), (plain.clone(), vec![]));
    }
}

// EV-TASK-09, EV-TASK-13
#[test]
fn a_task_that_has_not_begun_never_does_and_gives_the_reason() {
    let event_loop = TestLoop::new();
    let unstarted = Task::new(async { unreachable!("killed before") });
    unstarted.kill_with("unplugged");
    unstarted.start().unwrap();
    assert_eq!(reason_of(&event_loop, unstarted), "unplugged");
    let queued = spawn(async { unreachable!("killed before") });
    queued.kill_with("unplugged");
    assert_eq!(reason_of(&event_loop, queued), "unplugged");
}

// EV-TASK-13, D-8
#[test]
fn no_scope_catches_a_kill_with_a_reason() {
    for plain_kill_before in [false, true] {
        let event_loop = TestLoop::new();
        let task = spawn(async {
            catch_kill(catch_kill(pending::<()>())).await.ok();
            unreachable!("no scope catches it");
        });
        settle(&event_loop);
        if plain_kill_before {
            task.kill();
        }
        task.kill_with("unplugged");
        // A turn behind both: the plain kill is on its way to a scope when the other comes.
        task.task_ref().wake();
        assert_eq!(reason_of(&event_loop, task), "unplugged");
    }
}

// EV-TASK-11, -12
#[test]
fn the_value_of_a_task_that_ends_first_is_not_lost_nor_the_reason_reported() {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    let task = spawn(async {
        current().expect("a task").kill_with("too late");
        7
    });
    settle(&event_loop);
    task.kill_with("far too late");
    assert_eq!(event_loop.block_on(task).unwrap(), 7);
    let unread = spawn(async { current().expect("a task").kill_with("too late") });
    settle(&event_loop);
    drop(unread);
    settle(&event_loop);
    assert_eq!(reported.take(), Vec::<String>::new());
}

// EV-TASK-11
#[test]
fn a_task_may_kill_itself_with_a_reason() {
    let event_loop = TestLoop::new();
    let task = spawn(async {
        current().expect("a task").kill_with("enough");
        yield_now().await;
    });
    assert_eq!(reason_of(&event_loop, task), "enough");
}

/// A task of another thread that ends by a kill with a reason.
async fn unplugged() {
    current().expect("a task").kill_with("unplugged");
    yield_now().await;
}

// EV-TASK-13, D-7, D-10: the sink is the loop's, and is told on the loop's thread.
#[test]
fn a_reason_unread_on_another_thread_is_reported_to_the_loop() {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    let task = event_loop.remote().spawn_from_thread(unplugged()).unwrap();
    let report = format!("Task Task-{} was killed: unplugged", task.id());
    settle(&event_loop);
    assert!(task.is_finished());
    thread::spawn(move || drop(task)).join().expect("no panic");
    assert_eq!(reported.take(), Vec::<String>::new());
    settle(&event_loop);
    assert_eq!(reported.take(), [report]);
}

// EV-TASK-13: the handle is dropped before, at and after the end of its task.
#[test]
fn no_reason_is_lost_or_told_twice_when_the_handle_goes_while_the_task_ends() {
    const ROUNDS: usize = 1_000;
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    let remote = event_loop.remote();
    let thread = thread::spawn(move || {
        for round in 0..ROUNDS {
            let task = remote.spawn_from_thread(unplugged()).expect("the loop exists");
            // Every other one as soon as it has ended, or while it does.
            while round % 2 == 1 && !task.is_finished() {
                thread::yield_now();
            }
            drop(task);
        }
        remote.call_from_thread(|| ()).expect("the loop exists");
        remote.stop().expect("the loop exists");
    });
    // The loop does not sleep, so that the first turn comes at once.
    let busy = event_loop.idle(|| ());
    event_loop.run_forever().unwrap();
    drop(busy);
    thread.join().expect("no panic");
    settle(&event_loop);
    assert_eq!(reported.take().len(), ROUNDS);
}

// EV-TASK-13, EV-LOOP-21
#[test]
fn a_reason_that_outlives_its_loop_is_still_there_to_be_read() {
    let event_loop = TestLoop::new();
    let (read, unread) = (victim(&event_loop), victim(&event_loop));
    read.kill_with("unplugged");
    unread.kill_with("unplugged");
    settle(&event_loop);
    event_loop.destroy().unwrap();
    let next = TestLoop::new();
    let reported = reports(&next);
    drop(unread);
    assert_eq!(reason_of(&next, read), "unplugged");
    // This loop has nothing to do with it.
    assert_eq!(reported.take(), Vec::<String>::new());
}
