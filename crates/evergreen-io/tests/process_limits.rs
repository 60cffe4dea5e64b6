//! Children where the system has no more descriptors. Alone in its file: the limit is the process's.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::fs::File;
use std::time::{Duration, Instant};

use common::{TestLoop, has_children};
use evergreen_io::process::Command;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Takes all descriptors that are left below a limit.
fn take_all() -> Vec<File> {
    let limit = Rlimit { current: Some(64), ..getrlimit(Resource::Nofile) };
    setrlimit(Resource::Nofile, limit).unwrap();
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

// F1: a child that cannot be watched is not left alone.
#[test]
fn a_child_that_there_is_no_descriptor_for_is_killed_and_leaves_nothing() {
    let event_loop = TestLoop::new();
    for by_signal in [false, true] {
        let taken = take_all();
        let mut command = Command::new("sleep");
        command.arg("3600");
        if by_signal {
            command.watch_by_signal();
        }
        let error = event_loop.block_on(async { command.spawn().unwrap_err() });
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
        drop(taken);
        let started = Instant::now();
        while has_children() {
            assert!(started.elapsed() < Duration::from_secs(20), "it is still there");
            event_loop.turn(Some(Duration::from_millis(50))).unwrap();
        }
    }
    // With descriptors it goes on.
    let status = event_loop.block_on(async { Command::new("true").status().await });
    assert!(status.unwrap().success());
}
