//! The order of things: the decisions D-1 to D-7, D-10 and D-11, most of them as traces.

mod common;

use std::any::Any;
use std::cell::Cell;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use common::{
    MILLISECOND, Trace, call_from_thread, deliver, manual_loop, readable_pair, sleepy_loop, turn,
};
use evergreen_loop::build::{TaskTable, task_table};
use evergreen_loop::{EventLoop, LoopError, RunError, SystemExit, SystemStop, TurnOutcome};

/// Calls `f` once when `stream` is readable.
fn read_once(event_loop: &EventLoop, stream: &UnixStream, mut f: impl FnMut() + 'static) {
    let (inner, fd) = (event_loop.clone(), stream.as_raw_fd());
    let reader = event_loop.add_reader(fd, move || {
        inner.remove_reader(fd);
        f();
    });
    reader.expect("a reader");
}

// D-1
#[test]
fn a_thread_has_one_current_loop_and_all_handles_to_it_are_equal() {
    let event_loop = EventLoop::new().unwrap();
    assert!(matches!(EventLoop::new(), Err(LoopError::AlreadyExists)));
    assert_eq!(EventLoop::current().unwrap(), event_loop);
    assert_eq!(EventLoop::try_current(), Some(event_loop.clone()));
    assert_eq!(event_loop.remote(), EventLoop::current().unwrap().remote());
    let other = thread::spawn(|| {
        assert_eq!(EventLoop::try_current(), None);
        EventLoop::new().unwrap().remote()
    });
    assert_ne!(other.join().unwrap(), event_loop.remote());
    event_loop.destroy().unwrap();
    assert_eq!(EventLoop::try_current(), None);
    assert_ne!(EventLoop::new().unwrap(), event_loop);
}

// D-2
#[test]
fn entries_of_every_origin_run_in_the_order_in_which_they_came() {
    let (event_loop, clock) = manual_loop();
    let trace = Trace::new().of_errors(&event_loop);
    let entry = |name: &'static str, then: &'static str| {
        let trace = trace.clone();
        move || {
            trace.note(name);
            EventLoop::current().unwrap().call_soon(trace.noting(then));
        }
    };
    event_loop.add_signal_handler(libc::SIGUSR1, entry("signal", "after the signal")).unwrap();
    deliver(&event_loop, libc::SIGUSR1);
    let (ours, _theirs) = readable_pair();
    read_once(&event_loop, &ours, entry("readable", "after the read"));
    event_loop.call_later(MILLISECOND, entry("timer", "after the timer"));
    clock.advance(MILLISECOND);
    event_loop.call_soon(entry("soon", "after soon"));
    call_from_thread(&event_loop, entry("thread", "after the thread"));
    event_loop.call_soon(entry("soon again", "after soon again"));
    event_loop.run().unwrap();
    let expected = [
        "soon",
        "thread",
        "soon again",
        "readable",
        "signal",
        "timer",
        "after soon",
        "after the thread",
        "after soon again",
        "after the read",
        "after the signal",
        "after the timer",
    ];
    assert_eq!(trace.take(), expected);
}

/// A callback that queues itself `times` times, and calls `f` with how often it has run.
fn requeue(event_loop: &EventLoop, ran: u64, times: u64, f: Rc<dyn Fn(u64)>) {
    f(ran);
    if ran < times {
        let inner = event_loop.clone();
        event_loop.call_soon(move || requeue(&inner, ran + 1, times, f));
    }
}

// D-2, EV-LOOP-27
#[test]
fn a_callback_that_queues_itself_starves_neither_a_descriptor_nor_a_timer() {
    let (event_loop, clock) = manual_loop();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let ran = Rc::new(Cell::new(0));
    let called_at = |slot: &Rc<Cell<u64>>| {
        let (ran, slot) = (Rc::clone(&ran), Rc::clone(slot));
        move || slot.set(ran.get())
    };
    let (read_at, fired_at) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    read_once(&event_loop, &ours, called_at(&read_at));
    event_loop.call_later(MILLISECOND, called_at(&fired_at));
    let count = Rc::clone(&ran);
    let each = Rc::new(move |n| {
        count.set(n);
        clock.advance(Duration::from_micros(1));
        if n == 100 {
            (&theirs).write_all(b"x").unwrap();
        }
    });
    requeue(&event_loop, 0, 5_000, each);
    event_loop.run().unwrap();
    assert_eq!(ran.get(), 5_000);
    assert!((100..=165).contains(&read_at.get()), "read after {} entries", read_at.get());
    assert!((999..=1_065).contains(&fired_at.get()), "fired after {} entries", fired_at.get());
}

/// How often the poller is asked while 6,400 entries run.
fn polls_of_6400_entries(event_loop: &EventLoop) -> u64 {
    let trace = Trace::new().of_errors(event_loop);
    let (ours, _theirs) = UnixStream::pair().expect("a pair");
    event_loop.add_reader(ours.as_raw_fd(), trace.noting("nothing to read")).expect("a reader");
    let (inner, fd) = (event_loop.clone(), ours.as_raw_fd());
    let each = Rc::new(move |n| {
        if n == 6_400 {
            inner.remove_reader(fd);
        }
    });
    requeue(event_loop, 0, 6_400, each);
    event_loop.run().expect("a run");
    assert_eq!(event_loop.metrics().entries, 6_400);
    assert!(trace.take().is_empty());
    event_loop.metrics().polls
}

// D-2, EV-LOOP-27
#[test]
fn the_poller_is_asked_once_in_64_entries_or_as_often_as_the_builder_says() {
    let usual = EventLoop::new().unwrap();
    assert_eq!(polls_of_6400_entries(&usual), 100);
    usual.destroy().unwrap();
    let often = EventLoop::builder().entries_between_polls(16).build().unwrap();
    assert_eq!(polls_of_6400_entries(&often), 400);
}

// D-3
#[test]
fn a_turn_takes_its_steps_in_order() {
    let (event_loop, clock) = manual_loop();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.add_signal_handler(libc::SIGUSR2, trace.noting("signal")).unwrap();
    deliver(&event_loop, libc::SIGUSR2);
    let once = |place: &'static str, entry: &'static str| {
        let (inner, trace, mut first) = (event_loop.clone(), trace.clone(), true);
        move || {
            trace.note(place);
            if std::mem::take(&mut first) {
                inner.call_soon(trace.noting(entry));
            }
        }
    };
    let _idle = event_loop.idle(trace.noting("idle"));
    let _check = event_loop.check(once("check", "entry of check"));
    let _prepare = event_loop.prepare(once("prepare", "entry of prepare"));
    for (name, millis) in [("timer 3", 3), ("timer 1", 1), ("timer 2", 2), ("timer 1 again", 1)] {
        event_loop.call_later(MILLISECOND * millis, trace.noting(name));
    }
    clock.advance(MILLISECOND * 3);
    let (ours, _theirs) = readable_pair();
    read_once(&event_loop, &ours, trace.noting("readable"));
    call_from_thread(&event_loop, trace.noting("thread"));
    turn(&event_loop);
    turn(&event_loop);
    let expected = [
        "prepare",
        "check",
        "thread",
        "entry of prepare",
        "readable",
        "signal",
        "timer 1",
        "timer 1 again",
        "timer 2",
        "timer 3",
        "entry of check",
        "prepare",
        "check",
        "idle",
    ];
    assert_eq!(trace.take(), expected);
}

// D-3 (9)
#[test]
fn idle_watchers_are_called_only_when_there_is_nothing_else() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let watcher = Rc::new(Cell::new(None));
    let (inner, in_idle, own) = (event_loop.clone(), trace.clone(), Rc::clone(&watcher));
    let mut times = 0;
    watcher.set(Some(event_loop.idle(move || {
        in_idle.note("idle");
        times += 1;
        if times == 2 {
            drop(own.take());
        }
        inner.call_soon(in_idle.noting("entry of idle"));
    })));
    event_loop.call_soon(trace.noting("entry"));
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["entry", "idle", "entry of idle", "idle", "entry of idle"]);
}

// D-4, EV-LOOP-05
#[test]
fn what_a_thread_called_first_runs_before_what_the_loop_calls_second() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let (inner, in_callback) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(move || {
        in_callback.note("callback");
        call_from_thread(&inner, in_callback.noting("thread first"));
        inner.call_soon(in_callback.noting("loop second"));
        inner.call_from_thread(in_callback.noting("own thread third")).unwrap();
        call_from_thread(&inner, in_callback.noting("thread fourth"));
        inner.call_soon(in_callback.noting("loop fifth"));
    });
    event_loop.call_soon(trace.noting("queued before"));
    event_loop.run().unwrap();
    let expected = [
        "callback",
        "queued before",
        "thread first",
        "loop second",
        "own thread third",
        "thread fourth",
        "loop fifth",
    ];
    assert_eq!(trace.take(), expected);
}

/// Tasks that nobody will ever wake.
struct Parked(Cell<usize>);

impl TaskTable for Parked {
    fn into_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }

    fn len(&self) -> usize {
        self.0.get()
    }

    fn end_all(&self) {
        self.0.set(0);
    }

    fn run_first(&self) {
        unreachable!("no task starts");
    }
}

// D-5, D-6, EV-LOOP-25
#[test]
fn run_waits_for_watchers_and_not_for_parked_tasks_which_it_counts() {
    let (event_loop, clock) = manual_loop();
    let tasks = task_table(|| Rc::new(Parked(Cell::new(2)))).unwrap();
    assert_eq!(tasks.len(), 2);
    let trace = Trace::new().of_errors(&event_loop);
    let (ours, _theirs) = readable_pair();
    let (inner, on_read) = (event_loop.clone(), trace.clone());
    read_once(&event_loop, &ours, move || {
        on_read.note("readable");
        inner.call_later(MILLISECOND, on_read.noting("timer"));
        clock.advance(MILLISECOND);
    });
    let report = event_loop.run().unwrap();
    assert_eq!((report.parked_tasks, report.stopped), (2, false));
    assert_eq!(trace.take(), ["readable", "timer"]);
    event_loop.destroy().unwrap();
}

// D-6, EV-LOOP-19
#[test]
fn run_forever_sleeps_when_nothing_is_alive_until_it_is_stopped() {
    let (event_loop, asleep) = sleepy_loop();
    let remote = event_loop.remote();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.call_soon(trace.noting("entry"));
    let on_thread = trace.clone();
    let thread = thread::spawn(move || {
        asleep.recv().unwrap();
        remote.call_from_thread(on_thread.noting("woken")).unwrap();
        asleep.recv().unwrap();
        remote.stop().unwrap();
    });
    let report = event_loop.run_forever().unwrap();
    // Without the loop's selector a thread that still waits for a notice fails.
    event_loop.destroy().unwrap();
    drop(event_loop);
    thread.join().unwrap();
    assert!(report.stopped);
    assert_eq!(trace.take(), ["entry", "woken"]);
}

// D-6: a future may be woken by a thread that the loop knows nothing of.
#[test]
fn run_until_waits_for_a_waker_that_another_thread_holds() {
    let (event_loop, asleep) = sleepy_loop();
    let mut thread = None;
    let mut notices = Some(asleep);
    let future = std::future::poll_fn(|cx| {
        let Some(asleep) = notices.take() else { return std::task::Poll::Ready("woken") };
        let waker = cx.waker().clone();
        thread = Some(thread::spawn(move || {
            asleep.recv().unwrap();
            waker.wake();
        }));
        std::task::Poll::Pending
    });
    assert_eq!(event_loop.run_until(future).unwrap(), "woken");
    thread.unwrap().join().unwrap();
}

// D-7, EV-LOOP-16, F14
#[test]
fn panics_are_reported_in_order_and_the_pass_goes_on() {
    let (event_loop, clock) = manual_loop();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.add_signal_handler(libc::SIGWINCH, || panic!("signal")).unwrap();
    event_loop.add_signal_handler(libc::SIGWINCH, trace.noting("signal again")).unwrap();
    deliver(&event_loop, libc::SIGWINCH);
    let prepare = event_loop.prepare(|| panic!("prepare"));
    let check = event_loop.check(|| panic!("check"));
    let (ours, _theirs) = readable_pair();
    let fd = ours.as_raw_fd();
    event_loop.add_reader(fd, || panic!("reader")).unwrap();
    event_loop.call_later(MILLISECOND, || panic!("timer"));
    event_loop.call_later(MILLISECOND, trace.noting("timer again"));
    clock.advance(MILLISECOND);
    event_loop.call_soon(trace.noting("first"));
    event_loop.call_soon(|| panic!("soon"));
    event_loop.call_soon(|| std::panic::panic_any(7));
    call_from_thread(&event_loop, || panic!("{}", "thread"));
    event_loop.call_soon(trace.noting("last"));
    turn(&event_loop);
    drop((prepare, check));
    event_loop.call_soon(trace.noting("next pass"));
    turn(&event_loop);
    let expected = [
        "Watcher: panicked: prepare",
        "Watcher: panicked: check",
        "first",
        "Callback: panicked: soon",
        "Callback: panicked: a value that is no text",
        "Callback: panicked: thread",
        "last",
        "DescriptorWatcher: panicked: reader",
        "SignalHandler: panicked: signal",
        "signal again",
        "Callback: panicked: timer",
        "timer again",
        "next pass",
        "DescriptorWatcher: panicked: reader",
    ];
    assert_eq!(trace.take(), expected);
}

// D-7, EV-LOOP-17
#[test]
fn a_system_error_comes_back_from_the_call_that_runs_the_loop() {
    let event_loop = EventLoop::new().unwrap();
    let exit_with = |code| {
        let inner = event_loop.clone();
        event_loop.call_soon(move || inner.stop_with(SystemExit::new(code)).unwrap());
    };
    let code_of = |error| match error {
        RunError::System(SystemStop::Exit(exit)) => exit.code(),
        other => panic!("{other:?}"),
    };
    exit_with(1);
    assert_eq!(code_of(event_loop.run_until(std::future::pending::<()>()).unwrap_err()), 1);
    exit_with(2);
    assert_eq!(code_of(event_loop.turn(Some(Duration::ZERO)).unwrap_err()), 2);
    exit_with(3);
    assert_eq!(code_of(event_loop.run().unwrap_err()), 3);
}

// D-10
#[test]
fn a_remote_calls_and_stops_the_loop_from_any_thread_until_it_is_closed() {
    let (event_loop, asleep) = sleepy_loop();
    let trace = Trace::new().of_errors(&event_loop);
    let (remote, on_thread) = (event_loop.remote(), trace.clone());
    assert!(remote.is_local() && !remote.is_closed());
    let thread = thread::spawn(move || {
        asleep.recv().unwrap();
        on_thread.note(format!("local {}, closed {}", remote.is_local(), remote.is_closed()));
        let inner = remote.clone();
        let on_loop = on_thread.clone();
        let call = move || on_loop.note(format!("called, local {}", inner.is_local()));
        remote.call_from_thread(call).unwrap();
        remote.stop().unwrap();
        remote
    });
    let report = event_loop.run_forever().unwrap();
    let remote = thread.join().unwrap();
    event_loop.destroy().unwrap();
    assert!(report.stopped && remote.is_closed());
    assert!(matches!(remote.call_from_thread(|| ()), Err(LoopError::Closed)));
    assert!(matches!(remote.stop(), Err(LoopError::Closed)));
    assert!(matches!(remote.stop_with(SystemExit::new(1)), Err(LoopError::Closed)));
    trace.note(format!("local {}", remote.is_local()));
    assert_eq!(trace.take(), ["local false, closed false", "called, local true", "local false"]);
}

// D-11, EV-LOOP-06, EV-LOOP-07
#[test]
fn delays_of_zero_and_less_and_moments_not_ahead_are_plain_entries() {
    let (event_loop, clock) = manual_loop();
    let trace = Trace::new().of_errors(&event_loop);
    clock.advance(MILLISECOND * 5);
    let past = event_loop.time();
    clock.advance(MILLISECOND * 5);
    event_loop.call_soon(trace.noting("soon"));
    let handlers = [
        event_loop.call_later(0.0, trace.noting("zero")),
        event_loop.call_later(-0.0, trace.noting("minus zero")),
        event_loop.call_later(-1.5, trace.noting("negative")),
        event_loop.call_later(f64::NEG_INFINITY, trace.noting("minus infinity")),
        event_loop.call_later(Duration::ZERO, trace.noting("no duration")),
        event_loop.call_at(past, trace.noting("past")),
        event_loop.call_at(event_loop.time(), trace.noting("now")),
    ];
    event_loop.call_soon(trace.noting("soon again"));
    assert!(handlers.iter().all(|handler| handler.when().is_none()));
    assert_eq!((event_loop.metrics().timers, event_loop.metrics().queued), (0, 9));
    assert_eq!(turn(&event_loop), TurnOutcome::Idle);
    let expected = [
        "soon",
        "zero",
        "minus zero",
        "negative",
        "minus infinity",
        "no duration",
        "past",
        "now",
        "soon again",
    ];
    assert_eq!(trace.take(), expected);
}
