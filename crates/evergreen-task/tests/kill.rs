//! Killing tasks: what runs, what is dropped, and in which order.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use common::{TestLoop, Trace, reports};
use evergreen_loop::{EventLoop, LoopError};
use evergreen_task::{
    JoinError, RemoteTask, RemoteTasks, Task, TaskState, current, sleep, spawn, yield_now,
};

/// A task that notes when it parks, for good, and when it is dropped.
fn parked(trace: &Trace, name: &'static str) -> Task<()> {
    let trace = trace.clone();
    spawn(async move {
        let _guard = trace.on_drop(format_args!("{name} dropped"));
        trace.note(format_args!("{name} parks"));
        pending::<()>().await;
        trace.note("unreachable");
    })
}

fn join_and_note(trace: &Trace, task: &Task<()>) {
    let (trace, task) = (trace.clone(), task.task_ref());
    spawn(async move { trace.note(format_args!("joined {:?}", task.join().await)) });
}

// EV-TASK-08, D-8
#[test]
fn a_parked_task_is_dropped_in_the_turn_of_its_kill_before_joiners_wake() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let victim = parked(&trace, "victim");
    join_and_note(&trace, &victim);
    let (noting, killed) = (trace.clone(), victim.task_ref());
    spawn(async move {
        let event_loop = EventLoop::current().unwrap();
        event_loop.call_soon(noting.noting("queued before the kill"));
        killed.kill();
        event_loop.call_soon(noting.noting("queued after the kill"));
        noting.note("killer goes on");
        yield_now().await;
        noting.note("killer's next turn");
    });
    event_loop.run().unwrap();
    assert_eq!(
        trace.take(),
        [
            "victim parks",
            "killer goes on",
            "queued before the kill",
            "victim dropped",
            "queued after the kill",
            "killer's next turn",
            "joined Ok(true)",
        ]
    );
    assert!(matches!(event_loop.block_on(victim), Err(JoinError::Killed)));
}

// EV-TASK-08
#[test]
fn a_callback_may_kill_a_task_and_several_die_in_the_order_they_were_killed() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let (first, second) = (parked(&trace, "first"), parked(&trace, "second"));
    let noting = trace.clone();
    event_loop.call_soon(move || {
        second.kill();
        first.kill();
        noting.note("callback ends");
    });
    let report = event_loop.run().unwrap();
    assert_eq!(report.parked_tasks, 0);
    assert_eq!(
        trace.take(),
        ["first parks", "second parks", "callback ends", "second dropped", "first dropped"]
    );
}

// EV-TASK-08
#[test]
fn a_task_killed_between_two_yields_runs_the_part_before() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = trace.clone();
    let victim = spawn(async move {
        let _guard = noting.on_drop("dropped");
        noting.note("before");
        sleep(0.0).await;
        noting.note("between");
        sleep(0.0).await;
        noting.note("after");
    });
    let killer = victim.task_ref();
    spawn(async move { killer.kill() });
    event_loop.run().unwrap();
    // The victim's turn stood in the queue when it was killed.
    assert_eq!(trace.take(), ["before", "between", "dropped"]);
    assert_eq!(victim.state(), TaskState::Ended);
}

// EV-TASK-08, EV-TASK-22
#[test]
fn killing_a_sleeper_takes_its_timer_back() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let guard = trace.on_drop("dropped");
    let sleeper = spawn(async move {
        let _guard = guard;
        sleep(3600.0).await;
    });
    event_loop.call_soon(move || sleeper.kill());
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["dropped"]);
    assert_eq!((event_loop.metrics().timers, event_loop.metrics().tasks), (0, 0));
}

// EV-TASK-09
#[test]
fn a_task_killed_before_its_first_turn_never_begins() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let (noting, guard) = (trace.clone(), trace.on_drop("dropped"));
    let victim = spawn(async move {
        noting.note("body");
        drop(guard);
    });
    event_loop.call_soon(trace.noting("queued behind the task"));
    victim.kill();
    trace.note("killed");
    join_and_note(&trace, &victim);
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["killed", "dropped", "queued behind the task", "joined Ok(true)"]);
    assert!(matches!(event_loop.block_on(victim), Err(JoinError::Killed)));
}

// EV-TASK-10
#[test]
fn a_task_killed_unstarted_ends_at_once_when_it_is_started() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let (noting, guard) = (trace.clone(), trace.on_drop("dropped"));
    let victim = Task::new(async move {
        noting.note("body");
        drop(guard);
    });
    victim.kill();
    event_loop.run_until(yield_now()).unwrap();
    assert_eq!((victim.state(), trace.take()), (TaskState::Initial, vec![]));
    victim.start().unwrap();
    join_and_note(&trace, &victim);
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["dropped", "joined Ok(true)"]);
}

// EV-TASK-11
#[test]
fn a_task_that_kills_itself_runs_on_to_its_next_suspension() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = trace.clone();
    let victim = spawn(async move {
        let _guard = noting.on_drop("dropped");
        current().unwrap().kill();
        noting.note("goes on");
        std::future::ready(()).await;
        noting.note("an await that is ready is no suspension");
        sleep(0.0).await;
        noting.note("unreachable");
    });
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["goes on", "an await that is ready is no suspension", "dropped"]);
    assert!(event_loop.block_on(victim).unwrap_err().is_exit());
}

// EV-TASK-11
#[test]
fn a_task_that_kills_itself_and_finishes_first_has_finished() {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    let task = spawn(async {
        current().unwrap().kill();
        7
    });
    assert_eq!(event_loop.block_on(task).unwrap(), 7);
    event_loop.run().unwrap();
    assert_eq!(reported.take(), Vec::<String>::new());
}

// EV-TASK-08: the task was woken before the kill's turn and ends by itself in its own.
#[test]
fn a_task_that_finishes_before_its_kill_arrives_has_finished() {
    let event_loop = TestLoop::new();
    let task = spawn(async {
        yield_now().await;
        7
    });
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    let _other = spawn(async {});
    let unfinished = spawn(async {
        yield_now().await;
        8
    });
    let task_ref = unfinished.task_ref();
    event_loop.call_soon(move || task_ref.kill());
    assert_eq!(event_loop.block_on(task).unwrap(), 7);
    assert_eq!(event_loop.block_on(unfinished).unwrap(), 8);
}

// EV-TASK-12
#[test]
fn killing_a_finished_task_does_nothing() {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    let task = spawn(async { 7 });
    event_loop.run_until(yield_now()).unwrap();
    task.kill();
    task.task_ref().kill();
    assert_eq!(event_loop.metrics().queued, 0);
    assert_eq!(event_loop.block_on(task).unwrap(), 7);
    assert_eq!(reported.take(), Vec::<String>::new());
}

/// Where a task is in its life when it is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Unstarted,
    Queued,
    Parked,
    Woken,
    Finished,
}

/// Kills a task so many times, in a callback or outside, and counts polls and drops.
fn killed(stage: Stage, kills: usize, in_callback: bool) -> (usize, usize, String) {
    let event_loop = TestLoop::new();
    let (polls, drops) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (polled, dropped) = (Rc::clone(&polls), Rc::clone(&drops));
    let guard = common::OnDrop::new(move || dropped.set(dropped.get() + 1));
    let mut task = Task::new(async move {
        let _guard = guard;
        poll_fn(|_| {
            polled.set(polled.get() + 1);
            if stage == Stage::Finished { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    });
    let start = || task.start().unwrap();
    if stage != Stage::Unstarted {
        start();
    }
    if stage == Stage::Parked || stage == Stage::Woken || stage == Stage::Finished {
        event_loop.run_until(yield_now()).unwrap();
    }
    if stage == Stage::Woken {
        task.task_ref().wake();
    }
    let task_ref = task.task_ref();
    let kill = move || (0..kills).for_each(|_| task_ref.kill());
    if in_callback {
        event_loop.call_soon(kill);
    } else {
        kill();
    }
    event_loop.run_until(yield_now()).unwrap();
    if stage == Stage::Unstarted {
        task.start().unwrap();
    }
    let output = event_loop.block_on(&mut task);
    event_loop.run().unwrap();
    (polls.get(), drops.get(), format!("{output:?}"))
}

// EV-TASK-08, -09, -10, -12, -14: the task matrix, kill and kill twice.
#[test]
fn every_stage_takes_one_kill_or_two_with_the_same_end() {
    let (dead, alive) = ("Err(JoinError(the task was killed))".to_owned(), "Ok(())".to_owned());
    for (kills, in_callback) in [(1, false), (2, false), (1, true), (2, true)] {
        let end = |stage| killed(stage, kills, in_callback);
        let case = format!("{kills} kills, in a callback: {in_callback}");
        assert_eq!(end(Stage::Unstarted), (0, 1, dead.clone()), "{case}");
        // A callback comes after the first turn of a task that was queued before it.
        assert_eq!(end(Stage::Queued), (usize::from(in_callback), 1, dead.clone()), "{case}");
        assert_eq!(end(Stage::Parked), (1, 1, dead.clone()), "{case}");
        assert_eq!(end(Stage::Woken), (2, 1, dead.clone()), "{case}");
        assert_eq!(end(Stage::Finished), (1, 1, alive.clone()), "{case}");
    }
}

/// Runs the loop until a thread, given a task of this loop, has done something with it.
fn with_thread<T: Send + 'static>(
    event_loop: &EventLoop,
    task: RemoteTask<T>,
    f: impl FnOnce(&RemoteTask<T>) + Send + 'static,
) -> Result<T, JoinError> {
    let thread = thread::spawn(move || {
        f(&task);
        task
    });
    let (done, finished) = mpsc::channel();
    let remote = event_loop.remote();
    let keep_alive = event_loop.keep_alive();
    thread::spawn(move || {
        done.send(thread.join().expect("no panic")).expect("somebody waits");
        remote.stop().expect("the loop exists");
    });
    event_loop.run_forever().unwrap();
    drop(keep_alive);
    event_loop.block_on(finished.recv().expect("sent before the stop"))
}

// EV-TASK-08, D-10
#[test]
fn another_thread_may_kill_a_parked_task_which_is_dropped_on_the_loops_thread() {
    let event_loop = TestLoop::new();
    let (parked, has_parked) = mpsc::channel();
    let dropped_on = Arc::new(std::sync::Mutex::new(None));
    let noting = Arc::clone(&dropped_on);
    let guard = common::OnDrop::new(move || {
        *noting.lock().unwrap() = Some(thread::current().id());
    });
    let task = event_loop.remote().spawn_from_thread(async move {
        let _guard = guard;
        parked.send(()).unwrap();
        pending::<()>().await;
    });
    let output = with_thread(&event_loop, task.unwrap(), move |task| {
        has_parked.recv().unwrap();
        assert!(!task.is_finished());
        task.kill().unwrap();
    });
    assert!(output.unwrap_err().is_exit());
    assert_eq!(*dropped_on.lock().unwrap(), Some(thread::current().id()));
    assert_eq!(event_loop.metrics().tasks, 0);
}

// EV-TASK-09
#[test]
fn another_thread_may_kill_a_task_before_its_first_turn() {
    let (event_loop, polls) = (TestLoop::new(), Arc::new(AtomicUsize::new(0)));
    let counting = Arc::clone(&polls);
    let remote = event_loop.remote();
    let task = thread::spawn(move || {
        let task = remote.spawn_from_thread(async move { counting.fetch_add(1, Ordering::SeqCst) });
        let task = task.unwrap();
        task.kill().unwrap();
        task
    });
    assert!(event_loop.block_on(task.join().unwrap()).unwrap_err().is_exit());
    assert_eq!(polls.load(Ordering::SeqCst), 0);
}

// EV-TASK-08, EV-TASK-09: the kill meets the task before, in and after its first turn.
#[test]
fn a_kill_from_another_thread_is_not_lost_in_the_first_turn() {
    const ROUNDS: usize = 4_000;
    let event_loop = TestLoop::new();
    let remote = event_loop.remote();
    let thread = thread::spawn(move || {
        let (here, there) = mpsc::channel();
        let mut lost = Vec::new();
        for round in 0..ROUNDS {
            let task = remote.spawn_from_thread(pending::<()>()).unwrap();
            (0..round % 256).for_each(|_| std::hint::spin_loop());
            task.kill().unwrap();
            // The kill, or the call that carries it, and the entry that delivers it.
            for _ in 0..3 {
                let here = here.clone();
                remote.call_from_thread(move || here.send(()).unwrap()).unwrap();
                there.recv().unwrap();
            }
            if !task.is_finished() {
                lost.push(round);
            }
        }
        remote.stop().unwrap();
        lost
    });
    // The loop does not sleep, so that the first turn comes at once.
    let busy = event_loop.idle(|| ());
    event_loop.run_forever().unwrap();
    drop(busy);
    assert_eq!(thread.join().unwrap(), Vec::<usize>::new());
    assert_eq!(event_loop.metrics().tasks, 0);
}

// D-10
#[test]
fn a_remote_kill_after_the_end_is_nothing_and_after_the_loop_an_error() {
    let event_loop = TestLoop::new();
    let task = event_loop.remote().spawn_from_thread(async { 3 }).unwrap();
    let parked = event_loop.remote().spawn_from_thread(pending::<()>()).unwrap();
    event_loop.run().unwrap();
    task.kill().unwrap();
    assert_eq!(event_loop.block_on(task).unwrap(), 3);
    event_loop.destroy().unwrap();
    assert!(parked.is_finished());
    assert!(matches!(parked.kill(), Err(LoopError::Closed)));
}

// EV-TASK-15
#[test]
fn a_kill_is_not_reported_and_ends_one_task_only() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let reported = reports(&event_loop);
    let (noting, victim) = (trace.clone(), parked(&trace, "child"));
    let child = victim.task_ref();
    let parent = spawn(async move {
        let output = victim.await;
        noting.note(format_args!("child: {output:?}"));
        pending::<()>().await;
    });
    event_loop.call_soon(move || child.kill());
    let report = event_loop.run().unwrap();
    assert_eq!(
        trace.take(),
        ["child parks", "child dropped", "child: Err(JoinError(the task was killed))"]
    );
    assert_eq!((report.parked_tasks, parent.is_finished()), (1, false));
    assert_eq!(reported.take(), Vec::<String>::new());
}

// EV-TASK-08: the future's own destructors run from the outside in, as an unwind would.
#[test]
fn a_kill_drops_what_the_task_holds_in_the_order_of_rust() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = trace.clone();
    let victim = spawn(async move {
        let _first = noting.on_drop("first local");
        let _second = noting.on_drop("second local");
        let inner = noting.clone();
        let in_inner = async move {
            let _inner = inner.on_drop("local of the inner future");
            pending::<()>().await;
        };
        in_inner.await;
    });
    event_loop.call_soon(move || victim.kill());
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["local of the inner future", "second local", "first local"]);
}

// EV-TASK-08: a destructor is code of the task that ends.
#[test]
fn a_destructor_may_spawn_and_kill_and_knows_its_task() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let other = Rc::new(RefCell::new(Some(parked(&trace, "other"))));
    let (noting, taking) = (trace.clone(), Rc::clone(&other));
    let guard = common::OnDrop::new(move || {
        let task = current().expect("destructors run inside the task");
        noting.note(format_args!("clean-up of {}", task.name()));
        task.kill();
        taking.take().expect("not taken yet").kill();
        spawn({
            let noting = noting.clone();
            async move { noting.note("spawned by a destructor") }
        });
    });
    let victim = Task::builder().name("victim").spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    event_loop.call_soon(move || victim.kill());
    event_loop.run().unwrap();
    assert_eq!(
        trace.take(),
        ["other parks", "clean-up of victim", "other dropped", "spawned by a destructor"]
    );
    assert_eq!(event_loop.metrics().tasks, 0);
}
