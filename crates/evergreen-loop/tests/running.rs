//! Starting the loop, what keeps it running, and the ways it ends.

mod common;

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn, ready};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::{
    MILLISECOND, OnDrop, Trace, in_a_process_of_its_own, loop_with_waits, manual_loop, turn,
};
use evergreen_loop::build::{Direction, Interest, Registration, Timer};
use evergreen_loop::{
    ErrorContext, EventLoop, KeyboardInterrupt, LoopError, RunError, SystemError, SystemExit,
    SystemStop, TurnOutcome,
};

const HOUR: Duration = Duration::from_secs(3_600);

/// What kind of error it is, without what it holds.
fn kind<T>(result: Result<T, RunError>) -> String {
    format!("{:?}", result.err().expect("an error"))
}

// EV-LOOP-18, D-6
#[test]
fn an_empty_loop_ends_at_once_and_only_once() {
    let event_loop = EventLoop::new().unwrap();
    let report = event_loop.run().unwrap();
    assert_eq!((report.parked_tasks, report.stopped), (0, false));
    for again in [event_loop.run(), event_loop.run_forever(), event_loop.switch()] {
        assert_eq!(kind(again), "Loop(Ended)");
    }
}

// EV-LOOP-02
#[test]
fn current_is_an_error_on_a_thread_without_a_loop() {
    assert!(matches!(EventLoop::current(), Err(LoopError::NoLoop)));
    let event_loop = EventLoop::new().unwrap();
    event_loop.destroy().unwrap();
    assert!(matches!(EventLoop::current(), Err(LoopError::NoLoop)));
}

// EV-LOOP-18, EV-LOOP-21, EV-LOOP-22, EV-LOOP-23
#[test]
fn the_loop_cannot_be_run_or_destroyed_from_inside() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let (inner, on_call) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(move || {
        on_call.note(kind(inner.run()));
        on_call.note(kind(inner.run_forever()));
        on_call.note(kind(inner.switch()));
        on_call.note(kind(inner.turn(None)));
        on_call.note(kind(inner.run_until(ready(()))));
        on_call.note(format!("{:?}", inner.destroy().unwrap_err()));
        on_call.note(format!("running {}", inner.is_running()));
        inner.block_on(ready(()));
    });
    trace.note(format!("running {}", event_loop.is_running()));
    event_loop.run().unwrap();
    trace.note(format!("running {}", event_loop.is_running()));
    let expected = [
        "running false",
        "Loop(InsideLoop)",
        "Loop(InsideLoop)",
        "Loop(InsideLoop)",
        "Loop(InsideLoop)",
        "Loop(InsideLoop)",
        "AlreadyRunning",
        "running true",
        "Callback: panicked: block_on failed: this is inside the running event loop: await the \
         future, or spawn a task",
        "running false",
    ];
    assert_eq!(trace.take(), expected);
}

// EV-LOOP-20
#[test]
fn stop_finishes_the_pass_and_runs_nothing_that_was_queued_later() {
    let (event_loop, clock) = manual_loop();
    let trace = Trace::new().of_errors(&event_loop);
    let (inner, on_call) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(trace.noting("before"));
    event_loop.call_soon(move || {
        inner.call_soon(on_call.noting("queued before stop"));
        inner.stop().unwrap();
        inner.stop().unwrap();
        inner.call_soon(on_call.noting("queued after stop"));
        inner.call_later(MILLISECOND, on_call.noting("timer"));
        clock.advance(MILLISECOND);
    });
    event_loop.call_soon(trace.noting("after"));
    assert!(event_loop.run().unwrap().stopped);
    assert_eq!(trace.take(), ["before", "after"]);
    assert_eq!(event_loop.metrics().queued, 2);
    event_loop.destroy().unwrap();
    assert!(trace.take().is_empty());
}

// EV-LOOP-20, D-2: the bound between two polls is no boundary for stop.
#[test]
fn stop_finishes_a_pass_that_takes_several_turns() {
    let clock = common::ManualClock::default();
    let builder = EventLoop::builder().entries_between_polls(2).clock(clock.clone());
    let event_loop = builder.build().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let (ours, _theirs) = UnixStream::pair().unwrap();
    event_loop.call_later(MILLISECOND, trace.noting("timer"));
    let (inner, on_call, fd) = (event_loop.clone(), trace.clone(), ours.as_raw_fd());
    event_loop.call_soon(move || {
        on_call.note("stop");
        inner.add_writer(fd, on_call.noting("writer")).unwrap();
        clock.advance(MILLISECOND);
        inner.stop().unwrap();
    });
    for name in ["2", "3", "4", "5"] {
        event_loop.call_soon(trace.noting(name));
    }
    assert!(event_loop.run_forever().unwrap().stopped);
    assert_eq!(trace.take(), ["stop", "2", "3", "4", "5"]);
    event_loop.destroy().unwrap();
}

// EV-LOOP-20
#[test]
fn stop_is_an_error_between_runs_and_does_nothing_after_the_end() {
    let event_loop = EventLoop::new().unwrap();
    let is_not_running = || {
        assert!(matches!(event_loop.stop(), Err(LoopError::NotStarted)));
        assert!(matches!(event_loop.stop_with(SystemExit::new(1)), Err(LoopError::NotStarted)));
    };
    is_not_running();
    turn(&event_loop);
    is_not_running();
    event_loop.block_on(async {});
    is_not_running();
    event_loop.run().unwrap();
    event_loop.stop().unwrap();
    event_loop.stop_with(SystemExit::new(1)).unwrap();
    assert_eq!(event_loop.run_until(ready(7)).unwrap(), 7);
    event_loop.destroy().unwrap();
    assert!(matches!(event_loop.stop(), Err(LoopError::Closed)));
}

// EV-LOOP-20
#[test]
fn stop_does_not_wait_for_timers() {
    let event_loop = EventLoop::new().unwrap();
    event_loop.call_later(HOUR, || ());
    let inner = event_loop.clone();
    event_loop.call_later(MILLISECOND, move || inner.stop().unwrap());
    assert!(event_loop.run().unwrap().stopped);
    assert_eq!(event_loop.metrics().timers, 1);
}

// EV-LOOP-19, EV-LOOP-20
#[test]
fn a_remote_stop_that_was_sent_before_the_start_ends_the_run_in_its_turn() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.call_soon(trace.noting("before"));
    event_loop.remote().stop().unwrap();
    event_loop.call_soon(trace.noting("same pass"));
    assert!(event_loop.run_forever().unwrap().stopped);
    assert_eq!(trace.take(), ["before", "same pass"]);
}

// EV-LOOP-25, D-5
#[test]
fn the_loop_is_alive_for_exactly_what_can_still_call_it() {
    let event_loop = EventLoop::new().unwrap();
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let (fd, waker) = (ours.as_raw_fd(), Waker::noop());
    let is_alive = || turn(&event_loop) == TurnOutcome::Alive;
    assert!(!is_alive());

    let remote = event_loop.remote();
    let signal = event_loop.add_signal_handler(libc::SIGUSR1, || ()).unwrap();
    assert!(!is_alive(), "for a remote or a signal handler");
    drop(remote);
    signal.cancel();

    let timer = event_loop.call_later(HOUR, || ());
    assert!(is_alive(), "for a timer");
    timer.cancel();
    assert!(!is_alive());

    event_loop.add_reader(fd, || ()).unwrap();
    assert!(is_alive(), "for a reader");
    event_loop.remove_reader(fd);
    event_loop.add_writer(fd, || ()).unwrap();
    assert!(is_alive(), "for a writer");
    event_loop.remove_writer(fd);
    assert!(!is_alive());

    for watcher in [EventLoop::prepare, EventLoop::check, EventLoop::idle] {
        let watcher = watcher(&event_loop, || ());
        assert!(is_alive(), "for a {watcher:?}");
    }
    let (one, two) = (event_loop.keep_alive(), event_loop.keep_alive());
    drop(one);
    assert!(is_alive(), "for a token");
    drop(two);
    assert!(!is_alive());

    let mut source = Registration::new(&ours, Interest::BOTH).unwrap();
    assert!(!is_alive(), "for a source that nobody waits for");
    assert!(source.poll_ready(Direction::Read, waker).is_pending());
    assert!(is_alive(), "for a source that is waited for");
    source.release();
    let mut wait = Timer::at(event_loop.time() + HOUR);
    assert!(!is_alive(), "for a timer that nobody waits for");
    assert!(wait.poll(&mut Context::from_waker(waker)).is_pending());
    assert!(is_alive(), "for a timer that is waited for");
    drop(wait);
    assert!(!is_alive());
}

// EV-LOOP-25
#[test]
fn the_run_ends_when_a_callback_takes_the_last_thing_alive_away() {
    let event_loop = EventLoop::new().unwrap();
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let fd = ours.as_raw_fd();
    let timer = event_loop.call_later(HOUR, || ());
    let token = Cell::new(Some(event_loop.keep_alive()));
    let inner = event_loop.clone();
    let take_away = move || {
        timer.cancel();
        drop(token.take());
        inner.remove_writer(fd);
    };
    event_loop.add_writer(fd, take_away).unwrap();
    assert!(!event_loop.run().unwrap().stopped);
}

// EV-LOOP-17, D-7
#[test]
fn system_errors_end_the_run_and_all_but_an_exit_are_reported() {
    let stops: [(SystemStop, &[&str], i32); 3] = [
        (SystemExit::new(3).into(), &["pass"], 3),
        (KeyboardInterrupt.into(), &["System: ended: interrupted from the keyboard", "pass"], 130),
        (SystemError::new("no disk").into(), &["System: ended: no disk", "pass"], 1),
    ];
    for (stop, expected, code) in stops {
        let event_loop = EventLoop::new().unwrap();
        let trace = Trace::new().of_errors(&event_loop);
        let (inner, given) = (event_loop.clone(), stop.clone());
        event_loop.call_soon(move || inner.stop_with(given).unwrap());
        event_loop.call_soon(trace.noting("pass"));
        let Err(RunError::System(received)) = event_loop.run() else { panic!("no system error") };
        assert_eq!((received.exit_code(), received), (code, stop));
        assert!(!event_loop.is_running());
        assert_eq!(trace.take(), expected);
        event_loop.destroy().unwrap();
    }
}

// EV-LOOP-17
#[test]
fn the_first_of_several_system_errors_counts() {
    let event_loop = EventLoop::new().unwrap();
    let inner = event_loop.clone();
    event_loop.call_soon(move || {
        inner.stop().unwrap();
        inner.stop_with(SystemExit::new(1)).unwrap();
        inner.stop_with(SystemExit::new(2)).unwrap();
    });
    assert_eq!(kind(event_loop.run()), "System(Exit(SystemExit { code: 1 }))");
}

// EV-LOOP-17, D-7: "come back as the Err of whatever call was running it".
#[test]
fn a_system_error_is_not_lost_when_the_main_future_is_done_in_the_same_pass() {
    let event_loop = EventLoop::new().unwrap();
    let inner = event_loop.clone();
    event_loop.call_soon(move || inner.stop_with(SystemExit::new(4)).unwrap());
    let ended = event_loop.run_until(ready(()));
    assert!(matches!(ended, Err(RunError::System(_))), "{ended:?}");
}

// EV-LOOP-17: what ended one run says nothing of the next.
#[test]
fn a_system_error_does_not_come_back_from_a_later_call() {
    let event_loop = EventLoop::new().unwrap();
    let inner = event_loop.clone();
    event_loop.call_soon(move || inner.stop_with(SystemExit::new(4)).unwrap());
    drop(event_loop.run_until(ready(())));
    assert_eq!(event_loop.turn(Some(Duration::ZERO)).unwrap(), TurnOutcome::Idle);
}

// EV-LOOP-24
#[test]
fn run_until_runs_before_and_after_run_and_queues_behind_what_is_there() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.call_soon(trace.noting("queued before"));
    assert!(trace.take().is_empty(), "nothing runs until the loop does");
    let borrowed = RefCell::new(String::new());
    let mut polls = 0;
    let future = poll_fn(|cx| {
        polls += 1;
        trace.note(format!("poll {polls}"));
        borrowed.borrow_mut().push('x');
        if polls == 2 {
            return Poll::Ready(borrowed.borrow().len());
        }
        event_loop.call_soon(trace.noting("queued by the future"));
        cx.waker().wake_by_ref();
        cx.waker().wake_by_ref();
        event_loop.call_soon(trace.noting("behind the wake-up"));
        Poll::Pending
    });
    assert_eq!(event_loop.run_until(future).unwrap(), 2);
    assert_eq!(trace.take(), ["queued before", "poll 1", "queued by the future", "poll 2"]);
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["behind the wake-up"]);
    assert_eq!(event_loop.block_on(async { 5 }), 5);
    assert!(matches!(event_loop.run(), Err(RunError::Loop(LoopError::Ended))));
}

// EV-LOOP-24
#[test]
fn run_until_tells_when_it_was_stopped_before_the_future_was_done() {
    let event_loop = EventLoop::new().unwrap();
    event_loop.remote().stop().unwrap();
    assert_eq!(kind(event_loop.run_until(pending::<()>())), "Stopped");
    assert_eq!(event_loop.run_until(ready(1)).unwrap(), 1);
}

// EV-LOOP-24: a waker of an earlier wait wakes nobody.
#[test]
fn a_waker_that_outlives_its_run_does_not_poll_the_next_future() {
    let event_loop = EventLoop::new().unwrap();
    let kept = RefCell::new(None);
    let keep = poll_fn(|cx| {
        *kept.borrow_mut() = Some(cx.waker().clone());
        Poll::Ready(())
    });
    event_loop.run_until(keep).unwrap();
    let mut polls = 0;
    let second = poll_fn(|cx| {
        polls += 1;
        if polls == 1 {
            kept.take().unwrap().wake();
            let waker = cx.waker().clone();
            event_loop.call_later(MILLISECOND, move || waker.wake());
            return Poll::Pending;
        }
        Poll::Ready(polls)
    });
    assert_eq!(event_loop.run_until(second).unwrap(), 2);
}

// EV-LOOP-22, EV-LOOP-24
#[test]
fn a_panic_of_the_main_future_is_passed_on_and_leaves_a_loop_that_runs() {
    let event_loop = EventLoop::new().unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        event_loop.block_on(async { panic!("main") });
    }));
    assert_eq!(panic.unwrap_err().downcast_ref::<&str>(), Some(&"main"));
    assert!(!event_loop.is_running());
    assert_eq!(event_loop.block_on(async { 1 }), 1);
}

//
#[test]
fn the_free_block_on_uses_the_loop_of_its_thread_or_one_of_its_own() {
    let own = evergreen_loop::block_on(async { EventLoop::current().unwrap() });
    assert!(own.is_closed());
    assert_eq!(EventLoop::try_current(), None);
    let event_loop = EventLoop::new().unwrap();
    assert_eq!(evergreen_loop::block_on(async { EventLoop::current().unwrap() }), event_loop);
    assert!(!event_loop.is_closed());
}

// F14
#[test]
fn an_exception_handler_that_panics_does_not_stop_the_loop() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let on_error = trace.clone();
    event_loop.set_exception_handler(move |context: &ErrorContext| {
        on_error.note(context.message());
        panic!("the handler itself");
    });
    event_loop.call_soon(|| panic!("1"));
    event_loop.call_soon(|| panic!("2"));
    event_loop.call_soon(trace.noting("3"));
    event_loop.run().unwrap();
    event_loop.reset_exception_handler();
    event_loop.call_soon(|| panic!("4"));
    event_loop.block_on(async {});
    assert_eq!(trace.take(), ["panicked: 1", "panicked: 2", "3"]);
}

// D-7: a panic may carry a value that panics again.
#[test]
fn a_payload_that_panics_when_it_is_dropped_does_not_stop_the_loop() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let bomb = OnDrop::new(|| panic!("dropped"));
    event_loop.call_soon(move || std::panic::panic_any(bomb));
    event_loop.call_soon(trace.noting("next"));
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["Callback: panicked: a value that is no text", "next"]);
}

// D-7, F14
#[test]
fn a_watcher_that_stops_itself_may_panic_when_it_is_dropped() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let watcher = Rc::new(Cell::new(None));
    let own = Rc::clone(&watcher);
    let captured = OnDrop::new(|| panic!("dropped"));
    watcher.set(Some(event_loop.prepare(move || {
        let _captured = &captured;
        drop(own.take());
    })));
    event_loop.call_soon(trace.noting("entry"));
    let ran = catch_unwind(AssertUnwindSafe(|| event_loop.run()));
    assert!(ran.is_ok(), "the panic left the loop");
    assert_eq!(trace.take(), ["Watcher: panicked: dropped", "entry"]);
}

// F24
#[test]
fn a_poller_that_fails_ends_the_run_with_its_error() {
    let event_loop = loop_with_waits(|_| Err(io::Error::from_raw_os_error(libc::EINVAL)));
    event_loop.call_later(HOUR, || ());
    let error = event_loop.run().unwrap_err();
    let RunError::Loop(LoopError::Os(error)) = error else { panic!("{error:?}") };
    assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    assert!(!event_loop.is_running());
    event_loop.destroy().unwrap();
}

// EV-LOOP-16
#[test]
fn without_an_exception_handler_one_line_tells_of_a_panic() {
    let name = "without_an_exception_handler_one_line_tells_of_a_panic";
    let output = in_a_process_of_its_own(name, || {
        let event_loop = EventLoop::new().unwrap();
        event_loop.call_soon(|| panic!("a plain one"));
        event_loop.call_soon(|| eprintln!("the next callback"));
        event_loop.run().unwrap();
    });
    let Some(output) = output else { return };
    let errors = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = errors.lines().collect();
    let told = lines.iter().position(|line| line.starts_with("evergreen: ")).expect("a line");
    let place = format!("evergreen: callback (made at {}:", file!());
    assert!(lines[told].starts_with(&place), "{errors}");
    assert!(lines[told].ends_with(") panicked: a plain one"), "{errors}");
    assert_eq!(lines[told + 1], "the next callback");
    assert!(output.status.success());
}
