//! Signal handlers. Each test has a signal of its own, for tests of one process share them.

mod common;

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use common::{Trace, deliver, in_a_process_of_its_own, send_signal, sleepy_loop, turn};
use evergreen_loop::{EventLoop, LoopError, TurnOutcome};

// EV-SIG-01, EV-SIG-02
#[test]
fn all_handlers_run_once_for_each_delivery_in_the_order_in_which_they_were_added() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    for name in ["first", "second", "third"] {
        event_loop.add_signal_handler(libc::SIGUSR1, trace.noting(name)).unwrap();
    }
    for _ in 0..2 {
        deliver(&event_loop, libc::SIGUSR1);
        trace.note("turn");
        turn(&event_loop);
    }
    let once = ["turn", "first", "second", "third"];
    assert_eq!(trace.take(), [once, once].concat());
}

// EV-SIG-03, EV-HND-01
#[test]
fn cancelling_a_handler_leaves_the_others() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let handlers = ["first", "second", "third"]
        .map(|name| event_loop.add_signal_handler(libc::SIGUSR2, trace.noting(name)).unwrap());
    handlers[1].cancel();
    deliver(&event_loop, libc::SIGUSR2);
    turn(&event_loop);
    assert_eq!(trace.take(), ["first", "third"]);
    // One that is queued to run is taken out of that delivery, too.
    deliver(&event_loop, libc::SIGUSR2);
    let third = handlers[2].clone();
    event_loop.call_soon(move || third.cancel());
    turn(&event_loop);
    assert_eq!(trace.take(), ["first"]);
    assert!(event_loop.remove_signal_handler(libc::SIGUSR2).unwrap());
    assert!(handlers[0].is_cancelled());
}

// EV-SIG-04
#[test]
fn removing_drops_all_handlers_and_tells_whether_there_were_any() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let remove = || event_loop.remove_signal_handler(libc::SIGWINCH).unwrap();
    assert!(!remove());
    let captured = trace.on_drop("dropped");
    let handler = event_loop.add_signal_handler(libc::SIGWINCH, move || {
        let _captured = &captured;
    });
    event_loop.add_signal_handler(libc::SIGWINCH, trace.noting("called")).unwrap();
    assert!(remove());
    assert!(handler.unwrap().is_cancelled());
    assert_eq!(trace.take(), ["dropped"]);
    assert!(!remove());
    // A signal whose only handler was cancelled has none.
    event_loop.add_signal_handler(libc::SIGWINCH, || ()).unwrap().cancel();
    assert!(!remove());
}

// EV-SIG-04
#[test]
fn handlers_that_are_queued_when_they_are_removed_do_not_run() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    for name in ["first", "second"] {
        event_loop.add_signal_handler(libc::SIGIO, trace.noting(name)).unwrap();
    }
    deliver(&event_loop, libc::SIGIO);
    let (inner, on_call) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(move || {
        on_call.note(format!("removed {:?}", inner.remove_signal_handler(libc::SIGIO)));
        inner.add_signal_handler(libc::SIGIO, on_call.noting("added later")).unwrap();
    });
    turn(&event_loop);
    assert_eq!(trace.take(), ["removed Ok(true)"]);
    deliver(&event_loop, libc::SIGIO);
    turn(&event_loop);
    assert_eq!(trace.take(), ["added later"]);
}

// EV-SIG-05
#[test]
fn numbers_that_are_no_signal_or_cannot_be_handled_are_refused() {
    let event_loop = EventLoop::new().unwrap();
    for signum in [0, -1, 65, i32::MAX, i32::MIN] {
        let invalid = |error| matches!(error, Some(LoopError::InvalidSignal(n)) if n == signum);
        assert!(invalid(event_loop.add_signal_handler(signum, || ()).err()), "{signum}");
        assert!(invalid(event_loop.remove_signal_handler(signum).err()), "{signum}");
    }
    // The C library keeps 32 for itself.
    for signum in [libc::SIGKILL, libc::SIGSTOP, libc::SIGSEGV, libc::SIGFPE, libc::SIGILL, 32] {
        let error = event_loop.add_signal_handler(signum, || ()).err();
        let refused = matches!(error, Some(LoopError::UncatchableSignal(n)) if n == signum);
        assert!(refused, "{signum}: {error:?}");
    }
    for signum in [libc::SIGKILL, libc::SIGSTOP] {
        let error = event_loop.remove_signal_handler(signum);
        assert!(matches!(error, Err(LoopError::UncatchableSignal(n)) if n == signum));
    }
    assert!(!event_loop.remove_signal_handler(32).unwrap(), "something was left");
    event_loop.destroy().unwrap();
}

// EV-SIG-06, D-5
#[test]
fn handlers_do_not_hold_the_loop_but_run_while_it_lives() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.add_signal_handler(libc::SIGPROF, trace.noting("called")).unwrap();
    deliver(&event_loop, libc::SIGPROF);
    assert_eq!(turn(&event_loop), TurnOutcome::Idle);
    assert!(!event_loop.run().unwrap().stopped);
    assert_eq!(trace.take(), ["called"]);
}

// EV-SIG-07
#[test]
fn loops_of_two_threads_handle_the_same_signal_each_on_its_own() {
    let ready = Arc::new(Barrier::new(3));
    let threads = [(); 2].map(|()| {
        let ready = Arc::clone(&ready);
        thread::spawn(move || {
            let event_loop = EventLoop::new().unwrap();
            let trace = Trace::new().of_errors(&event_loop);
            let (inner, on_signal, own) =
                (event_loop.clone(), trace.clone(), thread::current().id());
            let handler = move || {
                on_signal.note(format!("on its thread {}", thread::current().id() == own));
                inner.stop().unwrap();
            };
            event_loop.add_signal_handler(libc::SIGHUP, handler).unwrap();
            ready.wait();
            assert!(event_loop.run_forever().unwrap().stopped);
            trace.take()
        })
    });
    ready.wait();
    send_signal(libc::SIGHUP);
    for thread in threads {
        assert_eq!(thread.join().unwrap(), ["on its thread true"]);
    }
}

// EV-SIG-07
#[test]
fn a_loop_that_removes_its_handler_leaves_that_of_another_thread() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.add_signal_handler(libc::SIGVTALRM, trace.noting("ours")).unwrap();
    let other = thread::spawn(|| {
        let event_loop = EventLoop::new().unwrap();
        event_loop.add_signal_handler(libc::SIGVTALRM, || ()).unwrap();
        event_loop.add_signal_handler(libc::SIGVTALRM, || ()).unwrap();
        assert!(event_loop.remove_signal_handler(libc::SIGVTALRM).unwrap());
        event_loop.add_signal_handler(libc::SIGVTALRM, || ()).unwrap();
    });
    other.join().unwrap();
    deliver(&event_loop, libc::SIGVTALRM);
    turn(&event_loop);
    assert_eq!(trace.take(), ["ours"]);
}

/// A signal of which the kernel keeps every one.
const REALTIME: i32 = 40;

/// Has another process send us that many of them.
fn send_realtime(times: u32) {
    let script =
        format!("n=0; while [ $n -lt {times} ]; do kill -{REALTIME} $PPID; n=$((n+1)); done");
    assert!(Command::new("sh").args(["-c", &script]).status().expect("a shell").success());
}

// EV-SIG-08, F10
#[test]
fn each_of_many_deliveries_calls_each_handler_once() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.add_signal_handler(REALTIME, trace.noting("first")).unwrap();
    event_loop.add_signal_handler(REALTIME, trace.noting("second")).unwrap();
    send_realtime(200);
    let _token = event_loop.keep_alive();
    let all_of = |times| {
        while trace.count("second") < times {
            event_loop.turn(None).unwrap();
        }
    };
    all_of(200);
    // Were there more than these, they would come before the next.
    send_realtime(1);
    all_of(201);
    assert_eq!(trace.take(), ["first", "second"].repeat(201));
}

// EV-SIG-08
#[test]
fn a_signal_wakes_a_loop_that_sleeps() {
    let (event_loop, asleep) = sleepy_loop();
    let trace = Trace::new().of_errors(&event_loop);
    let (inner, on_signal) = (event_loop.clone(), trace.clone());
    let handler = move || {
        on_signal.note("signal");
        inner.stop().unwrap();
    };
    event_loop.add_signal_handler(libc::SIGURG, handler).unwrap();
    let thread = thread::spawn(move || {
        asleep.recv().unwrap();
        send_signal(libc::SIGURG);
    });
    assert!(event_loop.run_forever().unwrap().stopped);
    thread.join().unwrap();
    assert_eq!(trace.take(), ["signal"]);
}

// EV-SIG-01, EV-HND-03, F14, F23
#[test]
fn a_handler_may_panic_remove_itself_and_add_others() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let (inner, on_signal) = (event_loop.clone(), trace.clone());
    let mut calls = 0;
    let handler = move || {
        calls += 1;
        if calls == 2 {
            inner.remove_signal_handler(libc::SIGALRM).unwrap();
            inner.add_signal_handler(libc::SIGALRM, on_signal.noting("another")).unwrap();
        }
        panic!("call {calls}");
    };
    event_loop.add_signal_handler(libc::SIGALRM, handler).unwrap();
    for _ in 0..3 {
        deliver(&event_loop, libc::SIGALRM);
        turn(&event_loop);
    }
    let expected =
        ["SignalHandler: panicked: call 1", "SignalHandler: panicked: call 2", "another"];
    assert_eq!(trace.take(), expected);
}

// EV-SIG-09, R-6
#[test]
fn a_handler_that_is_added_again_after_the_last_was_removed_is_called() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    for name in ["1", "2", "3"] {
        let handler = event_loop.add_signal_handler(libc::SIGTTIN, trace.noting(name)).unwrap();
        deliver(&event_loop, libc::SIGTTIN);
        turn(&event_loop);
        handler.cancel();
    }
    assert_eq!(trace.take(), ["1", "2", "3"]);
}

/// Which signal ended the second process, in which `body` takes its handlers away and the signal
/// is sent then.
fn ended_by(test: &str, body: impl FnOnce()) -> Option<Option<i32>> {
    let output = in_a_process_of_its_own(test, || {
        body();
        send_signal(libc::SIGUSR1);
    });
    output.map(|output| output.status.signal())
}

// EV-SIG-09, R-6
#[test]
fn removing_the_last_handler_restores_what_the_signal_did() {
    let name = "removing_the_last_handler_restores_what_the_signal_did";
    let ended = ended_by(name, || {
        let event_loop = EventLoop::new().unwrap();
        for _ in 0..3 {
            let first = event_loop.add_signal_handler(libc::SIGUSR1, || ()).unwrap();
            event_loop.add_signal_handler(libc::SIGUSR1, || ()).unwrap();
            first.cancel();
            deliver(&event_loop, libc::SIGUSR1);
            turn(&event_loop);
            event_loop.remove_signal_handler(libc::SIGUSR1).unwrap();
        }
    });
    assert!(ended.is_none_or(|signal| signal == Some(libc::SIGUSR1)), "{ended:?}");
}

// EV-SIG-09, EV-LOOP-21
#[test]
fn destroy_restores_what_the_signal_did() {
    let ended = ended_by("destroy_restores_what_the_signal_did", || {
        let event_loop = EventLoop::new().unwrap();
        event_loop.add_signal_handler(libc::SIGUSR1, || ()).unwrap();
        event_loop.destroy().unwrap();
    });
    assert!(ended.is_none_or(|signal| signal == Some(libc::SIGUSR1)), "{ended:?}");
}

// EV-SIG-09, F26
#[test]
fn a_thread_that_ends_restores_what_the_signal_did() {
    let ended = ended_by("a_thread_that_ends_restores_what_the_signal_did", || {
        let thread = thread::spawn(|| {
            EventLoop::new().unwrap().add_signal_handler(libc::SIGUSR1, || ()).unwrap();
        });
        thread.join().unwrap();
    });
    assert!(ended.is_none_or(|signal| signal == Some(libc::SIGUSR1)), "{ended:?}");
}

// EV-SIG-09: what was ignored is ignored again.
#[test]
fn a_signal_that_was_ignored_is_ignored_again() {
    const CHILD: &str = "EVERGREEN_IGNORES_SIGUSR1";
    if std::env::var_os(CHILD).is_some() {
        let event_loop = EventLoop::new().unwrap();
        let trace = Trace::new().of_errors(&event_loop);
        event_loop.add_signal_handler(libc::SIGUSR1, trace.noting("called")).unwrap();
        deliver(&event_loop, libc::SIGUSR1);
        turn(&event_loop);
        event_loop.destroy().unwrap();
        send_signal(libc::SIGUSR1);
        assert_eq!(trace.take(), ["called"]);
        return;
    }
    let output = Command::new("sh")
        .args(["-c", "trap '' USR1; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["a_signal_that_was_ignored_is_ignored_again", "--exact"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{output:?}");
}

// EV-SIG-08: a signal that has come counts as something to do.
#[test]
fn a_turn_with_a_signal_to_handle_does_not_wait() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.add_signal_handler(libc::SIGXCPU, trace.noting("called")).unwrap();
    deliver(&event_loop, libc::SIGXCPU);
    event_loop.turn(Some(Duration::MAX)).unwrap();
    assert_eq!(trace.take(), ["called"]);
}
