//! Several scopes that wait side by side in one task, also below wakers of their own (D-8).

mod common;

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use common::{TestLoop, Trace, Wakes, reports, settle, waiting};
use evergreen_task::{Task, catch_kill, join, select, sleep, spawn};

/// Waits in a scope and notes how that ends, and its dropping.
fn branch(trace: &Trace, name: &'static str) -> impl Future<Output = ()> + use<> {
    let (noting, wait) = (trace.clone(), waiting(trace, name));
    async move {
        let caught = catch_kill(wait).await;
        noting.note(format_args!("{name} {caught:?}"));
        pending::<()>().await;
    }
}

fn kill_and_settle(event_loop: &TestLoop, task: &Task<()>) {
    task.kill();
    settle(event_loop);
}

// D-8: "takes the most recently entered live scope"; "Siblings are untouched."
#[test]
fn of_scopes_side_by_side_the_one_entered_last_takes_the_kill() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let branches = (branch(&trace, "left"), branch(&trace, "right"));
    let guard = trace.on_drop("task dropped");
    let task = spawn(async move {
        let _guard = guard;
        join!(branches.0, branches.1);
    });
    settle(&event_loop);
    kill_and_settle(&event_loop, &task);
    assert_eq!(trace.take(), ["right dropped", "right Err(TaskExit)"]);
    kill_and_settle(&event_loop, &task);
    assert_eq!(trace.take(), ["left dropped", "left Err(TaskExit)"]);
    kill_and_settle(&event_loop, &task);
    assert_eq!(trace.take(), ["task dropped"]);
}

// D-8, EV-TASK-14: both kills are queued before the task's next turn.
#[test]
fn two_kills_at_once_go_to_two_scopes_in_turn() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let branches = (branch(&trace, "left"), branch(&trace, "right"));
    let task = spawn(async move {
        join!(branches.0, branches.1);
    });
    settle(&event_loop);
    task.kill();
    task.kill();
    task.task_ref().wake();
    settle(&event_loop);
    assert_eq!(
        trace.take(),
        ["right dropped", "right Err(TaskExit)", "left dropped", "left Err(TaskExit)"]
    );
    assert!(!task.is_finished());
}

// D-8: a scope around both branches was entered before either.
#[test]
fn a_scope_around_branches_is_the_last_to_take_a_kill() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let (first, second) = (branch(&trace, "first"), branch(&trace, "second"));
    let noting = trace.clone();
    let task = spawn(async move {
        let around = catch_kill(async {
            select! {
                () = first => {},
                () = second => {},
            }
        });
        noting.note(format_args!("around {:?}", around.await));
        pending::<()>().await;
    });
    settle(&event_loop);
    (0..3).for_each(|_| kill_and_settle(&event_loop, &task));
    assert_eq!(trace.take().last().map(String::as_str), Some("around Err(TaskExit)"));
    assert!(!task.is_finished());
}

// D-8: the later of two is over; its turn to take a kill is, too.
#[test]
fn a_scope_that_is_over_leaves_the_kill_to_its_sibling() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let left = branch(&trace, "left");
    let task = spawn(async move {
        join!(left, async { assert_eq!(catch_kill(sleep(0.0)).await, Ok(())) });
    });
    settle(&event_loop);
    kill_and_settle(&event_loop, &task);
    assert_eq!(trace.take(), ["left dropped", "left Err(TaskExit)"]);
}

type Boxed = Pin<Box<dyn Future<Output = ()>>>;

/// Polls each future only when its own waker was woken, as `FuturesUnordered` does.
struct OnWake {
    futures: Vec<(Arc<Flag>, Boxed)>,
}

/// Remembers that it was woken, and passes it on.
struct Flag {
    set: AtomicBool,
    polls: AtomicUsize,
    parent: std::sync::Mutex<Option<Waker>>,
    panics: bool,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        assert!(!self.panics, "a waker that panics");
        self.set.store(true, Ordering::SeqCst);
        let parent = self.parent.lock().expect("no panic").take();
        if let Some(parent) = parent {
            parent.wake();
        }
    }
}

impl OnWake {
    fn new() -> Self {
        Self { futures: Vec::new() }
    }

    /// Adds a future, and gives what counts its polls.
    fn add(&mut self, panics: bool, future: impl Future<Output = ()> + 'static) -> Arc<Flag> {
        let (set, polls) = (AtomicBool::new(true), AtomicUsize::new(0));
        let flag = Arc::new(Flag { set, polls, parent: std::sync::Mutex::default(), panics });
        self.futures.push((Arc::clone(&flag), Box::pin(future)));
        flag
    }
}

impl Future for OnWake {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        for (flag, future) in &mut self.futures {
            *flag.parent.lock().expect("no panic") = Some(cx.waker().clone());
            if flag.set.swap(false, Ordering::SeqCst) {
                flag.polls.fetch_add(1, Ordering::SeqCst);
                let waker = Waker::from(Arc::clone(flag));
                let _: Poll<()> = future.as_mut().poll(&mut Context::from_waker(&waker));
            }
        }
        Poll::Pending
    }
}

// D-8: "keeps its last waker. A kill entry ... wakes that waker".
#[test]
fn below_a_waker_of_its_own_a_scope_is_polled_for_its_kill_and_its_sibling_is_not() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let mut branches = OnWake::new();
    let first = branches.add(false, branch(&trace, "first"));
    let second = branches.add(false, branch(&trace, "second"));
    let task = spawn(branches);
    settle(&event_loop);
    task.kill();
    event_loop.call_soon(trace.noting("queued after"));
    settle(&event_loop);
    assert_eq!(trace.take(), ["second dropped", "second Err(TaskExit)", "queued after"]);
    let polls = |flag: &Arc<Flag>| flag.polls.load(Ordering::SeqCst);
    assert_eq!((polls(&first), polls(&second)), (1, 2));
    kill_and_settle(&event_loop, &task);
    assert_eq!(trace.take(), ["first dropped", "first Err(TaskExit)"]);
}

// D-8: "keeps its last waker"
#[test]
fn a_scope_is_woken_by_the_waker_that_polled_it_last() {
    let event_loop = TestLoop::new();
    let ((first, one), (last, two)) = (Wakes::new(), Wakes::new());
    let task = spawn(async move {
        let mut scope = Box::pin(catch_kill(pending::<()>()));
        for waker in [&one, &two] {
            assert!(scope.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        }
        pending::<()>().await;
    });
    settle(&event_loop);
    kill_and_settle(&event_loop, &task);
    assert_eq!((first.count(), last.count()), (0, 1));
}

// D-8: the scope outward of an unclaimed one is woken by its own waker, too.
#[test]
fn a_kill_that_falls_outward_wakes_a_scope_below_a_waker_of_its_own() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let mut branches = OnWake::new();
    branches.add(false, branch(&trace, "taker"));
    let mut neglected = Box::pin(catch_kill(pending::<()>()));
    let mut polled = false;
    branches.add(
        false,
        std::future::poll_fn(move |cx| {
            if !std::mem::replace(&mut polled, true) {
                assert!(neglected.as_mut().poll(cx).is_pending());
            }
            Poll::Pending
        }),
    );
    let task = spawn(branches);
    settle(&event_loop);
    kill_and_settle(&event_loop, &task);
    assert_eq!(trace.take(), ["taker dropped", "taker Err(TaskExit)"]);
    assert!(!task.is_finished());
}

// D-8, F13
#[test]
fn a_waker_that_panics_is_reported_and_the_kill_falls_to_the_next_scope() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let reported = reports(&event_loop);
    let mut branches = OnWake::new();
    branches.add(true, branch(&trace, "inner"));
    let noting = trace.clone();
    let build = Task::builder().name("victim");
    let task = build.spawn(async move {
        let around = catch_kill(branches).await;
        noting.note(format_args!("around {around:?}"));
    });
    settle(&event_loop);
    kill_and_settle(&event_loop, &task);
    assert_eq!(trace.take(), ["inner dropped", "around Err(TaskExit)"]);
    assert_eq!(reported.take(), ["Task victim panicked: a waker that panics"]);
    event_loop.block_on(task).unwrap();
}
