//! Tests that run in a second process: under `strace`, which has the kernel fail, or with limits of
//! its own.

use std::fs;
use std::process::Command;

/// Set in the second process: the part that it plays.
const CHILD: &str = "EVERGREEN_TEST_CHILD";

/// The part that this process plays, if it is a second one.
pub(crate) fn part() -> Option<String> {
    std::env::var(CHILD).ok()
}

/// Runs the test of this name in a second process, as this part.
pub(crate) fn alone(test: &str, part: &str) {
    let program = std::env::current_exe().expect("this program");
    run(Command::new(program).args(arguments(test)), part);
}

/// Runs the test of this name in a second process as this part, under `strace`, which injects these
/// faults into these calls. Gives the calls of those kinds that it made.
pub(crate) fn under_strace(test: &str, part: &str, calls: &str, inject: &str) -> Vec<String> {
    traced(test, part, calls, inject, &[])
}

/// The same, of calls that concern this path and no others.
pub(crate) fn under_strace_at(
    path: &str,
    test: &str,
    part: &str,
    calls: &str,
    inject: &str,
) -> Vec<String> {
    traced(test, part, calls, inject, &["-P", path])
}

fn traced(test: &str, part: &str, calls: &str, inject: &str, only: &[&str]) -> Vec<String> {
    let name = format!("evergreen-io-{}-{test}-{part}", std::process::id());
    let log = std::env::temp_dir().join(name);
    let mut strace = Command::new("strace");
    strace
        .args([
            "-f",
            "-qq",
            "--seccomp-bpf",
            "-e",
            "signal=none",
            "-e",
            &format!("trace={calls}"),
            "-o",
        ])
        .arg(&log)
        .args(["-e", &format!("inject={calls}:{inject}")])
        .args(only)
        .arg(std::env::current_exe().expect("this program"))
        .args(arguments(test));
    run(&mut strace, part);
    let made = fs::read_to_string(&log).expect("a log");
    fs::remove_file(&log).expect("a log of ours");
    made.lines().map(str::to_owned).collect()
}

/// How many calls there were: one during which another thread does something is written in two lines.
pub(crate) fn made(calls: &[String]) -> usize {
    calls.iter().filter(|call| !call.contains(" resumed>")).count()
}

/// How many of the calls were made to fail.
pub(crate) fn injected(calls: &[String]) -> usize {
    calls.iter().filter(|call| call.contains("INJECTED")).count()
}

const fn arguments(test: &str) -> [&str; 4] {
    [test, "--exact", "--nocapture", "--test-threads=1"]
}

fn run(command: &mut Command, part: &str) {
    // The leak check of AddressSanitizer refuses to work under a tracer.
    let output = command
        .envs([(CHILD, part), ("ASAN_OPTIONS", "detect_leaks=0")])
        .output()
        .expect("strace is installed");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{part}: {told}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{part}: {told}");
}
