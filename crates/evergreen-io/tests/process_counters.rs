//! Children leave no descriptor behind. Alone in its file: it counts those of the process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{TestLoop, has_children};
use evergreen_io::process::Command;

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

fn run_children() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for by_signal in [false, true] {
            for _ in 0..10 {
                let mut command = Command::new("cat");
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
                if by_signal {
                    command.watch_by_signal();
                }
                let output = command.spawn().unwrap().communicate(b"word").await.unwrap();
                assert_eq!(output.stdout, b"word");
                // One that is dropped, and ends by itself.
                drop(command.spawn().unwrap());
            }
        }
    });
    let metrics = event_loop.metrics();
    assert_eq!((metrics.sources, metrics.timers, metrics.tasks), (0, 0, 0));
}

/// Until those are gone that were dropped, which are left to whoever starts the next.
fn settle() {
    let event_loop = TestLoop::new();
    let started = Instant::now();
    while has_children() {
        assert!(started.elapsed() < Duration::from_secs(20), "a child is left");
        event_loop.block_on(async { Command::new("true").status().await.unwrap() });
    }
}

// F27, AIO-SUB-06
#[test]
fn forty_children_leave_no_descriptor() {
    run_children();
    settle();
    let before = descriptors();
    run_children();
    settle();
    assert_eq!(descriptors(), before);
}
