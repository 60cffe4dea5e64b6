//! What only the main thread can show: the rule for its loop, and how `main` ends the process.
//!
//! Without a harness, because the threads of one are never the main thread. Each check runs in a
//! process of its own, this program with the check's name as its argument.
#![allow(clippy::print_stdout, reason = "runners of tests read it")]

use std::process::Command;
use std::thread;

use evergreen::{
    EventLoop, KeyboardInterrupt, LoopError, SystemError, SystemExit, SystemStop, sleep, spawn,
};

struct Check {
    name: &'static str,
    run: fn(),
    /// The exit code that it ends with.
    code: i32,
}

const CHECKS: &[Check] = &[
    Check { name: "current_makes_a_loop_on_the_main_thread", run: current_makes_a_loop, code: 0 },
    Check { name: "spawning_makes_a_loop_on_the_main_thread", run: spawning_makes_a_loop, code: 0 },
    Check { name: "a_main_that_returns_ends_with_zero", run: returns, code: 0 },
    Check { name: "a_main_that_fails_ends_with_one", run: fails, code: 1 },
    Check { name: "a_system_exit_ends_with_its_code", run: exits, code: 7 },
    Check { name: "a_system_exit_of_zero_is_a_success", run: exits_well, code: 0 },
    Check { name: "a_keyboard_interrupt_ends_with_130", run: is_interrupted, code: 130 },
    Check { name: "a_system_error_ends_with_one", run: breaks_down, code: 1 },
    Check { name: "an_exit_from_another_thread_counts", run: exits_remotely, code: 7 },
    Check { name: "a_panic_of_main_is_a_panic", run: panics, code: 101 },
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        // What runners of tests ask for.
        let ignored = arguments.iter().any(|argument| argument == "--ignored");
        CHECKS.iter().filter(|_| !ignored).for_each(|check| println!("{}: test", check.name));
        return;
    }
    if let Some(name) = std::env::var_os("EVERGREEN_CHECK") {
        let check = CHECKS.iter().find(|check| name == check.name).expect("a check");
        return (check.run)();
    }
    let filters: Vec<&String> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    let chosen = |check: &&Check| {
        filters.is_empty() || filters.iter().any(|word| check.name.contains(word.as_str()))
    };
    CHECKS.iter().filter(chosen).for_each(in_a_process);
}

fn in_a_process(check: &Check) {
    let program = std::env::current_exe().expect("this program");
    let child = Command::new(program).env("EVERGREEN_CHECK", check.name).output();
    let child = child.expect("this program can be run");
    let errors = String::from_utf8_lossy(&child.stderr);
    assert_eq!(child.status.code(), Some(check.code), "{}: {errors}", check.name);
    println!("test {} ... ok", check.name);
}

// EV-LOOP-02
fn current_makes_a_loop() {
    assert!(EventLoop::try_current().is_none());
    let event_loop = EventLoop::current().expect("the main thread");
    assert_eq!(EventLoop::current().expect("the same"), event_loop);
    assert_eq!(evergreen::current::event_loop().expect("the same"), event_loop);
    assert!(matches!(EventLoop::new(), Err(LoopError::AlreadyExists)));
    let elsewhere = thread::spawn(|| matches!(EventLoop::current(), Err(LoopError::NoLoop)));
    assert!(elsewhere.join().expect("no panic"));

    event_loop.destroy().expect("it does not run");
    assert!(EventLoop::try_current().is_none());
    let fresh = EventLoop::current().expect("the main thread");
    assert_ne!(fresh, event_loop);
    assert!(event_loop.is_closed() && !fresh.is_closed());
    let ran = fresh.block_on(spawn(async { 7 }));
    assert_eq!(ran.expect("not killed"), 7);
}

// EV-LOOP-02, EV-TASK-20
fn spawning_makes_a_loop() {
    let task = spawn(async { 7 });
    let event_loop = EventLoop::try_current().expect("spawning made it");
    event_loop.run().expect("the poller works");
    assert_eq!(event_loop.block_on(task).expect("not killed"), 7);
}

//
#[evergreen::main]
async fn returns() {
    sleep(0.001).await;
}

fn fails() {
    #[evergreen::main]
    async fn main() -> Result<(), String> {
        Err("on purpose".to_owned())
    }
    let ended = std::process::Termination::report(main());
    assert_eq!(ended, std::process::ExitCode::FAILURE);
    std::process::exit(1);
}

async fn stops(stop: impl Into<SystemStop>) {
    EventLoop::current().expect("inside a loop").stop_with(stop).expect("it runs");
    sleep(3600.0).await;
}

// D-7: system errors end the program.
#[evergreen::main]
async fn exits() {
    stops(SystemExit::new(7)).await;
}

#[evergreen::main]
async fn exits_well() {
    let task = spawn(stops(SystemExit::new(0)));
    task.await.expect("not reached");
}

#[evergreen::main]
async fn is_interrupted() {
    stops(KeyboardInterrupt).await;
}

#[evergreen::main]
async fn breaks_down() {
    stops(SystemError::new("on purpose")).await;
}

#[evergreen::main]
async fn exits_remotely() {
    let remote = EventLoop::current().expect("inside a loop").remote();
    thread::spawn(move || remote.stop_with(SystemExit::new(7)));
    std::future::pending::<()>().await;
}

#[evergreen::main]
async fn panics() {
    sleep(0.0).await;
    panic!("on purpose");
}
