//! Children on a kernel that refuses, made to by `strace`, without which these tests fail. Each runs
//! itself in a second process.
#![cfg(all(target_os = "linux", not(evergreen_portable)))]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::process::Stdio;

use common::TestLoop;
use evergreen_io::process::Command;
use evergreen_task::spawn;

/// Set in the second process.
const SECOND: &str = "EVERGREEN_PROCESS_FAULTS";

/// Runs `test` again with a fault injected into `call`, or `body` if this is the second process.
fn with_fault(test: &str, call: &str, fault: &str, body: impl Future<Output = ()>) {
    if std::env::var_os(SECOND).is_some() {
        let event_loop = TestLoop::new();
        event_loop.block_on(body);
        assert_eq!(event_loop.metrics().sources, 0);
        return;
    }
    let log = std::env::temp_dir().join(format!("evergreen-{}-{call}", std::process::id()));
    let output = std::process::Command::new("strace")
        .args(["-f", "-qq", "-e", "signal=none", "-e", &format!("trace={call}"), "-o"])
        .arg(&log)
        .args(["-e", &format!("inject={call}:{fault}")])
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        // The leak check of AddressSanitizer refuses to work under a tracer.
        .envs([(SECOND, "1"), ("ASAN_OPTIONS", "detect_leaks=0")])
        .output()
        .expect("strace is installed");
    let made = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(&log).unwrap();
    assert!(output.status.success(), "{}{made}", String::from_utf8_lossy(&output.stderr));
    assert!(made.contains("INJECTED"), "{made}");
}

async fn run_some() {
    let tasks: Vec<_> = (0..4)
        .map(|number| {
            spawn(async move {
                let mut command = Command::new("sh");
                command.args(["-c", &format!("read word; echo $word; exit {number}")]);
                let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
                let output = child.communicate(b"word\n").await.unwrap();
                assert_eq!((output.status.code(), &*output.stdout), (Some(number), &b"word\n"[..]));
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

// AIO-SUB-06: "pidfd where available, else SIGCHLD".
#[test]
fn where_the_kernel_has_no_descriptors_of_processes_the_signal_tells() {
    let name = "where_the_kernel_has_no_descriptors_of_processes_the_signal_tells";
    with_fault(name, "pidfd_open", "error=ENOSYS", run_some());
}

// F4
#[test]
fn interrupted_looks_at_children_are_invisible() {
    let name = "interrupted_looks_at_children_are_invisible";
    with_fault(name, "wait4", "error=EINTR:when=1..50", run_some());
}
