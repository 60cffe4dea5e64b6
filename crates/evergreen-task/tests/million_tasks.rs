//! A million tasks at once, and then none: F25 of the fault catalogue.
//!
//! Each test runs in a process of its own, whose memory nobody else uses.
#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(clippy::print_stderr, reason = "the figures are for who runs it")]

use std::future::{Future, pending};
use std::process::Command;
use std::time::Duration;

use evergreen_loop::EventLoop;
use evergreen_task::{Task, sleep, spawn};

const TASKS: usize = 1_000_000;

/// What a task that waits may take at most, all in all: its allocation, its place among the tasks
/// of the loop, its timer.
const BYTES_PARKED: usize = 240;
const BYTES_SLEEPING: usize = 350;

/// What may stay when all are gone: pages that something else has a part of.
const REMAINDER: usize = 4 << 20;

/// The memory that this process takes up, in bytes, when the allocator keeps nothing for later.
fn resident() -> usize {
    // SAFETY: the allocator may be asked at any time.
    #[expect(unsafe_code, reason = "what is free but kept cannot be told from what has leaked")]
    unsafe {
        libc::malloc_trim(0);
    }
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    let kibibytes = line.trim().trim_end_matches(" kB");
    kibibytes.parse::<usize>().expect("a number") * 1024
}

fn succeeds_alone(test: &str, body: impl FnOnce()) {
    const ALONE: &str = "EVERGREEN_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return body();
    }
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        // One heap, of which nothing is kept for later.
        .envs([(ALONE, "1"), ("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "131072")])
        .output()
        .expect("a process");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    eprint!("{errors}");
}

/// Starts a million tasks, has `end` end them, and checks what they took and what is left.
fn million<F: Future<Output = ()> + 'static>(
    bound: usize,
    future: impl Fn() -> F,
    end: impl Fn(&EventLoop, &[Task<()>]),
) {
    let event_loop = EventLoop::new().expect("a loop");
    // The handles are the test's own.
    let mut handles: Vec<Task<()>> = Vec::with_capacity(TASKS);
    let before = resident() + TASKS * size_of::<Task<()>>();
    handles.extend((0..TASKS).map(|_| spawn(future())));
    while event_loop.metrics().queued > 0 {
        event_loop.turn(Some(Duration::ZERO)).expect("a turn");
    }
    assert_eq!(event_loop.metrics().tasks, TASKS);
    let each = resident().saturating_sub(before) / TASKS;
    eprintln!("{each} bytes a task");
    assert!((64..=bound).contains(&each), "{each} bytes a task");
    end(&event_loop, &handles);
    let metrics = event_loop.metrics();
    assert_eq!((metrics.tasks, metrics.timers, metrics.queued), (0, 0, 0));
    handles.clear();
    let left = resident().saturating_sub(before);
    eprintln!("{left} bytes left");
    assert!(left < REMAINDER, "{left} bytes left");
    event_loop.destroy().ok();
}

fn destroyed(event_loop: &EventLoop, _: &[Task<()>]) {
    event_loop.destroy().expect("destroyed");
}

fn killed(event_loop: &EventLoop, tasks: &[Task<()>]) {
    tasks.iter().for_each(Task::kill);
    event_loop.run().expect("a run");
    // The loop has found its queue empty.
    event_loop.turn(Some(Duration::ZERO)).expect("a turn");
}

// F25
#[test]
fn a_million_tasks_that_wait_give_their_memory_back_when_the_loop_is_destroyed() {
    succeeds_alone(
        "a_million_tasks_that_wait_give_their_memory_back_when_the_loop_is_destroyed",
        || million(BYTES_PARKED, pending::<()>, destroyed),
    );
}

// F25
#[test]
fn a_million_tasks_that_wait_give_their_memory_back_when_they_are_killed() {
    succeeds_alone("a_million_tasks_that_wait_give_their_memory_back_when_they_are_killed", || {
        million(BYTES_PARKED, pending::<()>, killed);
    });
}

// F25: on a loop that goes on.
#[test]
fn a_million_tasks_that_sleep_give_their_memory_and_timers_back() {
    succeeds_alone("a_million_tasks_that_sleep_give_their_memory_and_timers_back", || {
        million(BYTES_SLEEPING, || sleep(3_600.0), killed);
    });
}
