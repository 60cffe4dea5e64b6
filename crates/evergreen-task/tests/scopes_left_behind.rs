//! Scopes that cannot take their kill: not polled any more, moved, dropped, leaked, panicked. The
//! kill falls to the next scope outward, and at last to the task (D-8).

mod common;

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use common::{Bomb, TestLoop, Trace, Wakes, settle, waiting};
use evergreen_loop::EventLoop;
use evergreen_task::{CatchKill, Task, TaskExit, catch_kill, spawn};

/// What becomes of a scope after it was polled once.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// It is there, but not polled.
    Neglected,
    /// The poll that its kill causes drops it.
    Dropped,
}

/// Polls a scope once, and leaves it to its fate.
async fn left_to(fate: Fate, wait: impl Future<Output = ()>) {
    let mut scope = Some(Box::pin(catch_kill(wait)));
    let mut polled = false;
    poll_fn(|cx| {
        match (&mut scope, fate) {
            (Some(scope), _) if !polled => assert!(scope.as_mut().poll(cx).is_pending()),
            (_, Fate::Neglected) => {},
            (scope, Fate::Dropped) => *scope = None,
        }
        polled = true;
        Poll::<()>::Pending
    })
    .await;
}

// D-8
#[test]
fn a_kill_that_its_scope_does_not_take_falls_to_the_next_one_outward() {
    for fate in [Fate::Neglected, Fate::Dropped] {
        let (event_loop, trace) = (TestLoop::new(), Trace::new());
        let (noting, wait) = (trace.clone(), waiting(&trace, "inner"));
        let task = spawn(async move {
            let _guard = noting.on_drop("task dropped");
            let outer = catch_kill(left_to(fate, wait)).await;
            noting.note(format_args!("outer {outer:?}"));
            pending::<()>().await;
        });
        settle(&event_loop);
        task.kill();
        settle(&event_loop);
        assert_eq!(trace.take(), ["inner dropped", "outer Err(TaskExit)"], "{fate:?}");
        task.kill();
        settle(&event_loop);
        assert_eq!(trace.take(), ["task dropped"], "{fate:?}");
    }
}

// D-8, EV-TASK-08
#[test]
fn a_kill_that_no_scope_takes_ends_the_task_in_the_killers_turn() {
    for fate in [Fate::Neglected, Fate::Dropped] {
        let (event_loop, trace) = (TestLoop::new(), Trace::new());
        let task = spawn(left_to(fate, waiting(&trace, "scope")));
        settle(&event_loop);
        task.kill();
        event_loop.call_soon(trace.noting("queued after the kill"));
        settle(&event_loop);
        assert_eq!(trace.take(), ["scope dropped", "queued after the kill"], "{fate:?}");
        assert!(event_loop.block_on(task).unwrap_err().is_exit());
    }
}

type Shared = Rc<RefCell<Option<Pin<Box<CatchKill<Pin<Box<dyn Future<Output = ()>>>>>>>>>;

/// A task that has polled a scope once and left it where another task can have it.
fn first_owner(scope: &Shared) -> Task<()> {
    let scope = Rc::clone(scope);
    spawn(poll_fn(move |cx| {
        if let Some(scope) = &mut *scope.borrow_mut() {
            assert!(scope.as_mut().poll(cx).is_pending());
        }
        Poll::Pending
    }))
}

/// A task that takes the scope, and then awaits it.
fn second_owner(scope: &Shared) -> Task<Result<(), TaskExit>> {
    let scope = scope.take().expect("there");
    spawn(scope)
}

fn shared_scope(trace: &Trace) -> Shared {
    let wait: Pin<Box<dyn Future<Output = ()>>> = Box::pin(waiting(trace, "scope"));
    Rc::new(RefCell::new(Some(Box::pin(catch_kill(wait)))))
}

// D-8: "registers with the task that polls it (again if another task polls it later)".
#[test]
fn a_scope_that_has_moved_takes_the_kills_of_the_task_that_polls_it_now() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let scope = shared_scope(&trace);
    let first = first_owner(&scope);
    settle(&event_loop);
    let second = second_owner(&scope);
    settle(&event_loop);
    let polls = first.task_ref().polls();
    first.kill();
    settle(&event_loop);
    // It had no scope any more, and was not even polled.
    assert_eq!((first.is_finished(), first.task_ref().polls()), (true, polls));
    assert_eq!(trace.take(), Vec::<String>::new());
    second.kill();
    assert_eq!(event_loop.block_on(second).unwrap(), Err(TaskExit));
    assert_eq!(trace.take(), ["scope dropped"]);
}

// D-8
#[test]
fn a_scope_on_its_way_to_another_task_saves_neither_from_a_kill_before() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let scope = shared_scope(&trace);
    let first = first_owner(&scope);
    settle(&event_loop);
    let second = second_owner(&scope);
    // Its turn, the first with the scope, stands behind the kill.
    first.kill();
    settle(&event_loop);
    assert!(first.is_finished() && !second.is_finished());
    second.kill();
    assert_eq!(event_loop.block_on(second).unwrap(), Err(TaskExit));
}

/// Runs a future and drops it, and catches a panic of either.
async fn no_panic<F: Future<Output: Clone>>(future: F) -> Option<F::Output> {
    let mut future = Some(Box::pin(future));
    poll_fn(move |cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| {
            Pin::new(future.as_mut().expect("not over")).poll(cx)
        }));
        let Ok(Poll::Pending) = polled else {
            drop(catch_unwind(AssertUnwindSafe(|| drop(future.take()))));
            return Poll::Ready(polled.ok().and_then(|output| match output {
                Poll::Ready(output) => Some(output),
                Poll::Pending => None,
            }));
        };
        Poll::Pending
    })
    .await
}

/// Whether a task whose scope has panicked ends at its next kill, without another look at a scope.
fn nothing_is_left_of(event_loop: &EventLoop, task: &Task<()>) -> bool {
    settle(event_loop);
    let polls = task.task_ref().polls();
    task.kill();
    settle(event_loop);
    task.is_finished() && task.task_ref().polls() == polls
}

// D-8
#[test]
fn a_scope_that_is_over_but_not_dropped_takes_no_kill() {
    let event_loop = TestLoop::new();
    let task = spawn(async {
        let mut scope = Box::pin(catch_kill(evergreen_task::yield_now()));
        assert_eq!(scope.as_mut().await, Ok(()));
        pending::<()>().await;
    });
    assert!(nothing_is_left_of(&event_loop, &task));
}

// D-8, F13
#[test]
fn a_panic_in_a_scope_leaves_no_scope_behind() {
    let event_loop = TestLoop::new();
    let task = spawn(async {
        let panics = async {
            evergreen_task::yield_now().await;
            panic!("in the scope");
        };
        assert_eq!(no_panic(catch_kill(panics)).await, None::<Result<(), _>>);
        pending::<()>().await;
    });
    assert!(nothing_is_left_of(&event_loop, &task));
}

// D-8, F14
#[test]
fn a_panic_of_a_destructor_in_a_killed_scope_leaves_no_scope_behind() {
    let event_loop = TestLoop::new();
    let task = spawn(async {
        let explosive = catch_kill(async {
            let _bomb = Bomb("in a destructor");
            pending::<()>().await;
        });
        assert_eq!(no_panic(explosive).await, None);
        pending::<()>().await;
    });
    settle(&event_loop);
    task.kill();
    assert!(nothing_is_left_of(&event_loop, &task));
}

// D-8: its waker may count the task itself.
#[test]
fn a_scope_put_away_is_passed_over_and_forgotten_with_its_task() {
    let event_loop = TestLoop::new();
    let (wakes, waker) = Wakes::new();
    let drawer = Rc::new(RefCell::new(None));
    let task = spawn({
        let drawer = Rc::clone(&drawer);
        async move {
            let mut scope = Box::pin(catch_kill(pending::<()>()));
            let mut cx = Context::from_waker(&waker);
            assert!(scope.as_mut().poll(&mut cx).is_pending());
            drawer.replace(Some(scope));
            drop(waker);
            pending::<()>().await;
        }
    });
    settle(&event_loop);
    assert_eq!(Arc::strong_count(&wakes), 2);
    task.kill();
    settle(&event_loop);
    // It was asked first, in vain, and is forgotten with the task.
    assert_eq!((task.is_finished(), wakes.count()), (true, 1));
    assert_eq!(Arc::strong_count(&wakes), 1);
    drop((task, drawer.take()));
    settle(&event_loop);
}
