//! A loop that is hosted by another: here by one that does nothing but `poll`.

mod common;

use std::cell::{Cell, RefCell};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use common::{
    MILLISECOND, Trace, call_from_thread, loop_with_waits, manual_loop, send_signal, turn,
};
use evergreen_loop::{EventLoop, LoopError, LoopTime, RunError, TurnOutcome};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether the loop's descriptor becomes readable in this time; `None` is for ever.
fn wait(event_loop: &EventLoop, timeout: Option<Duration>) -> bool {
    let timeout = timeout.map(|length| Timespec {
        tv_sec: i64::try_from(length.as_secs()).expect("a time"),
        tv_nsec: length.subsec_nanos().into(),
    });
    let fd = event_loop.as_fd();
    let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    loop {
        match poll(&mut fds, timeout.as_ref()) {
            Ok(ready) => return ready > 0,
            Err(rustix::io::Errno::INTR) => {},
            Err(error) => panic!("{error}"),
        }
    }
}

fn is_readable(event_loop: &EventLoop) -> bool {
    wait(event_loop, Some(Duration::ZERO))
}

/// Runs the loop as its documentation says a host does, until a turn leaves nothing to do.
/// `before_waiting` is called whenever only another thread or a descriptor can go on.
fn host(event_loop: &EventLoop, mut before_waiting: impl FnMut()) -> TurnOutcome {
    loop {
        let deadline = event_loop.next_deadline();
        if deadline.is_none() {
            before_waiting();
        }
        wait(event_loop, deadline.map(|deadline| deadline - event_loop.time()));
        match turn(event_loop) {
            TurnOutcome::Alive => {},
            ended => return ended,
        }
    }
}

// EV-LOOP-06: the host needs no more than the descriptor and the next deadline.
#[test]
fn callbacks_timers_and_readers_run_under_a_host() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let fd = ours.as_raw_fd();
    event_loop.call_soon(trace.noting("soon"));
    event_loop.call_later(MILLISECOND * 2, trace.noting("second timer"));
    event_loop.call_later(MILLISECOND, trace.noting("first timer"));
    event_loop.call_later(MILLISECOND * 3, move || (&theirs).write_all(b"x").unwrap());
    let (inner, on_read) = (event_loop.clone(), trace.clone());
    let reader = move || {
        ours.read_exact(&mut [0]).unwrap();
        on_read.note("readable");
        inner.remove_reader(fd);
    };
    event_loop.add_reader(fd, reader).unwrap();
    assert_eq!(host(&event_loop, || ()), TurnOutcome::Idle);
    assert_eq!(trace.take(), ["soon", "first timer", "second timer", "readable"]);
}

// EV-LOOP-05
#[test]
fn a_call_from_a_thread_wakes_the_host() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let (waiting, waits) = channel();
    let (remote, on_thread) = (event_loop.remote(), trace.clone());
    let thread = thread::spawn(move || {
        waits.recv().unwrap();
        remote.call_from_thread(on_thread.noting("first call")).unwrap();
        waits.recv().unwrap();
        remote.call_from_thread(on_thread.noting("second call")).unwrap();
        remote.stop().unwrap();
    });
    let _token = event_loop.keep_alive();
    turn(&event_loop);
    // A host may look once more after the thread has said its last.
    let outcome = host(&event_loop, || {
        waiting.send(()).ok();
    });
    thread.join().unwrap();
    assert_eq!(outcome, TurnOutcome::Stopped);
    assert_eq!(trace.take(), ["first call", "second call"]);
}

// EV-LOOP-05: a host may wait before it has run a single turn.
#[test]
fn a_call_before_the_first_turn_makes_the_descriptor_readable() {
    let event_loop = EventLoop::new().unwrap();
    assert_eq!(event_loop.next_deadline(), None);
    call_from_thread(&event_loop, || ());
    assert!(is_readable(&event_loop));
}

// EV-LOOP-05
#[test]
fn a_call_after_a_run_makes_the_descriptor_readable() {
    let event_loop = EventLoop::new().unwrap();
    event_loop.block_on(async {});
    assert_eq!(event_loop.next_deadline(), None);
    call_from_thread(&event_loop, || ());
    assert!(is_readable(&event_loop));
}

// EV-LOOP-05: else the host would spin.
#[test]
fn the_descriptor_is_readable_no_longer_once_a_turn_has_taken_the_call() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    turn(&event_loop);
    for _ in 0..2 {
        call_from_thread(&event_loop, trace.noting("call"));
        assert!(is_readable(&event_loop));
        turn(&event_loop);
        assert!(!is_readable(&event_loop));
        assert_eq!(event_loop.next_deadline(), None);
    }
    assert_eq!(trace.take(), ["call", "call"]);
}

// EV-SIG-08
#[test]
fn a_signal_wakes_the_host() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let (inner, on_signal) = (event_loop.clone(), trace.clone());
    let token = Cell::new(Some(event_loop.keep_alive()));
    let handler = move || {
        on_signal.note("signal");
        drop(token.take());
        inner.remove_signal_handler(libc::SIGUSR1).unwrap();
    };
    event_loop.add_signal_handler(libc::SIGUSR1, handler).unwrap();
    turn(&event_loop);
    assert_eq!(host(&event_loop, || send_signal(libc::SIGUSR1)), TurnOutcome::Idle);
    assert_eq!(trace.take(), ["signal"]);
}

// EV-LOOP-09
#[test]
fn a_readable_descriptor_makes_that_of_the_loop_readable() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let (mut ours, mut theirs) = UnixStream::pair().unwrap();
    event_loop.add_reader(ours.as_raw_fd(), trace.noting("readable")).unwrap();
    assert!(!is_readable(&event_loop));
    theirs.write_all(b"x").unwrap();
    assert!(is_readable(&event_loop));
    turn(&event_loop);
    assert!(is_readable(&event_loop), "it was not read");
    ours.read_exact(&mut [0]).unwrap();
    assert!(!is_readable(&event_loop));
    assert_eq!(trace.take(), ["readable"]);
}

// EV-LOOP-18, EV-LOOP-20, D-6
#[test]
fn a_turn_tells_whether_the_loop_is_alive_idle_or_stopped() {
    let (event_loop, clock) = manual_loop();
    let trace = Trace::new().of_errors(&event_loop);
    assert_eq!(turn(&event_loop), TurnOutcome::Idle);
    event_loop.call_later(MILLISECOND, trace.noting("timer"));
    assert_eq!(turn(&event_loop), TurnOutcome::Alive);
    clock.advance(MILLISECOND);
    assert_eq!(turn(&event_loop), TurnOutcome::Idle);
    let (inner, on_call) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(move || {
        inner.stop().unwrap();
        inner.call_soon(on_call.noting("queued after stop"));
    });
    event_loop.call_soon(trace.noting("same pass"));
    assert_eq!(turn(&event_loop), TurnOutcome::Stopped);
    assert_eq!(trace.take(), ["timer", "same pass"]);
    assert_eq!(turn(&event_loop), TurnOutcome::Idle);
    assert_eq!(trace.take(), ["queued after stop"]);
    assert!(!event_loop.is_running());
}

// EV-LOOP-20, D-2
#[test]
fn a_stop_holds_until_its_pass_is_over_also_across_turns() {
    let event_loop = EventLoop::builder().entries_between_polls(2).build().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let (inner, on_call) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(move || {
        inner.stop().unwrap();
        inner.call_soon(on_call.noting("queued after stop"));
    });
    for name in ["2", "3", "4"] {
        event_loop.call_soon(trace.noting(name));
    }
    assert_eq!(turn(&event_loop), TurnOutcome::Alive);
    assert_eq!(turn(&event_loop), TurnOutcome::Stopped);
    assert_eq!(trace.take(), ["2", "3", "4"]);
    assert_eq!(turn(&event_loop), TurnOutcome::Idle);
    assert_eq!(trace.take(), ["queued after stop"]);
}

// EV-LOOP-18
#[test]
fn a_turn_inside_a_callback_is_refused() {
    let event_loop = EventLoop::new().unwrap();
    let refused = Rc::new(Cell::new(false));
    let (inner, told) = (event_loop.clone(), Rc::clone(&refused));
    event_loop.call_soon(move || {
        let error = inner.turn(Some(Duration::ZERO));
        told.set(matches!(error, Err(RunError::Loop(LoopError::InsideLoop))));
    });
    turn(&event_loop);
    assert!(refused.get());
}

// D-3 (3), F12
#[test]
fn the_next_deadline_is_exact_however_far_away() {
    let (event_loop, clock) = manual_loop();
    assert_eq!(event_loop.next_deadline(), None);
    clock.advance(Duration::from_nanos(5));
    let farthest = event_loop.call_later(Duration::MAX, || ());
    assert_eq!(event_loop.next_deadline(), Some(LoopTime::MAX));
    let far = event_loop.call_later(Duration::from_nanos(1 << 63), || ());
    assert_eq!(event_loop.next_deadline(), Some(LoopTime::from_nanos((1 << 63) + 5)));
    let later = event_loop.call_later(DAY * 2, || ());
    let two_days = LoopTime::from_nanos(5) + DAY * 2;
    assert_eq!(event_loop.next_deadline(), Some(two_days));
    let near = event_loop.call_later(Duration::from_nanos(1), || ());
    assert_eq!(event_loop.next_deadline(), Some(LoopTime::from_nanos(6)));
    near.cancel();
    assert_eq!(turn(&event_loop), TurnOutcome::Alive);
    assert_eq!(event_loop.next_deadline(), Some(two_days));
    later.cancel();
    far.cancel();
    assert_eq!(event_loop.next_deadline(), Some(LoopTime::MAX));
    farthest.cancel();
    assert_eq!(event_loop.next_deadline(), None);
}

// EV-LOOP-04, D-3 (9)
#[test]
fn the_next_deadline_is_now_while_there_is_something_to_run() {
    let (event_loop, clock) = manual_loop();
    clock.advance(MILLISECOND);
    event_loop.call_later(MILLISECOND, || ());
    let now = Some(event_loop.time());
    event_loop.call_soon(|| ());
    assert_eq!(event_loop.next_deadline(), now);
    turn(&event_loop);
    call_from_thread(&event_loop, || ());
    assert_eq!(event_loop.next_deadline(), now);
    turn(&event_loop);
    let idle = event_loop.idle(|| ());
    assert_eq!(event_loop.next_deadline(), now);
    drop(idle);
    assert_eq!(event_loop.next_deadline(), Some(event_loop.time() + MILLISECOND));
}

/// How long the loop would sleep in a turn with this limit.
fn sleep_of(timers: &[Duration], limit: Option<Duration>) -> Option<Duration> {
    let asked = Rc::new(RefCell::new(Vec::new()));
    let asking = Rc::clone(&asked);
    let event_loop = loop_with_waits(move |timeout| {
        asking.borrow_mut().push(timeout);
        Err(io::Error::from(io::ErrorKind::Unsupported))
    });
    for length in timers {
        event_loop.call_later(*length, || ());
    }
    assert!(matches!(event_loop.turn(limit), Err(RunError::Loop(LoopError::Os(_)))));
    event_loop.destroy().expect("destroyed");
    asked.take()[0]
}

// D-3 (3), F11, F12
#[test]
fn a_turn_sleeps_until_the_next_timer_its_limit_or_one_day() {
    assert_eq!(sleep_of(&[], None), None);
    assert_eq!(sleep_of(&[], Some(MILLISECOND)), Some(MILLISECOND));
    assert_eq!(sleep_of(&[DAY * 2], None), Some(DAY));
    assert_eq!(sleep_of(&[Duration::MAX], None), Some(DAY));
    assert_eq!(sleep_of(&[DAY * 2], Some(MILLISECOND)), Some(MILLISECOND));
    let until_the_first = sleep_of(&[DAY * 2, DAY / 2], Some(DAY)).unwrap();
    assert!(until_the_first <= DAY / 2, "{until_the_first:?}");
}
