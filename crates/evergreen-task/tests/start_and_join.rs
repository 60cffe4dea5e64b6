//! Making, starting and joining tasks, and what they leave behind.

mod common;

use std::cell::Cell;
use std::future::{Future, pending};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use common::{TestLoop, Trace, Wakes, poll_once, reports};
use evergreen_loop::{ErrorOrigin, EventLoop};
use evergreen_task::{
    JoinError, LoopTasks, Run, Task, TaskError, TaskState, current, sleep, spawn, yield_now,
};

// EV-TASK-01
#[test]
fn a_new_task_does_not_start_by_itself() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = trace.clone();
    let task = Task::new(async move { noting.note("body") });
    assert_eq!(event_loop.metrics().tasks, 0);
    event_loop.run_until(yield_now()).unwrap();
    assert_eq!(task.state(), TaskState::Initial);
    trace.note("start");
    task.start().unwrap();
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["start", "body"]);
    assert_eq!(task.state(), TaskState::Ended);
}

// EV-TASK-01
#[test]
#[should_panic(expected = "cannot make a task: no event loop on this thread")]
fn a_task_needs_a_loop() {
    // A thread of its own: a test harness may run this one on the main thread.
    let made = std::thread::spawn(|| drop(Task::new(async {}))).join();
    std::panic::resume_unwind(made.unwrap_err());
}

// EV-TASK-02, EV-TASK-20
#[test]
fn tasks_run_in_the_order_they_were_started() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = |word: &'static str| {
        let trace = trace.clone();
        async move { trace.note(word) }
    };
    let last = Task::new(noting("made first, started last"));
    spawn(noting("spawn"));
    event_loop.spawn(noting("EventLoop::spawn"));
    Task::builder().spawn(noting("builder"));
    event_loop.call_soon(trace.noting("callback"));
    last.start().unwrap();
    trace.note("nothing has run");
    event_loop.run().unwrap();
    assert_eq!(
        trace.take(),
        [
            "nothing has run",
            "spawn",
            "EventLoop::spawn",
            "builder",
            "callback",
            "made first, started last"
        ]
    );
}

// EV-TASK-20
#[test]
fn a_task_may_be_spawned_in_a_callback_and_waits_for_its_turn() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = trace.clone();
    event_loop.call_soon(move || {
        let inner = noting.clone();
        spawn(async move { inner.note("task") });
        noting.note("callback goes on");
    });
    event_loop.call_soon(trace.noting("queued before the task"));
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["callback goes on", "queued before the task", "task"]);
}

// EV-TASK-23
#[test]
fn three_tasks_that_sleep_zero_take_turns() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    for number in 1..=3 {
        let trace = trace.clone();
        spawn(async move {
            trace.note(number);
            sleep(0.0).await;
            trace.note(number);
        });
    }
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["1", "2", "3", "1", "2", "3"]);
}

// EV-TASK-02
#[test]
fn a_second_start_is_an_error_at_any_time() {
    let event_loop = TestLoop::new();
    let task = Task::new(yield_now());
    assert_eq!(task.start(), Ok(()));
    assert_eq!(task.start(), Err(TaskError::AlreadyStarted));
    event_loop.run().unwrap();
    assert_eq!(task.start(), Err(TaskError::AlreadyStarted));
    assert_eq!(spawn(async {}).start(), Err(TaskError::AlreadyStarted));
    assert_eq!(TaskError::AlreadyStarted.to_string(), "the task was started already");
}

// EV-TASK-06
#[test]
fn joining_or_awaiting_an_unstarted_task_is_an_error() {
    let event_loop = TestLoop::new();
    let mut task = Task::new(async { 3 });
    event_loop.block_on(async {
        assert_eq!(task.join().await, Err(TaskError::NotStarted));
        assert_eq!(task.join_timeout(1.0).await, Err(TaskError::NotStarted));
        assert_eq!(task.task_ref().join_timeout(-1.0).await, Err(TaskError::NotStarted));
        assert!(matches!((&mut task).await, Err(JoinError::NotStarted)));
    });
    assert_eq!(event_loop.metrics().timers, 0);
    task.start().unwrap();
    assert_eq!(event_loop.block_on(task).unwrap(), 3);
}

// EV-TASK-04
#[test]
fn joiners_wake_in_the_order_they_came() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = trace.clone();
    let task = spawn(async move {
        sleep(0.001).await;
        noting.note("end");
    });
    for number in 1..=4 {
        let (trace, task) = (trace.clone(), task.task_ref());
        spawn(async move {
            let joined = task.join().await;
            trace.note(format_args!("{number} {joined:?}"));
        });
    }
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["end", "1 Ok(true)", "2 Ok(true)", "3 Ok(true)", "4 Ok(true)"]);
}

// EV-TASK-04
#[test]
fn a_joiner_that_gave_up_is_not_woken_and_does_not_disturb_the_others() {
    let event_loop = TestLoop::new();
    let task = spawn(yield_now());
    let [(first, first_waker), (second, second_waker), (third, third_waker)] =
        [Wakes::new(), Wakes::new(), Wakes::new()];
    let mut joins = [task.join(), task.join()];
    let wakers = [&first_waker, &second_waker];
    for (join, waker) in joins.iter_mut().zip(wakers) {
        assert!(Pin::new(join).poll(&mut Context::from_waker(waker)).is_pending());
    }
    let [given_up, mut kept] = joins;
    drop(given_up);
    let mut late = task.join();
    assert!(Pin::new(&mut late).poll(&mut Context::from_waker(&third_waker)).is_pending());
    event_loop.run().unwrap();
    assert_eq!([first.count(), second.count(), third.count()], [0, 1, 1]);
    assert_eq!(poll_once(&mut kept), Poll::Ready(Ok(true)));
    assert_eq!(poll_once(&mut late), Poll::Ready(Ok(true)));
}

// EV-TASK-04
#[test]
fn a_joiner_that_is_polled_again_is_woken_by_its_last_waker() {
    let event_loop = TestLoop::new();
    let task = spawn(yield_now());
    let [(first, first_waker), (last, last_waker)] = [Wakes::new(), Wakes::new()];
    let mut join = task.join();
    for waker in [&first_waker, &last_waker] {
        assert!(Pin::new(&mut join).poll(&mut Context::from_waker(waker)).is_pending());
    }
    event_loop.run().unwrap();
    assert_eq!([first.count(), last.count()], [0, 1]);
}

// EV-TASK-04
#[test]
fn joining_after_the_end_does_not_suspend() {
    let event_loop = TestLoop::new();
    let (ended, killed, panicked) =
        (spawn(async {}), spawn(async {}), spawn(async { panic!("on purpose") }));
    killed.kill();
    event_loop.run().unwrap();
    for mut join in [ended.join(), killed.join(), panicked.join()] {
        assert_eq!(poll_once(&mut join), Poll::Ready(Ok(true)));
    }
    let mut limited = pin!(ended.join_timeout(0.0));
    assert_eq!(poll_once(&mut limited), Poll::Ready(Ok(true)));
}

// EV-TASK-05, D-11
#[test]
fn a_join_that_timed_out_leaves_the_task_alone_and_can_be_repeated() {
    let event_loop = TestLoop::new();
    let gate = Rc::new(Cell::new(false));
    let opened = Rc::clone(&gate);
    let task = spawn(async move {
        while !opened.get() {
            sleep(0.001).await;
        }
        5
    });
    event_loop.block_on(async {
        assert_eq!(task.join_timeout(0.002).await, Ok(false));
        assert_eq!(task.task_ref().join_timeout(Duration::from_millis(1)).await, Ok(false));
        assert_eq!(task.state(), TaskState::Started);
        gate.set(true);
        assert_eq!(task.join_timeout(-1.0).await, Ok(true));
        assert_eq!(event_loop.metrics().timers, 0);
        assert_eq!(task.await.unwrap(), 5);
    });
}

// EV-TASK-05
#[test]
fn a_join_with_no_time_waits_one_pass() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let (noting, parked) = (trace.clone(), spawn(pending::<()>()));
    spawn(async move {
        noting.note("join");
        let joined = parked.join_timeout(0.0).await;
        noting.note(format_args!("{joined:?}"));
    });
    event_loop.call_soon(trace.noting("queued before"));
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["join", "queued before", "Ok(false)"]);
}

// EV-TASK-05
#[test]
fn a_join_with_no_time_sees_a_task_that_ends_in_that_pass() {
    let event_loop = TestLoop::new();
    let joined = event_loop.block_on(async {
        let task = spawn(async {});
        task.join_timeout(0.0).await
    });
    assert_eq!(joined, Ok(true));
}

// EV-TASK-07
#[test]
fn a_task_that_joins_itself_never_returns_and_the_loop_ends_around_it() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let (noting, guard) = (trace.clone(), trace.on_drop("dropped"));
    spawn(async move {
        let _guard = guard;
        noting.note("join");
        current().expect("inside a task").join().await.unwrap();
        noting.note("joined");
    });
    let report = event_loop.run().unwrap();
    assert_eq!((report.parked_tasks, report.stopped), (1, false));
    assert_eq!(trace.take(), ["join"]);
    event_loop.destroy().unwrap();
    assert_eq!(trace.take(), ["dropped"]);
}

// EV-TASK-18
#[test]
fn a_task_tells_its_name_and_state() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = trace.clone();
    let task = Task::builder().name("counter").build(async move {
        let task = current().expect("inside a task");
        noting.note(format_args!("{task:?}"));
        yield_now().await;
    });
    let (looking, task_ref) = (trace.clone(), task.task_ref());
    trace.note(format_args!("{task:?}"));
    task.start().unwrap();
    trace.note(format_args!("{task:?}"));
    event_loop.call_soon(move || looking.note(format_args!("{task_ref:?}")));
    event_loop.run().unwrap();
    trace.note(format_args!("{task:?} {} {}", task.name(), task.is_finished()));
    assert_eq!(
        trace.take(),
        [
            "Task(name: counter, state: initial)",
            "Task(name: counter, state: started)",
            "TaskRef(name: counter, state: running)",
            "TaskRef(name: counter, state: started)",
            "Task(name: counter, state: ended) counter true",
        ]
    );
}

// EV-TASK-01
#[test]
fn tasks_without_a_name_are_numbered_upwards() {
    let _event_loop = TestLoop::new();
    let (first, second) = (Task::new(async {}), Task::new(async {}));
    assert!(first.id() < second.id());
    assert_eq!(first.name(), format!("Task-{}", first.id()));
    assert_eq!(first.task_ref().name(), first.name());
    assert_ne!(first.task_ref(), second.task_ref());
    assert_eq!(first.task_ref(), first.task_ref());
}

// EV-TASK-18
#[test]
fn a_task_knows_the_line_that_made_it() {
    fn line_of(location: &Location<'_>) -> (bool, u32) {
        (location.file().ends_with("start_and_join.rs"), location.line())
    }
    let event_loop = TestLoop::new();
    let here = line!();
    let tasks = [
        Task::new(async {}),
        spawn(async {}),
        event_loop.spawn(async {}),
        Task::builder().build(async {}),
        Task::from_run(Nothing),
    ];
    let lines: Vec<_> = tasks.iter().map(|task| line_of(task.spawned_at())).collect();
    let expected: Vec<_> = (here + 2..).map(|line| (true, line)).take(tasks.len()).collect();
    assert_eq!(lines, expected);
    assert_eq!(line_of(tasks[1].task_ref().spawned_at()), (true, here + 3));
}

struct Nothing;

impl Run for Nothing {
    type Output = ();

    async fn run(self) {}
}

// EV-TASK-19
#[test]
fn the_current_task_is_known_inside_it_and_nowhere_else() {
    let event_loop = TestLoop::new();
    assert!(current().is_none());
    event_loop.call_soon(|| assert!(current().is_none()));
    event_loop.block_on(async {
        assert!(current().is_none());
        let task = spawn(async {
            let before = Task::current().map(|task| task.id());
            yield_now().await;
            [before, current().map(|task| task.id())]
        });
        let id = task.id();
        assert_eq!(task.await.unwrap(), [Some(id); 2]);
        assert!(current().is_none());
    });
}

// EV-TASK-26
#[test]
fn a_task_whose_handle_is_dropped_goes_on() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    for (word, seconds) in [("slept", 0.001), ("yielded", 0.0)] {
        let trace = trace.clone();
        drop(spawn(async move {
            sleep(seconds).await;
            trace.note(word);
        }));
    }
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["yielded", "slept"]);
}

// EV-TASK-26
#[test]
fn a_task_that_was_not_started_goes_with_its_handle() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let (noting, guard) = (trace.clone(), trace.on_drop("dropped"));
    let task = Task::new(async move {
        noting.note("body");
        drop(guard);
    });
    let task_ref = task.task_ref();
    drop(task);
    assert_eq!(trace.take(), ["dropped"]);
    assert_eq!(task_ref.state(), TaskState::Ended);
    assert_eq!(event_loop.block_on(task_ref.join()), Ok(true));
}

// EV-TASK-27
#[test]
fn the_future_is_dropped_before_joiners_wake_and_while_handles_live() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let (captured, noting) = (trace.on_drop("captured dropped"), trace.clone());
    let task = spawn(async move {
        let _local = noting.on_drop("local dropped");
        yield_now().await;
        noting.note("end");
        drop(captured);
        noting.clone()
    });
    let (joined, task_ref) = (trace.clone(), task.task_ref());
    spawn(async move {
        task_ref.join().await.unwrap();
        joined.note("joined");
    });
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["end", "captured dropped", "local dropped", "joined"]);
    drop(task);
}

/// Notes at the moment of its wake whether something was dropped before.
#[derive(Default)]
struct LooksAround {
    dropped: AtomicBool,
    seen: Mutex<Vec<bool>>,
}

impl Wake for LooksAround {
    fn wake(self: Arc<Self>) {
        self.seen.lock().expect("no panic").push(self.dropped.load(Ordering::SeqCst));
    }
}

// EV-TASK-27
#[test]
fn the_future_is_gone_at_the_moment_a_joiner_is_woken() {
    let event_loop = TestLoop::new();
    let looks = Arc::new(LooksAround::default());
    let noting = Arc::clone(&looks);
    let guard = common::OnDrop::new(move || noting.dropped.store(true, Ordering::SeqCst));
    // Captured, so that it goes with the future and not with the last poll.
    let task = spawn(std::future::poll_fn(move |_| {
        let _captured = &guard;
        Poll::Ready(())
    }));
    let waker = Waker::from(Arc::clone(&looks));
    let mut join = task.join();
    assert!(Pin::new(&mut join).poll(&mut Context::from_waker(&waker)).is_pending());
    event_loop.run().unwrap();
    assert_eq!(*looks.seen.lock().unwrap(), [true]);
}

// EV-TASK-25
#[test]
fn a_task_gives_its_output_to_who_awaits_it() {
    let event_loop = TestLoop::new();
    let output = event_loop.block_on(async {
        let word = spawn(async { String::from("word") });
        let refused = spawn(async { Err::<(), _>("refused") });
        word.join().await.unwrap();
        (word.await.unwrap(), refused.await.unwrap())
    });
    assert_eq!(output, ("word".to_owned(), Err("refused")));
}

// EV-TASK-17
#[test]
fn a_panic_is_reported_once_with_name_and_place_and_the_loop_goes_on() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let reports = trace.clone();
    event_loop.set_exception_handler(move |context: &evergreen_loop::ErrorContext| {
        assert_eq!(context.origin(), ErrorOrigin::Task);
        let line = context.location().expect("a place").line();
        reports.note(format_args!("{:?} {line} {}", context.name(), context.message()));
    });
    let here = line!();
    let task = Task::builder().name("unlucky").spawn(async {
        yield_now().await;
        panic!("number {}", 13);
    });
    let (joined, task_ref) = (trace.clone(), task.task_ref());
    spawn(async move { joined.note(format_args!("joined {:?}", task_ref.join().await)) });
    event_loop.call_soon(trace.noting("callback"));
    event_loop.run().unwrap();
    let report = format!("Some(\"unlucky\") {} panicked: number 13", here + 1);
    assert_eq!(trace.take(), ["callback", report.as_str(), "joined Ok(true)"]);
    drop(task);
    assert!(trace.take().is_empty(), "reported once");
}

// EV-TASK-17, EV-TASK-25
#[test]
fn a_panic_is_kept_for_who_awaits_the_task() {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    let task = Task::builder().name("unlucky").spawn(async { panic!("on purpose") });
    let error: JoinError = event_loop.block_on(task).unwrap_err();
    assert!(error.is_panic() && !error.is_exit());
    assert_eq!(error.to_string(), "the task panicked: on purpose");
    assert_eq!(format!("{error:?}"), "JoinError(the task panicked: on purpose)");
    let payload = error.try_into_panic().unwrap();
    assert_eq!(payload.downcast_ref(), Some(&"on purpose"));
    assert_eq!(reported.take(), ["Task unlucky panicked: on purpose"]);
    let killed = JoinError::Killed.try_into_panic().unwrap_err();
    assert!(killed.is_exit() && !killed.is_panic());
}

// EV-LOOP run report (D-6)
#[test]
fn a_run_reports_how_many_tasks_are_parked() {
    let event_loop = TestLoop::new();
    for _ in 0..3 {
        spawn(pending::<()>());
    }
    spawn(async {});
    let unstarted = Task::new(async {});
    let report = event_loop.run().unwrap();
    assert_eq!((report.parked_tasks, report.stopped), (3, false));
    assert_eq!(event_loop.metrics().tasks, 3);
    drop(unstarted);
}

struct Worker {
    done: Rc<Cell<bool>>,
    word: &'static str,
}

impl Run for Worker {
    type Output = usize;

    async fn run(self) -> usize {
        yield_now().await;
        self.done.set(true);
        self.word.len()
    }
}

// EV-TASK-03
#[test]
fn what_a_run_shares_can_be_read_after_the_end() {
    let event_loop = TestLoop::new();
    let done = Rc::new(Cell::new(false));
    let task = Task::from_run(Worker { done: Rc::clone(&done), word: "four" });
    task.start().unwrap();
    event_loop.run().unwrap();
    assert!(done.get());
    assert_eq!(Rc::strong_count(&done), 1);
    assert_eq!(event_loop.block_on(task).unwrap(), 4);
}

// "schedule a switch to the task"
#[test]
fn a_task_that_is_woken_for_nothing_waits_on() {
    let (event_loop, polls) = (TestLoop::new(), Rc::new(Cell::new(0)));
    let counting = Rc::clone(&polls);
    let task = spawn(std::future::poll_fn(move |_| {
        counting.set(counting.get() + 1);
        Poll::<()>::Pending
    }));
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    let task_ref = task.task_ref();
    task_ref.wake();
    task_ref.wake();
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    assert_eq!((polls.get(), task.state()), (2, TaskState::Started));
    let unstarted = Task::new(async {});
    unstarted.task_ref().wake();
    EventLoop::turn(&event_loop, Some(Duration::ZERO)).unwrap();
    assert_eq!(unstarted.state(), TaskState::Initial);
}
