//! Kills, ends and destructors that come while something else is under way.

mod common;

use std::cell::{OnceCell, RefCell};
use std::error::Error;
use std::fmt;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use common::{Bomb, OnDrop, TestLoop, Trace, poll_once, reports, settle};
use evergreen_loop::EventLoop;
use evergreen_task::{
    Local, LoopTasks, Sleep, Task, TaskGroup, catch_kill, sleep, spawn, yield_now,
};

type Slot<T> = Rc<OnceCell<T>>;

// EV-TASK-11: the one that is dropped unstarted has its end inside the other's first turn.
#[test]
fn a_destructor_of_an_unstarted_task_can_kill_the_task_that_drops_it() {
    let event_loop = TestLoop::new();
    let slot: Slot<Task<()>> = Slot::default();
    let killed = Rc::clone(&slot);
    let task = spawn(async move {
        let kills = OnDrop::new(move || killed.get().expect("spawned").kill());
        drop(Task::new(async move { drop(kills) }));
        pending::<()>().await;
    });
    slot.set(task).expect("once");
    settle(&event_loop);
    assert!(slot.get().expect("there").is_finished());
    assert_eq!(event_loop.metrics().tasks, 0);
}

/// A waker that wakes several.
struct All(Mutex<Vec<Waker>>);

impl Wake for All {
    fn wake(self: Arc<Self>) {
        self.0.lock().expect("not poisoned").iter().for_each(Waker::wake_by_ref);
    }
}

/// A task that waits once and then makes a note.
fn woken_once(trace: &Trace, name: &'static str, wakers: &Arc<All>) -> Task<()> {
    let (trace, wakers) = (trace.clone(), Arc::clone(wakers));
    spawn(async move {
        let mut waits = true;
        poll_fn(|cx| {
            wakers.0.lock().expect("not poisoned").push(cx.waker().clone());
            if std::mem::take(&mut waits) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        trace.note(name);
    })
}

// D-2, D-8: what the waker of a scope wakes besides has its turn in the queue.
#[test]
fn a_kill_that_wakes_others_too_gives_a_turn_to_its_own_task_alone() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let wakers = Arc::new(All(Mutex::default()));
    let noting = trace.clone();
    let both = Arc::clone(&wakers);
    let task = spawn(async move {
        let mut scope = pin!(catch_kill(pending::<()>()));
        let caught = poll_fn(|cx| {
            both.0.lock().expect("not poisoned").push(cx.waker().clone());
            scope.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&both))))
        });
        assert!(caught.await.is_err());
        noting.note("caught");
    });
    let other = woken_once(&trace, "other", &wakers);
    settle(&event_loop);
    task.kill();
    let queued = trace.clone();
    event_loop.call_soon(move || queued.note("queued before the kill's turn"));
    settle(&event_loop);
    assert_eq!(trace.take(), ["caught", "queued before the kill's turn", "other"]);
    assert!(task.is_finished() && other.is_finished());
    wakers.0.lock().expect("not poisoned").clear();
}

#[derive(Debug)]
struct Reason(#[expect(dead_code, reason = "counted")] Arc<()>);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reason")
    }
}

impl Error for Reason {}

// EV-TASK-13
#[test]
fn a_reason_that_comes_when_the_task_has_ended_is_dropped() {
    let event_loop = TestLoop::new();
    let task = spawn(yield_now());
    let kills = task.task_ref();
    let counted = Arc::new(());
    let reason = Reason(Arc::clone(&counted));
    event_loop.call_soon(move || kills.kill_with(reason));
    settle(&event_loop);
    assert!(task.is_finished());
    assert_eq!(Arc::strong_count(&counted), 1);
}

// EV-LOC-02: what a local holds is the last that can take the output.
#[test]
fn an_output_whose_handle_is_dropped_with_the_locals_may_panic_in_its_destructor() {
    thread_local! {
        static LAST: RefCell<Option<Task<Bomb>>> = const { RefCell::new(None) };
    }
    let event_loop = TestLoop::new();
    let trace = reports(&event_loop);
    let local = Local::new();
    let inner = local.clone();
    let task = spawn(async move {
        inner.set(OnDrop::new(|| drop(LAST.take())));
        Bomb("the output")
    });
    LAST.set(Some(task));
    settle(&event_loop);
    let reports = trace.take();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].contains("the output"), "{reports:?}");
}

// the sum of all waits of a test may be long.
#[test]
fn how_long_a_task_is_parked_is_right_after_two_months_of_virtual_time() {
    let event_loop = EventLoop::builder().virtual_time().build().unwrap();
    event_loop.block_on(async {
        sleep(60.0 * 86400.0).await;
        let task = spawn(pending::<()>());
        sleep(7.0).await;
        assert_eq!(task.task_ref().parked_for(), Some(Duration::from_secs(7)));
    });
    event_loop.destroy().unwrap();
}

/// Polls a sleep of its own when it is dropped.
struct PollsAtEnd(Sleep, Rc<RefCell<Vec<Poll<()>>>>);

impl Drop for PollsAtEnd {
    fn drop(&mut self) {
        let polled = poll_once(&mut self.0);
        self.1.borrow_mut().push(polled);
    }
}

// EV-TMO-01, EV-LOOP-21
#[test]
fn a_sleep_is_not_over_early_because_its_loop_is() {
    let event_loop = EventLoop::new().unwrap();
    let polled = Rc::<RefCell<Vec<_>>>::default();
    for has_begun in [true, false] {
        let mut asleep = PollsAtEnd(sleep(3600.0), Rc::clone(&polled));
        drop(event_loop.spawn(async move {
            if has_begun {
                Pin::new(&mut asleep.0).await;
            }
            pending::<()>().await;
            drop(asleep);
        }));
    }
    while event_loop.metrics().queued > 0 {
        event_loop.turn(Some(Duration::ZERO)).unwrap();
    }
    event_loop.destroy().unwrap();
    assert_eq!(*polled.borrow(), [Poll::Pending, Poll::Pending]);
}

// R-9, D-7
#[test]
fn each_panic_of_the_destructors_of_a_group_is_told() {
    let event_loop = TestLoop::new();
    let trace = reports(&event_loop);
    let owner = spawn(async {
        let group = TaskGroup::<()>::new();
        for message in ["first", "second", "third"] {
            let bomb = Bomb(message);
            drop(group.spawn(async move {
                pending::<()>().await;
                drop(bomb);
                Ok(())
            }));
        }
        yield_now().await;
        drop(group);
    });
    settle(&event_loop);
    assert!(owner.is_finished());
    let reports = trace.take().join("\n");
    for message in ["first", "second", "third"] {
        assert!(reports.contains(message), "{reports}");
    }
}

// EV-LOOP-21: the last that a loop drops.
#[test]
fn a_task_that_the_exception_handler_leaves_behind_has_its_end() {
    let event_loop = EventLoop::new().unwrap();
    let slot: Slot<Task<()>> = Slot::default();
    let left = Rc::clone(&slot);
    let spawns = OnDrop::new(move || drop(left.set(spawn(pending::<()>()))));
    event_loop.set_exception_handler(move |_| {
        let _held = &spawns;
    });
    event_loop.destroy().unwrap();
    let mut task = Rc::into_inner(slot).and_then(OnceCell::into_inner).expect("spawned");
    let ended = poll_once(&mut task);
    assert!(matches!(ended, Poll::Ready(Err(error)) if error.is_exit()));
}
