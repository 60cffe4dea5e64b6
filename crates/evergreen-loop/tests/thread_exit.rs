//! Ends that come from outside the loop: of its thread, and of the process from wherever. F26 of the
//! fault catalogue. `destroying.rs` has the loop that ends with its thread, `signals.rs` what a
//! thread's end restores.

mod common;

use std::fs;
use std::process::exit;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, ThreadId};
use std::time::Duration;

use common::kinds::KINDS;
use common::{OnDrop, Trace, in_a_process_of_its_own, readable_pair};
use evergreen_loop::build::{Interest, Registration};
use evergreen_loop::{EventLoop, LoopError, LoopRemote};

const HOUR: Duration = Duration::from_secs(3_600);

/// How a second process ended in which `body` ran.
fn exit_code(test: &str, body: impl FnOnce()) -> Option<Option<i32>> {
    in_a_process_of_its_own(test, body).map(|output| output.status.code())
}

#[cfg(target_os = "linux")]
fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("a list").count()
}

#[cfg(target_os = "linux")]
fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("a list").count()
}

// F26: whatever the loop holds, its thread's end leaves nothing of it.
#[cfg(target_os = "linux")]
#[test]
fn a_thread_that_ends_leaves_no_descriptor_thread_or_capture() {
    let name = "a_thread_that_ends_leaves_no_descriptor_thread_or_capture";
    let code = exit_code(name, || {
        let trace = Trace::new();
        let before = (descriptors(), threads());
        for _ in 0..3 {
            let trace = trace.clone();
            let thread = thread::spawn(move || {
                let event_loop = EventLoop::new().unwrap();
                let (ours, theirs) = readable_pair();
                let registration = Registration::new(&theirs, Interest::BOTH).unwrap();
                let captured = trace.on_drop("dropped");
                let kept = KINDS.map(|kind| kind.hold(&event_loop, || ()));
                event_loop.block_on(event_loop.run_blocking(|| ())).unwrap();
                let held = (kept, captured, ours, theirs, registration);
                event_loop.call_later(HOUR, move || drop(held));
            });
            thread.join().unwrap();
        }
        assert_eq!(trace.take(), ["dropped"; 3]);
        assert_eq!((descriptors(), threads()), before);
    });
    assert!(code.is_none_or(|code| code == Some(0)), "{code:?}");
}

// F26, EV-LOOP-22: from a callback of any kind, with the loop in the middle of its turn.
#[test]
fn a_callback_may_exit_the_process() {
    let name = "a_callback_may_exit_the_process";
    if let Ok(number) = std::env::var(common::CHILD) {
        let kind = KINDS[number.parse::<usize>().unwrap()];
        let event_loop = EventLoop::new().unwrap();
        // A loop that is in the middle of something is left as it is.
        let captured = OnDrop::new(|| std::process::abort());
        let held = event_loop.add_signal_handler(libc::SIGUSR2, move || {
            let _captured = &captured;
        });
        drop(held.unwrap());
        let _kept = kind.hold(&event_loop, || exit(7));
        kind.call(&event_loop);
        event_loop.turn(None).unwrap();
        unreachable!("it has exited");
    }
    for (number, kind) in KINDS.iter().enumerate() {
        let program = std::env::current_exe().unwrap();
        let status = std::process::Command::new(program)
            .args([name, "--exact", "--nocapture", "--test-threads=1"])
            .env(common::CHILD, number.to_string())
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(7), "{kind:?}");
    }
}

// F26: from a destructor, while the loop is being destroyed.
#[test]
fn a_destructor_may_exit_the_process_while_the_loop_is_destroyed() {
    let code = exit_code("a_destructor_may_exit_the_process_while_the_loop_is_destroyed", || {
        let event_loop = EventLoop::new().unwrap();
        let captured = OnDrop::new(|| exit(7));
        event_loop.call_later(HOUR, move || drop(captured));
        event_loop.destroy().unwrap();
    });
    assert!(code.is_none_or(|code| code == Some(7)), "{code:?}");
}

// F26: while the thread of another loop sleeps in its poller, and while its pool works.
#[test]
fn a_job_may_exit_the_process_beside_sleeping_loops() {
    let code = exit_code("a_job_may_exit_the_process_beside_sleeping_loops", || {
        let (ready, readies) = channel();
        for _ in 0..2 {
            let ready = ready.clone();
            thread::spawn(move || {
                let event_loop = EventLoop::new().unwrap();
                event_loop.call_soon(move || ready.send(()).unwrap());
                event_loop.run_forever()
            });
        }
        (0..2).for_each(|_| readies.recv().unwrap());
        let event_loop = EventLoop::new().unwrap();
        drop(event_loop.run_blocking(|| exit(7)));
        event_loop.run_forever().unwrap();
    });
    assert!(code.is_none_or(|code| code == Some(7)), "{code:?}");
}

/// Bounces a number to the other loop, until it is zero; then both stop.
fn bounce(number: u32, there: LoopRemote, here: LoopRemote, seen: Sender<ThreadId>) {
    seen.send(thread::current().id()).expect("a listener");
    if number == 0 {
        here.stop().expect("a loop");
        return there.stop().expect("a loop");
    }
    let (back, on) = (here.clone(), there.clone());
    let sent = there.call_from_thread(move || bounce(number - 1, back, on, seen));
    drop(sent.expect("a loop"));
}

/// A loop on a thread of its own that runs until it is stopped.
fn loop_on_a_thread() -> (LoopRemote, thread::JoinHandle<()>) {
    let (give, taken) = channel();
    let thread = thread::spawn(move || {
        let event_loop = EventLoop::new().expect("a loop");
        give.send(event_loop.remote()).expect("a listener");
        assert!(event_loop.run_forever().expect("a run").stopped);
    });
    (taken.recv().expect("a loop"), thread)
}

// F26, D-10
#[test]
fn two_loops_on_two_threads_call_each_other_ten_thousand_times() {
    let ((first, one), (second, two)) = (loop_on_a_thread(), loop_on_a_thread());
    let (seen, sightings): (_, Receiver<ThreadId>) = channel();
    let ids = [one.thread().id(), two.thread().id()];
    let (there, here) = (second.clone(), first.clone());
    drop(first.call_from_thread(move || bounce(9_999, there, here, seen)).unwrap());
    one.join().unwrap();
    two.join().unwrap();
    let threads: Vec<_> = sightings.into_iter().collect();
    assert!(threads == ids.repeat(5_000), "{} calls", threads.len());
    for remote in [first, second] {
        assert!(matches!(remote.call_from_thread(|| ()), Err(LoopError::Closed)));
    }
}

// F26: a loop that goes leaves that of another thread alone.
#[test]
fn a_loop_outlives_the_thread_of_another_that_called_it() {
    let (remote, thread) = loop_on_a_thread();
    let (told, tells) = channel();
    for _ in 0..3 {
        let (remote, told) = (remote.clone(), told.clone());
        let short = thread::spawn(move || {
            let event_loop = EventLoop::new().unwrap();
            let back = event_loop.remote();
            event_loop.call_soon(move || {
                let answer = move || told.send(back.is_closed()).expect("a listener");
                drop(remote.call_from_thread(answer).expect("a loop"));
            });
            event_loop.run().unwrap();
        });
        short.join().unwrap();
    }
    remote.stop().unwrap();
    thread.join().unwrap();
    drop(told);
    assert_eq!(tells.into_iter().count(), 3);
}
