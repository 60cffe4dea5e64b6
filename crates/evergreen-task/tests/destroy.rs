//! Tasks at the end of their loop, and what is left of them afterwards.

mod common;

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll};
use std::thread::{self, ThreadId};
use std::time::Duration;

use common::{OnDrop, TestLoop, Trace, Wakes, poll_once, reports};
use evergreen_loop::{EventLoop, LoopError};
use evergreen_task::{
    JoinError, LoopTasks, RemoteTasks, Task, TaskError, TaskState, current, sleep, spawn,
};

fn holding(trace: &Trace, name: &'static str) -> impl Future<Output = ()> + 'static {
    let (trace, guard) = (trace.clone(), trace.on_drop(format_args!("{name} dropped")));
    async move {
        trace.note(format_args!("{name} runs"));
        let _guard = guard;
        pending::<()>().await;
    }
}

// EV-TASK-27, EV-LOOP destroy
#[test]
fn tasks_in_every_state_are_dropped_once_when_the_loop_is_destroyed() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let mut parked = spawn(holding(&trace, "parked"));
    let unstarted = Task::new(holding(&trace, "unstarted"));
    event_loop.run_until(evergreen_task::yield_now()).unwrap();
    let mut queued = spawn(holding(&trace, "queued"));
    let woken = spawn(holding(&trace, "woken"));
    event_loop.call_soon(trace.noting("unreachable callback"));
    parked.task_ref().wake();
    trace.note("destroy");
    event_loop.destroy().unwrap();
    trace.note("destroyed");
    assert_eq!((event_loop.metrics().tasks, event_loop.metrics().queued), (0, 0));
    for task in [&parked, &queued, &woken] {
        assert!(task.is_finished());
    }
    assert!(matches!(poll_once(&mut parked), Poll::Ready(Err(JoinError::Killed))));
    assert!(matches!(poll_once(&mut queued), Poll::Ready(Err(JoinError::Killed))));
    assert_eq!(poll_once(&mut woken.join()), Poll::Ready(Ok(true)));
    assert_eq!(poll_once(&mut unstarted.join()), Poll::Ready(Err(TaskError::NotStarted)));
    drop(unstarted);
    assert_eq!(
        trace.take(),
        [
            "parked runs",
            "destroy",
            "queued dropped",
            "woken dropped",
            "parked dropped",
            "destroyed",
            "unstarted dropped",
        ]
    );
}

// EV-TASK-10
#[test]
fn a_task_started_on_a_loop_that_is_gone_ends_at_once() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let mut task = Task::new(holding(&trace, "task"));
    event_loop.destroy().unwrap();
    task.start().unwrap();
    assert_eq!(trace.take(), ["task dropped"]);
    assert!(matches!(poll_once(&mut task), Poll::Ready(Err(JoinError::Killed))));
    task.kill();
    // Also beside another loop, of which it is none.
    let other = EventLoop::clone(&event_loop);
    let event_loop = TestLoop::new();
    let task = other.spawn(holding(&trace, "spawned"));
    assert_eq!((trace.take(), task.state()), (vec!["spawned dropped".into()], TaskState::Ended));
    assert_eq!((event_loop.metrics().tasks, event_loop.metrics().queued), (0, 0));
}

// EV-TASK-04, R-10
#[test]
fn a_joiner_that_outlives_the_loop_learns_of_the_end() {
    let event_loop = TestLoop::new();
    let task = spawn(pending::<()>());
    let (wakes, waker) = Wakes::new();
    let mut join = task.join();
    assert!(Pin::new(&mut join).poll(&mut Context::from_waker(&waker)).is_pending());
    event_loop.destroy().unwrap();
    assert_eq!(wakes.count(), 1);
    assert_eq!(poll_once(&mut join), Poll::Ready(Ok(true)));
}

// D-10
#[test]
fn a_task_from_another_thread_is_dropped_on_the_loops_thread() {
    let event_loop = TestLoop::new();
    let dropped_on: Arc<Mutex<Vec<ThreadId>>> = Arc::default();
    let guards = [(); 2].map(|()| {
        let dropped_on = Arc::clone(&dropped_on);
        OnDrop::new(move || dropped_on.lock().unwrap().push(thread::current().id()))
    });
    let remote = event_loop.remote();
    let tasks = thread::spawn(move || {
        guards.map(|guard| {
            remote.spawn_from_thread(async move {
                let _guard = guard;
                pending::<()>().await;
            })
        })
    });
    let tasks = tasks.join().unwrap().map(Result::unwrap);
    event_loop.destroy().unwrap();
    assert_eq!(*dropped_on.lock().unwrap(), [thread::current().id(); 2]);
    let outputs = thread::spawn(|| tasks.map(futures_lite::future::block_on));
    assert!(outputs.join().unwrap().iter().all(|output| matches!(output, Err(JoinError::Killed))));
    let refused = event_loop.remote().spawn_from_thread(async {});
    assert!(matches!(refused, Err(LoopError::Closed)));
}

// F23: destructors use the loop that is being destroyed.
#[test]
fn what_destructors_start_while_the_loop_is_destroyed_is_dropped_too() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let reported = reports(&event_loop);
    let noting = trace.clone();
    let other = spawn(holding(&trace, "other"));
    let (held, unstarted) =
        (spawn(holding(&trace, "held")), Task::new(holding(&trace, "unstarted")));
    let guard = OnDrop::new(move || {
        noting.note("destructor");
        let event_loop = EventLoop::current().expect("still current");
        let spawned = spawn(holding(&noting, "spawned"));
        event_loop.call_soon(noting.noting("unreachable callback"));
        event_loop.call_later(0.001, noting.noting("unreachable timer"));
        let guard = noting.on_drop("callback dropped");
        event_loop.call_soon(move || drop(guard));
        other.kill();
        drop(held);
        drop(unstarted);
        let task = current().expect("destructors run inside the task");
        task.kill();
        task.wake();
        assert!(matches!(event_loop.destroy(), Err(LoopError::Closed)));
        noting.note(format_args!("destructor ends {:?}", spawned.state()));
    });
    spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    trace.take();
    event_loop.destroy().unwrap();
    let mut seen = trace.take();
    let order = ["other dropped", "held dropped", "destructor", "callback dropped"];
    assert_eq!(seen.drain(..4).collect::<Vec<_>>(), order);
    assert_eq!(seen, ["unstarted dropped", "destructor ends Started", "spawned dropped"]);
    assert_eq!(reported.take(), Vec::<String>::new());
    assert_eq!(event_loop.metrics().tasks, 0);
}

// F13
#[test]
fn a_destructor_that_panics_while_the_loop_is_destroyed_is_reported_and_the_rest_is_dropped() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let reported = reports(&event_loop);
    Task::builder().name("bad").spawn(async {
        let _bomb = common::Bomb("in a destructor");
        pending::<()>().await;
    });
    spawn(holding(&trace, "good"));
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    event_loop.destroy().unwrap();
    assert_eq!(reported.take(), ["Task bad panicked: in a destructor"]);
    assert_eq!(trace.take(), ["good runs", "good dropped"]);
}

// EV-TASK-22
#[test]
fn a_sleep_kept_beyond_its_loop_can_be_dropped() {
    let event_loop = TestLoop::new();
    let mut slept = sleep(3600.0);
    assert!(poll_once(&mut slept).is_pending());
    event_loop.destroy().unwrap();
    drop(slept);
}

/// Sends the thread it is dropped on, and whether the loop was still there.
struct Report(mpsc::Sender<(ThreadId, bool)>);

impl Drop for Report {
    fn drop(&mut self) {
        let report = (thread::current().id(), EventLoop::try_current().is_some());
        self.0.send(report).expect("the test waits");
    }
}

// F26
#[test]
fn a_thread_that_ends_drops_the_tasks_of_its_loop() {
    let (sender, dropped) = mpsc::channel();
    let reports = [(); 3].map(|()| Report(sender.clone()));
    drop(sender);
    let thread = thread::spawn(move || {
        let [parked, queued, unstarted] = reports.map(|report| async move {
            let _report = report;
            pending::<()>().await;
        });
        let event_loop = EventLoop::new().unwrap();
        drop(spawn(parked));
        event_loop.turn(Some(Duration::ZERO)).unwrap();
        drop(spawn(queued));
        drop(Task::new(unstarted));
        thread::current().id()
    });
    let id = thread.join().unwrap();
    assert_eq!(dropped.iter().collect::<Vec<_>>(), [(id, true); 3]);
}
