//! Every part of a task that may panic, by every way that the task may end, with and without its
//! handle: F13 of the fault catalogue.
//!
//! In each cell the sink is told once, with the task's name and place; what comes later in the pass
//! runs; who joins wakes once and awaiting the handle gives the right answer; nothing is dropped
//! twice. The few cells in which `async-task` ends the process are proved to, at the end.

mod common;

use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};
use std::time::Duration;

use common::{TestLoop, Trace, Wakes, poll_once};
use evergreen_loop::ErrorContext;
use evergreen_task::{JoinError, Local, Task, TaskRef};

/// What panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Nothing,
    Poll,
    Future,
    Output,
    Local,
    /// A waker that the future owns: when it is woken, cloned, dropped.
    OwnedWake,
    OwnedClone,
    OwnedDrop,
    /// The waker of a joiner: when it is woken, and when it is dropped after that.
    JoinerWake,
    JoinerDrop,
}

/// How the task ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Ready,
    Kill,
    Destroy,
}

const PARTS: [Part; 10] = [
    Part::Nothing,
    Part::Poll,
    Part::Future,
    Part::Output,
    Part::Local,
    Part::OwnedWake,
    Part::OwnedClone,
    Part::OwnedDrop,
    Part::JoinerWake,
    Part::JoinerDrop,
];

impl Part {
    /// A panic of the poll itself.
    const fn is_polled(self) -> bool {
        matches!(self, Self::Poll | Self::OwnedWake | Self::OwnedClone)
    }

    /// A task that is killed or loses its loop is not polled, and has no output.
    fn may_come(self, end: End) -> bool {
        end == End::Ready || !(self.is_polled() || self == Self::Output)
    }

    /// The reports. An output goes to who takes it, so its destructor is his.
    fn reports(self, attached: bool) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::Output if attached => &[],
            Self::Poll => &["Task task panicked: in poll"],
            Self::Future => &["Task task panicked: in the future"],
            Self::Output => &["Task task panicked: in the output"],
            Self::Local => &["Task task panicked: in a local"],
            Self::OwnedWake | Self::JoinerWake => &["Task task panicked: in wake"],
            Self::OwnedClone => &["Task task panicked: in clone"],
            Self::OwnedDrop | Self::JoinerDrop => &["Task task panicked: in the waker's drop"],
        }
    }
}

/// Counts its end, and may panic then.
struct Counted {
    dropped: Arc<AtomicUsize>,
    panics: Option<&'static str>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
        if let Some(text) = self.panics {
            panic!("{text}");
        }
    }
}

impl Wake for Counted {
    /// The text stands for the drop; without one it is the wake that panics.
    fn wake(self: Arc<Self>) {
        assert!(self.panics.is_some(), "in wake");
    }
}

/// A waker that panics when it is cloned.
fn unclonable() -> Waker {
    const VTABLE: RawWakerVTable =
        RawWakerVTable::new(|_| -> RawWaker { panic!("in clone") }, |_| (), |_| (), |_| ());
    // SAFETY: the functions do nothing with the pointer.
    #[expect(unsafe_code, reason = "the safe way to make a waker cannot fail in a clone")]
    unsafe {
        Waker::new(std::ptr::null(), &VTABLE)
    }
}

/// A task's future: waits once, then is ready. All that it has is counted.
struct Parts {
    part: Part,
    polled: bool,
    local: Rc<Local<Counted>>,
    dropped: Arc<AtomicUsize>,
    waker: Option<Waker>,
    _own: Counted,
}

impl Parts {
    fn new(part: Part, local: &Rc<Local<Counted>>, dropped: &Arc<AtomicUsize>) -> Self {
        let counted = |panics| Counted { dropped: Arc::clone(dropped), panics };
        let waker = match part {
            Part::OwnedWake => Some(Waker::from(Arc::new(counted(None)))),
            Part::OwnedDrop => Some(Waker::from(Arc::new(counted(Some("in the waker's drop"))))),
            Part::OwnedClone => Some(unclonable()),
            _ => None,
        };
        let own = counted((part == Part::Future).then_some("in the future"));
        let (local, dropped) = (Rc::clone(local), Arc::clone(dropped));
        Self { part, polled: false, local, dropped, waker, _own: own }
    }

    fn counted(&self, part: Part, text: &'static str) -> Counted {
        Counted { dropped: Arc::clone(&self.dropped), panics: (self.part == part).then_some(text) }
    }

    /// What it has, each to be dropped once: itself, its local, its output, its waker.
    const fn count(part: Part, end: End) -> usize {
        let output = matches!(end, End::Ready) && !part.is_polled();
        let waker = matches!(part, Part::OwnedWake | Part::OwnedDrop);
        2 + output as usize + waker as usize
    }
}

impl Future for Parts {
    type Output = Counted;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Counted> {
        if !self.polled {
            self.polled = true;
            self.local.set(self.counted(Part::Local, "in a local"));
            return Poll::Pending;
        }
        match self.part {
            Part::Poll => panic!("in poll"),
            Part::OwnedWake => self.waker.take().expect("a waker").wake(),
            Part::OwnedClone => drop(self.waker.clone()),
            _ => {},
        }
        Poll::Ready(self.counted(Part::Output, "in the output"))
    }
}

/// Tells of the reports, whose place is to be in this file.
fn reports(event_loop: &TestLoop) -> Trace {
    let trace = Trace::new();
    let told = trace.clone();
    event_loop.set_exception_handler(move |context: &ErrorContext| {
        assert_eq!(context.location().map(Location::file), Some(file!()));
        let (origin, name) = (context.origin(), context.name().unwrap_or("-"));
        told.note(format_args!("{origin:?} {name} {}", context.message()));
    });
    trace
}

type Joining = Pin<Box<dyn Future<Output = ()>>>;

/// Two who join: the first may panic.
fn join_twice(part: Part, task: &TaskRef) -> (Vec<Joining>, Arc<Wakes>) {
    let unseen = Arc::default();
    let counted = |panics| Counted { dropped: Arc::clone(&unseen), panics };
    let first = match part {
        Part::JoinerWake => Waker::from(Arc::new(counted(None))),
        Part::JoinerDrop => Waker::from(Arc::new(counted(Some("in the waker's drop")))),
        _ => Waker::noop().clone(),
    };
    let (wakes, second) = Wakes::new();
    let joins = [first, second].map(|waker| {
        let join = task.join();
        let mut join: Joining = Box::pin(async move { assert_eq!(join.await, Ok(true)) });
        assert!(join.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        join
    });
    (joins.into(), wakes)
}

fn turn(event_loop: &TestLoop) {
    event_loop.turn(Some(Duration::ZERO)).expect("a turn");
}

fn bring_to(end: End, event_loop: &TestLoop, task: &TaskRef, trace: &Trace) {
    match end {
        End::Ready => task.wake(),
        End::Kill => task.kill(),
        End::Destroy => return event_loop.destroy().expect("destroyed"),
    }
    event_loop.call_soon(trace.noting("next"));
    turn(event_loop);
    assert_eq!(trace.take(), ["next"]);
    assert_eq!(event_loop.metrics().tasks, 0);
    event_loop.call_soon(trace.noting("the loop goes on"));
    event_loop.run().expect("nothing is alive");
    assert_eq!(trace.take(), ["the loop goes on"]);
}

fn cell(part: Part, end: End, attached: bool) {
    let cell = format!("{part:?} {end:?}, handle kept: {attached}");
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let reported = reports(&event_loop);
    let (local, dropped) = (Rc::new(Local::new()), Arc::default());
    let task = Task::builder().name("task").spawn(Parts::new(part, &local, &dropped));
    let task_ref = task.task_ref();
    let mut handle = attached.then_some(task);
    turn(&event_loop);
    let (mut joins, wakes) = join_twice(part, &task_ref);
    bring_to(end, &event_loop, &task_ref, &trace);
    assert_eq!(reported.take(), part.reports(attached), "{cell}");
    assert_eq!(wakes.count(), 1, "{cell}");
    for join in &mut joins {
        assert!(poll_once(join).is_ready(), "{cell}");
    }
    if let Some(handle) = &mut handle {
        let Poll::Ready(output) = poll_once(handle) else { panic!("{cell}: pending") };
        check_output(part, end, output, &cell);
    }
    drop((handle, task_ref, joins, local));
    assert_eq!(dropped.load(Ordering::SeqCst), Parts::count(part, end), "{cell}");
}

fn check_output(part: Part, end: End, output: Result<Counted, JoinError>, cell: &str) {
    match output {
        Ok(output) => {
            assert!(end == End::Ready && !part.is_polled(), "{cell}");
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(output)));
            assert_eq!(dropped.is_err(), part == Part::Output, "{cell}");
        },
        Err(error) if end == End::Ready => {
            assert!(part.is_polled() && error.is_panic(), "{cell}: {error}");
        },
        Err(error) => assert!(error.is_exit(), "{cell}: {error}"),
    }
}

// F13, D-7, EV-TASK-27
#[test]
fn a_panic_of_any_part_of_a_task_ends_that_task_and_nothing_else() {
    for part in PARTS {
        for end in [End::Ready, End::Kill, End::Destroy] {
            for attached in [true, false] {
                if part.may_come(end) {
                    cell(part, end, attached);
                }
            }
        }
    }
}

// F13: a task that ends before its first poll, or never gets one.
#[test]
fn a_future_that_panics_when_it_is_dropped_unpolled_is_reported() {
    for started in [true, false] {
        let event_loop = TestLoop::new();
        let reported = reports(&event_loop);
        let dropped = Arc::default();
        let parts = Parts::new(Part::Future, &Rc::new(Local::new()), &dropped);
        let task = Task::builder().name("task").build(parts);
        if started {
            task.start().unwrap();
            task.kill();
            turn(&event_loop);
        }
        drop(task);
        assert_eq!(reported.take(), Part::Future.reports(false), "started: {started}");
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    }
}

// F13, D-9: an output that waits for who takes it is dropped with the handle, whose holder it is
// then that panics.
#[test]
fn an_output_that_panics_when_its_handle_is_dropped_is_a_panic_of_the_holder() {
    let event_loop = TestLoop::new();
    let reported = reports(&event_loop);
    let dropped = Arc::default();
    let parts = Parts::new(Part::Output, &Rc::new(Local::new()), &dropped);
    let task = Task::builder().name("task").spawn(parts);
    let task_ref = task.task_ref();
    turn(&event_loop);
    task_ref.wake();
    turn(&event_loop);
    assert!(task.is_finished());
    let text = catch_unwind(AssertUnwindSafe(|| drop(task))).unwrap_err();
    assert_eq!(text.downcast_ref(), Some(&"in the output".to_owned()));
    assert_eq!(dropped.load(Ordering::SeqCst), 3);
    assert_eq!(reported.take(), [""; 0]);
    let trace = Trace::new();
    event_loop.call_soon(trace.noting("the loop goes on"));
    turn(&event_loop);
    assert_eq!(trace.take(), ["the loop goes on"]);
}

/// Runs the test of this name again, in a process of its own, as what it is about.
fn in_a_process(test: &str, part: &str) -> std::process::Output {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env("PART", part);
    command.output().expect("a process")
}

/// Awaits a handle with a waker that panics, until the task has ended.
fn await_with(part: &str) {
    let event_loop = TestLoop::new();
    let counted = |panics| Arc::new(Counted { dropped: Arc::default(), panics });
    let waker = match part {
        "wake" => Waker::from(counted(None)),
        "drop" => Waker::from(counted(Some("in the waker's drop"))),
        _ => unclonable(),
    };
    let mut task = evergreen_task::spawn(async {});
    drop(Pin::new(&mut task).poll(&mut Context::from_waker(&waker)));
    drop(waker);
    event_loop.run().expect("a run");
}

// F13: the limit of it. `async-task` does not let a panic through where it handles the waker of who
// awaits the handle; `join` is ours and does.
#[test]
fn a_waker_of_an_awaited_handle_that_panics_ends_the_process() {
    use std::os::unix::process::ExitStatusExt;
    let name = "a_waker_of_an_awaited_handle_that_panics_ends_the_process";
    if let Ok(part) = std::env::var("PART") {
        return await_with(&part);
    }
    for part in ["wake", "drop", "clone"] {
        let output = in_a_process(name, part);
        let signal = output.status.signal();
        assert_eq!(signal, Some(6), "{part}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
