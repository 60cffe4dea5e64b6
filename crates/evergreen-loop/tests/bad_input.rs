//! What is refused, and how the refusal says what was wrong.

mod common;

use std::error::Error;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use common::{Trace, in_a_process_of_its_own, manual_loop, turn};
use evergreen_loop::build::{Interest, Registration};
use evergreen_loop::{
    BlockingError, Delay, ErrorContext, ErrorOrigin, EventLoop, InvalidDelay, LoopError, LoopTime,
    Panic, RunError, SystemExit,
};

const HUGE: f64 = 1e300;

fn text<T>(result: Result<T, impl Error>) -> String {
    result.err().expect("an error").to_string()
}

// EV-LOOP-01, EV-LOOP-02, EV-LOOP-18, EV-LOOP-20, EV-LOOP-21
#[test]
fn calls_at_the_wrong_time_each_have_their_own_text() {
    assert_eq!(
        text(EventLoop::current()),
        "no event loop on this thread: make one with EventLoop::new(), or call block_on"
    );
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    assert_eq!(text(EventLoop::new()), "this thread has an event loop: destroy it first");
    assert_eq!(text(event_loop.stop()), "the event loop is not running");
    let (inner, on_call) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(move || {
        on_call.note(text(inner.run()));
        on_call.note(text(inner.destroy()));
    });
    event_loop.run().unwrap();
    let inside = "this is inside the running event loop: await the future, or spawn a task";
    assert_eq!(trace.take(), [inside, "the event loop is running"]);
    let ended = "the event loop has ended and cannot be started again: make a new one";
    assert_eq!(text(event_loop.run_forever()), ended);
    event_loop.remote().stop().unwrap();
    assert_eq!(
        text(event_loop.run_until(std::future::pending::<()>())),
        "the event loop was stopped before the future was done"
    );
    event_loop.destroy().unwrap();
    assert_eq!(text(event_loop.destroy()), "the event loop is destroyed");
    assert_eq!(
        text(event_loop.remote().stop_with(SystemExit::new(1))),
        "the event loop is destroyed"
    );
}

// EV-LOOP-09, F22
#[test]
fn refused_descriptors_are_named() {
    let event_loop = EventLoop::new().unwrap();
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let fd = ours.as_raw_fd();
    event_loop.add_reader(fd, || ()).unwrap();
    let busy = format!("descriptor {fd} is watched already");
    assert_eq!(text(event_loop.add_reader(fd, || ())), busy);
    assert_eq!(text(Registration::new(&ours, Interest::BOTH)), busy);
    assert_eq!(text(event_loop.add_writer(-1, || ())), "descriptor -1 is not open");
    assert_eq!(text(event_loop.add_reader(i32::MAX, || ())), "descriptor 2147483647 is not open");
    let file = File::open(std::env::current_exe().unwrap()).unwrap();
    let number = file.as_raw_fd();
    let expected =
        format!("descriptor {number} cannot be watched: use run_blocking for regular files");
    assert_eq!(text(event_loop.add_reader(number, || ())), expected);
    event_loop.destroy().unwrap();
}

// EV-SIG-05
#[test]
fn refused_signals_are_named() {
    let event_loop = EventLoop::new().unwrap();
    assert_eq!(text(event_loop.add_signal_handler(0, || ())), "there is no signal 0");
    assert_eq!(text(event_loop.add_signal_handler(-15, || ())), "there is no signal -15");
    assert_eq!(text(event_loop.remove_signal_handler(65)), "there is no signal 65");
    assert_eq!(text(event_loop.add_signal_handler(9, || ())), "signal 9 cannot be handled");
    event_loop.destroy().unwrap();
}

// EV-LOOP-06, D-11
#[test]
fn a_delay_that_is_not_a_number_is_refused() {
    for nan in [f64::NAN, -f64::NAN, f64::INFINITY - f64::INFINITY] {
        assert_eq!(Delay::from_secs(nan), Err(InvalidDelay));
        let panic = std::panic::catch_unwind(|| Delay::from(nan)).unwrap_err();
        let text = panic.downcast_ref::<String>().map(String::as_str);
        assert_eq!(text, Some("a delay must be a number of seconds, not NaN"));
    }
    assert_eq!(InvalidDelay.to_string(), "a delay must be a number of seconds, not NaN");
}

// EV-LOOP-06, D-11
#[test]
fn delays_keep_their_sign_and_saturate() {
    for negative in [-1.0, -f64::MIN_POSITIVE, -HUGE, f64::NEG_INFINITY] {
        let delay = Delay::from(negative);
        assert!(delay.is_negative() && delay.length().is_none());
        assert!(delay.as_secs_f64().total_cmp(&negative).is_eq());
    }
    for zero in [0.0, -0.0] {
        assert_eq!(Delay::from(zero), Delay::ZERO);
        assert_eq!(Delay::from(zero).length(), Some(Duration::ZERO));
    }
    for longest in [HUGE, f64::MAX, f64::INFINITY] {
        assert_eq!(Delay::from(longest).length(), Some(Duration::MAX));
    }
    assert_eq!(Delay::from(0.25), Delay::from(Duration::from_millis(250)));
}

// EV-LOOP-06, D-11, F12
#[test]
fn delays_beyond_all_clocks_are_timers_that_hold_the_loop() {
    let (event_loop, clock) = manual_loop();
    let trace = Trace::new().of_errors(&event_loop);
    clock.advance(Duration::from_secs(7));
    let handlers = [
        event_loop.call_later(f64::INFINITY, trace.noting("infinity")),
        event_loop.call_later(HUGE, trace.noting("huge")),
        event_loop.call_later(Duration::MAX, trace.noting("the longest")),
        event_loop.call_at(LoopTime::MAX, trace.noting("the farthest")),
    ];
    assert!(handlers.iter().all(|handler| handler.when() == Some(LoopTime::MAX)));
    turn(&event_loop);
    assert_eq!(event_loop.metrics().timers, 4);
    for handler in &handlers {
        handler.cancel();
    }
    event_loop.run().unwrap();
    assert!(trace.take().is_empty());
}

// EV-LOOP-08
#[test]
fn points_in_time_saturate() {
    let zero = LoopTime::from_nanos(0);
    assert_eq!(LoopTime::MAX + Duration::from_nanos(1), LoopTime::MAX);
    assert_eq!(zero + Duration::MAX, LoopTime::MAX);
    assert_eq!(zero - LoopTime::MAX, Duration::ZERO);
    assert_eq!(LoopTime::MAX - zero, Duration::from_nanos(u64::MAX));
    let mut point = LoopTime::from_nanos(u64::MAX - 1);
    point += Duration::from_secs(1);
    assert_eq!(point.as_nanos(), u64::MAX);
}

// D-2
#[test]
fn a_bound_of_zero_entries_counts_as_one() {
    let event_loop = EventLoop::builder().entries_between_polls(0).build().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.call_soon(trace.noting("1"));
    event_loop.call_soon(trace.noting("2"));
    turn(&event_loop);
    assert_eq!(trace.take(), ["1"]);
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["2"]);
}

// EV-LOOP-01, F1
#[test]
fn a_loop_that_gets_no_descriptors_is_an_error_of_the_system() {
    let name = "a_loop_that_gets_no_descriptors_is_an_error_of_the_system";
    let output = in_a_process_of_its_own(name, || {
        let mut taken = Vec::new();
        let full = loop {
            match File::open("/dev/null") {
                Ok(file) => taken.push(file),
                Err(error) => break error.raw_os_error(),
            }
        };
        for freed in 0..2 {
            let Err(LoopError::Os(error)) = EventLoop::new() else { panic!("a loop") };
            assert_eq!(error.raw_os_error(), full, "{freed} descriptors free");
            taken.pop();
        }
        drop(taken);
        EventLoop::new().unwrap().destroy().unwrap();
    });
    let Some(output) = output else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

// EV-LOOP-17
#[test]
fn errors_carry_their_cause() {
    let os = || io::Error::from_raw_os_error(libc::ENOSPC);
    assert_eq!(LoopError::Os(os()).to_string(), os().to_string());
    assert!(LoopError::Os(os()).source().is_some() && LoopError::Closed.source().is_none());
    assert_eq!(io::Error::from(LoopError::from(os())).raw_os_error(), Some(libc::ENOSPC));
    let wrapped = io::Error::from(LoopError::Busy(3));
    assert_eq!(wrapped.to_string(), "descriptor 3 is watched already");
    assert_eq!(RunError::from(LoopError::Ended).to_string(), LoopError::Ended.to_string());
    assert!(RunError::from(LoopError::Ended).source().is_some());
    assert!(RunError::System(SystemExit::new(1).into()).source().is_some());
    assert!(RunError::Stopped.source().is_none());
    assert_eq!(
        BlockingError::Panicked(Panic::new(Box::new("oh"))).to_string(),
        "the blocking job panicked: oh"
    );
    assert_eq!(
        BlockingError::Os(os()).to_string(),
        format!("no thread for a blocking job: {}", os())
    );
}

// D-7
#[test]
fn a_report_says_whose_error_it_is_and_where_that_was_made() {
    let context = ErrorContext::new(ErrorOrigin::Task).named("reader").saying("failed");
    assert_eq!(context.to_string(), "task reader failed");
    assert_eq!((context.name(), context.message()), (Some("reader"), "failed"));
    let here = std::panic::Location::caller();
    let place = ErrorContext::new(ErrorOrigin::SignalHandler).at(here).panicked(&"with a text");
    assert_eq!(place.to_string(), format!("signal handler (made at {here}) panicked: with a text"));
    assert_eq!(place.location(), Some(here));
}
