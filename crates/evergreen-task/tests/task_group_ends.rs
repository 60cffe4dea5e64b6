//! Groups that are dropped, nested, or whose tasks end in unusual ways (R-9).

mod common;

use std::cell::RefCell;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread;

use common::{Bomb, OnDrop, TestLoop, Trace, reports, settle, waiting};
use evergreen_loop::EventLoop;
use evergreen_task::{GroupError, Task, TaskGroup, spawn, yield_now};

/// A member that waits for good and notes when it is dropped.
fn member(trace: &Trace, name: &str) -> impl Future<Output = Result<(), ()>> + use<> {
    let wait = waiting(trace, name);
    async move {
        wait.await;
        Ok(())
    }
}

// R-9: "Dropping the group drops its children at once".
#[test]
fn dropping_the_group_drops_the_futures_of_its_tasks_there_in_their_order() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let group = TaskGroup::new();
    let gone = group.spawn(async { Ok(()) });
    let _second = group.spawn(member(&trace, "second"));
    settle(&event_loop);
    assert!(gone.is_finished());
    // One that has a turn in the queue, and one that has not begun.
    let third = group.spawn(member(&trace, "third"));
    let fourth = group.spawn(member(&trace, "fourth"));
    third.task_ref().wake();
    drop(group);
    trace.note("group dropped");
    assert_eq!(
        trace.take(),
        ["second dropped", "third dropped", "fourth dropped", "group dropped"]
    );
    settle(&event_loop);
    assert_eq!(event_loop.metrics().tasks, 0);
    assert!(event_loop.block_on(fourth).unwrap_err().is_exit());
}

type OwnGroup<E> = Rc<RefCell<Option<TaskGroup<E>>>>;

// R-9: "save the one being polled, which ends at its next suspension".
#[test]
fn a_task_that_drops_its_own_group_runs_on_to_its_next_suspension() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let own: OwnGroup<()> = Rc::default();
    let group = TaskGroup::new();
    let (theirs, noting) = (Rc::clone(&own), trace.clone());
    let task: Task<()> = group.spawn(async move {
        let _guard = noting.on_drop("dropped");
        yield_now().await;
        let event_loop = EventLoop::current().expect("it runs this");
        event_loop.call_soon(noting.noting("queued before"));
        drop(theirs.take());
        noting.note("goes on");
        yield_now().await;
        unreachable!("it ends before");
    });
    group.spawn(member(&trace, "sibling"));
    own.replace(Some(group));
    settle(&event_loop);
    assert_eq!(trace.take(), ["sibling dropped", "goes on", "dropped", "queued before"]);
    assert!(event_loop.block_on(task).unwrap_err().is_exit());
    assert_eq!(event_loop.metrics().tasks, 0);
}

// R-9, EV-TASK-11, D-7
#[test]
fn a_task_that_drops_its_own_group_and_ends_first_has_ended() {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    for output in [Ok(7), Err("nobody left to tell")] {
        let own: OwnGroup<&str> = Rc::default();
        let group = TaskGroup::new();
        let theirs = Rc::clone(&own);
        let task = group.spawn(async move {
            yield_now().await;
            drop(theirs.take());
            output
        });
        own.replace(Some(group));
        assert_eq!(event_loop.block_on(task).ok(), output.ok());
    }
    let reported = reported.take();
    assert_eq!(reported.len(), 1);
    assert!(reported[0].ends_with(r#"failed unheard: "nobody left to tell""#), "{reported:?}");
}

// R-9, F14
#[test]
fn a_destructor_that_panics_in_a_dropped_group_does_not_keep_the_others() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let group = TaskGroup::new();
    group.spawn(member(&trace, "first"));
    group.spawn(async {
        let _bomb = Bomb("in a destructor");
        pending::<()>().await;
        Ok(())
    });
    group.spawn(member(&trace, "third"));
    settle(&event_loop);
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(group)));
    assert_eq!(dropped.unwrap_err().downcast_ref::<String>().unwrap(), "in a destructor");
    assert_eq!(trace.take(), ["first dropped", "third dropped"]);
    settle(&event_loop);
    assert_eq!(event_loop.metrics().tasks, 0);
}

/// A future whose destructor panics, also after it has ended.
struct Explosive<F>(std::pin::Pin<Box<F>>, #[expect(dead_code, reason = "it is dropped")] Bomb);

impl<F: Future> Future for Explosive<F> {
    type Output = F::Output;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<F::Output> {
        self.0.as_mut().poll(cx)
    }
}

fn explosive<F: Future>(future: F) -> Explosive<F> {
    Explosive(Box::pin(future), Bomb("in a destructor"))
}

// R-9, F14: as with any task, it is reported, the value stays, and nobody waits for ever.
#[test]
fn a_destructor_that_panics_at_a_tasks_end_does_not_keep_its_group_waiting() {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    event_loop.block_on(async {
        let group = TaskGroup::new();
        let value = group.spawn(explosive(async { Ok(7) }));
        let killed = group.spawn(explosive(pending::<Result<(), ()>>()));
        assert_eq!(value.await.unwrap(), 7);
        killed.kill();
        assert!(group.join().await.is_ok());
        let group = TaskGroup::new();
        group.spawn(explosive(async { Err::<(), _>("first") }));
        assert!(matches!(group.join().await, Err(GroupError::Failed("first"))));
        let group = TaskGroup::<()>::new();
        group.spawn(explosive(async { panic!("in the poll") as Result<(), ()> }));
        assert!(matches!(group.join().await, Err(GroupError::Panicked(_))));
    });
    let reported = reported.take();
    let told = |text: &str| reported.iter().filter(|line| line.ends_with(text)).count();
    assert_eq!((told("in a destructor"), told("in the poll")), (4, 1), "{reported:?}");
}

// R-9
#[test]
fn a_join_that_is_dropped_drops_the_tasks_and_tells_the_failure() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let reported = reports(&event_loop);
    let group = TaskGroup::new();
    let stays = waiting(&trace, "stays");
    group.spawn(async {
        evergreen_task::catch_kill(pending::<()>()).await.ok();
        stays.await;
        Ok(())
    });
    group.spawn(async { Err::<(), _>("unheard") });
    let joins = spawn(group.join());
    settle(&event_loop);
    joins.kill();
    settle(&event_loop);
    assert_eq!(trace.take(), ["stays dropped"]);
    assert_eq!(reported.take(), [r#"Task - failed unheard: "unheard""#]);
    assert_eq!(event_loop.metrics().tasks, 0);
}

// R-9
#[test]
fn a_killed_scope_drops_its_body_and_its_tasks_and_those_of_groups_within() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = trace.clone();
    let outer = spawn(TaskGroup::<()>::scope(async move |group| {
        let inner = noting.clone();
        group.spawn(async move {
            let outcome = TaskGroup::<()>::scope(async |group| {
                group.spawn(member(&inner, "innermost"));
                waiting(&inner, "inner body").await;
                Ok(())
            });
            outcome.await.map_err(drop)
        });
        waiting(&noting, "outer body").await;
        Ok(())
    }));
    settle(&event_loop);
    outer.kill();
    event_loop.call_soon(trace.noting("queued after the kill"));
    settle(&event_loop);
    assert_eq!(
        trace.take(),
        ["outer body dropped", "inner body dropped", "innermost dropped", "queued after the kill"]
    );
    assert_eq!(event_loop.metrics().tasks, 0);
}

// R-9
#[test]
fn a_panic_of_the_body_is_passed_on_and_the_tasks_are_dropped() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let reported = reports(&event_loop);
    let noting = trace.clone();
    let task = spawn(TaskGroup::<()>::scope(async move |group| {
        group.spawn(member(&noting, "child"));
        yield_now().await;
        let event_loop = EventLoop::current().expect("it runs this");
        event_loop.call_soon(noting.noting("queued before"));
        panic!("the body's") as Result<(), ()>
    }));
    let error = event_loop.block_on(task).unwrap_err();
    assert_eq!(error.to_string(), "the task panicked: the body's");
    settle(&event_loop);
    assert_eq!(trace.take(), ["child dropped", "queued before"]);
    assert_eq!(event_loop.metrics().tasks, 0);
    assert_eq!(reported.take().len(), 1);
}

// R-9, EV-LOOP-21
#[test]
fn the_end_of_the_loop_ends_a_group_and_its_tasks() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let group = TaskGroup::new();
    let task = group.spawn(member(&trace, "child"));
    settle(&event_loop);
    event_loop.destroy().unwrap();
    assert_eq!(trace.take(), ["child dropped"]);
    assert!(task.is_finished() && group.is_empty());
    drop(group);
}

// R-9, EV-LOOP-21: a destructor may still spawn, and a thread without a loop may try to.
#[test]
fn what_is_spawned_into_a_group_when_the_loop_ends_ends_with_it() {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    let group = Rc::new(TaskGroup::<()>::new());
    let theirs = Rc::clone(&group);
    let guard = OnDrop::new(move || {
        let late: Task<()> = theirs.spawn(async { unreachable!("the loop ends") });
        drop(late);
    });
    spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    settle(&event_loop);
    event_loop.destroy().unwrap();
    assert!(group.is_empty());
    assert_eq!(reported.take(), Vec::<String>::new());
    let refused = thread::spawn(|| {
        let group = TaskGroup::<()>::new();
        let spawned = catch_unwind(AssertUnwindSafe(|| group.spawn(async { Ok(()) })));
        (spawned.is_err(), group.is_empty())
    });
    assert_eq!(refused.join().expect("no panic"), (true, true));
}
