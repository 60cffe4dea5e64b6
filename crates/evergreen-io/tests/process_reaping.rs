//! Nothing is left of a child that has ended, whoever has waited for it, or nobody (AIO-SUB-06).
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::{TestLoop, beside};
use evergreen_io::process::{Child, ChildStdin, Command};
use evergreen_loop::EventLoop;
use evergreen_task::{LoopTasks, yield_now};
use futures_lite::future;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, test_kill_process, waitpid};

/// Whoever starts a child looks after those that are left behind, in the whole process: so these tests
/// run one after the other.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Only so that a failing test ends.
const LIMIT: Duration = Duration::from_secs(20);

fn until_closed() -> Command {
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped());
    command
}

fn both_ways() -> [Command; 2] {
    let mut by_signal = until_closed();
    by_signal.watch_by_signal();
    [until_closed(), by_signal]
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap()
}

/// A child that goes on until the pipe is closed.
fn start(command: &mut Command) -> (Child, ChildStdin, Pid) {
    let mut child = command.spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    let pid = pid(&child);
    (child, stdin, pid)
}

/// A child that has ended is still there until somebody has waited for it.
fn is_there(pid: Pid) -> bool {
    test_kill_process(pid).is_ok()
}

/// Has the loop turn until nothing is left of a process.
fn turn_until_gone(event_loop: &EventLoop, pid: Pid) {
    let started = Instant::now();
    while is_there(pid) {
        assert!(started.elapsed() < LIMIT, "nobody has waited for {pid:?}");
        event_loop.turn(Some(Duration::from_millis(50))).unwrap();
    }
}

// AIO-SUB-06: "no zombie".
#[test]
fn a_child_that_was_dropped_goes_on_and_leaves_nothing_when_it_ends() {
    let _alone = alone();
    let event_loop = TestLoop::new();
    for mut command in both_ways() {
        let (child, stdin, pid) = event_loop.block_on(async { start(&mut command) });
        drop(child);
        assert!(is_there(pid));
        drop(stdin);
        turn_until_gone(&event_loop, pid);
    }
    assert_eq!(event_loop.metrics().sources, 0);
}

#[test]
fn a_child_that_is_to_be_killed_on_drop_is_killed_and_leaves_nothing() {
    let _alone = alone();
    let event_loop = TestLoop::new();
    for mut command in both_ways() {
        assert!(!command.get_kill_on_drop());
        command.kill_on_drop(true);
        let (child, stdin, pid) = event_loop.block_on(async { start(&mut command) });
        drop(child);
        turn_until_gone(&event_loop, pid);
        drop(stdin);
    }
}

//
#[test]
fn a_child_that_another_thread_drops_leaves_nothing() {
    let _alone = alone();
    let event_loop = TestLoop::new();
    for mut command in both_ways() {
        let (child, stdin, pid) = event_loop.block_on(async { start(&mut command) });
        std::thread::spawn(move || drop(child)).join().unwrap();
        event_loop.block_on(yield_now());
        assert!(is_there(pid));
        drop(stdin);
        turn_until_gone(&event_loop, pid);
    }
}

//
#[test]
fn a_child_is_waited_for_on_another_thread() {
    let _alone = alone();
    for mut command in both_ways() {
        let event_loop = TestLoop::new();
        let (mut child, stdin, pid) = event_loop.block_on(async { start(&mut command) });
        let status = beside(&event_loop, move || {
            future::block_on(async {
                assert!(future::poll_once(child.wait()).await.is_none());
                drop(stdin);
                child.wait().await.unwrap()
            })
        });
        assert!(status.success() && !is_there(pid));
    }
}

// The next child that is started, on whatever loop, takes what a loop has left behind.
#[test]
fn a_child_that_outlives_its_loop_leaves_nothing_when_another_is_started() {
    let _alone = alone();
    let (child, stdin, pid) = {
        let event_loop = TestLoop::new();
        event_loop.block_on(async { start(&mut until_closed()) })
    };
    drop(child);
    kill_process(pid, Signal::KILL).unwrap();
    drop(stdin);
    let event_loop = TestLoop::new();
    let started = Instant::now();
    while is_there(pid) {
        assert!(started.elapsed() < LIMIT);
        event_loop.block_on(async { Command::new("true").status().await.unwrap() });
    }
}

// A thread that ends drops what its loop holds when its own variables are gone.
#[test]
fn a_child_whose_thread_ends_with_its_loop_is_left_in_peace() {
    let _alone = alone();
    let (told, errors) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let event_loop = EventLoop::new().unwrap();
        event_loop.set_exception_handler(move |error| drop(told.send(error.to_string())));
        // The first that is dropped makes the variable that the last finds gone.
        drop(event_loop.block_on(async { start(&mut until_closed()) }));
        let (child, stdin, pid) = event_loop.block_on(async { start(&mut until_closed()) });
        drop(event_loop.spawn(async move {
            let _child = child;
            std::future::pending::<()>().await;
        }));
        event_loop.block_on(yield_now());
        (stdin, pid)
    });
    let (stdin, pid) = thread.join().expect("no panic");
    assert_eq!(errors.iter().collect::<Vec<_>>(), Vec::<String>::new());
    assert!(is_there(pid));
    drop(stdin);
    let event_loop = TestLoop::new();
    let started = Instant::now();
    while is_there(pid) {
        assert!(started.elapsed() < LIMIT);
        event_loop.block_on(async { Command::new("true").status().await.unwrap() });
    }
}

// AIO-SUB-06: "reaped elsewhere: code 255 and a warning" is the face's; here it is an error.
#[test]
fn a_child_that_somebody_else_has_waited_for_is_an_error_that_says_so() {
    let _alone = alone();
    let event_loop = TestLoop::new();
    for mut command in both_ways() {
        event_loop.block_on(async {
            let (mut child, stdin, pid) = start(&mut command);
            kill_process(pid, Signal::KILL).unwrap();
            waitpid(Some(pid), WaitOptions::empty()).unwrap();
            let error = child.wait().await.unwrap_err().to_string();
            assert!(error.contains("somebody else has waited"), "{error}");
            assert!(error.contains(&pid.as_raw_nonzero().to_string()), "{error}");
            assert_eq!(child.wait().await.unwrap_err().to_string(), error);
            assert_eq!(child.try_wait().unwrap_err().to_string(), error);
            assert_eq!(child.start_kill().unwrap_err().to_string(), error);
            drop(stdin);
        });
    }
}

// AIO-SUB-06: "no reaping of foreign children".
#[test]
fn children_of_others_are_left_to_them() {
    let _alone = alone();
    let event_loop = TestLoop::new();
    for mut command in both_ways() {
        let mut foreign = std::process::Command::new("true").spawn().unwrap();
        let orphan = event_loop.block_on(async { start(&mut command) }).2;
        turn_until_gone(&event_loop, orphan);
        event_loop.block_on(async { Command::new("true").status().await.unwrap() });
        assert!(foreign.wait().unwrap().success());
    }
}

/// Whether the process handles SIGCHLD.
#[cfg(all(target_os = "linux", not(evergreen_portable)))]
fn handles_sigchld() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
    caught & (1 << (libc::SIGCHLD - 1)) != 0
}

// the signal is handled only while it is needed.
#[test]
#[cfg(all(target_os = "linux", not(evergreen_portable)))]
fn the_signal_is_handled_only_while_a_child_needs_it() {
    let _alone = alone();
    let event_loop = TestLoop::new();
    let [mut by_descriptor, mut by_signal] = both_ways();
    event_loop.block_on(async {
        let (mut child, stdin, _) = start(&mut by_descriptor);
        drop(stdin);
        child.wait().await.unwrap();
        assert!(!handles_sigchld());

        let (mut child, stdin, _) = start(&mut by_signal);
        assert!(handles_sigchld());
        drop(stdin);
        child.wait().await.unwrap();
        assert!(!handles_sigchld());
    });
    let (child, stdin, pid) = event_loop.block_on(async { start(&mut by_descriptor) });
    drop(child);
    assert!(handles_sigchld());
    drop(stdin);
    turn_until_gone(&event_loop, pid);
    assert!(!handles_sigchld());
}
