//! What is done before the process ends.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

use common::{CHILD, in_a_process_of_its_own};
use evergreen_loop::build::before_end;
use rustix::process::{Pid, getpid};

fn tell(words: &str) {
    rustix::io::write(io::stderr(), words.as_bytes()).unwrap();
}

fn first() {
    tell("first ");
}

fn second() {
    tell("second ");
}

fn ask_for(f: fn()) -> io::Result<()> {
    // SAFETY: all that the functions here do is one `write`.
    #[expect(unsafe_code, reason = "a promise about signal safety is asked for")]
    unsafe {
        before_end(f)
    }
}

/// It has come when this returns: the signal is sent to this thread.
fn raise(signum: i32) {
    // SAFETY: it takes any number.
    #[expect(unsafe_code, reason = "rustix cannot send to one thread")]
    let raised = unsafe { libc::raise(signum) };
    assert_eq!(raised, 0);
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

// EV-TTY-04
#[test]
fn each_that_is_asked_for_is_called_once_in_order() {
    let test = "each_that_is_asked_for_is_called_once_in_order";
    let output = in_a_process_of_its_own(test, || {
        for f in [first, second, first] {
            ask_for(f).unwrap();
        }
        raise(libc::SIGTERM);
    });
    let Some(output) = output else { return };
    assert_eq!(told(&output), "first second ");
    assert_eq!(output.status.signal(), Some(libc::SIGTERM));
}

// EV-TTY-04
#[test]
fn what_finds_no_place_is_an_error() {
    let test = "what_finds_no_place_is_an_error";
    let output = in_a_process_of_its_own(test, || {
        for f in [|| tell("1"), || tell("2"), || tell("3"), || tell("4")] {
            ask_for(f).unwrap();
        }
        let refused = ask_for(|| tell("5")).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::OutOfMemory);
    });
    let Some(output) = output else { return };
    assert_eq!(told(&output), "1234");
    assert!(output.status.success());
}

/// The command that makes its argument the first process of a namespace, where that is allowed.
fn as_first_process() -> Option<Command> {
    let command = || {
        let mut unshare = Command::new("unshare");
        unshare.args(["--user", "--map-root-user", "--pid", "--fork"]);
        unshare
    };
    command().arg("true").output().is_ok_and(|output| output.status.success()).then(command)
}

// EV-TTY-04: as a container's program. No signal ends that by default.
#[test]
fn the_first_process_exits_where_a_signal_would_not_end_it() {
    let test = "the_first_process_exits_where_a_signal_would_not_end_it";
    if std::env::var_os(CHILD).is_some() {
        assert_eq!(getpid(), Pid::INIT);
        ask_for(first).unwrap();
        return raise(libc::SIGTERM);
    }
    let Some(mut command) = as_first_process() else {
        assert!(std::env::var_os("CI").is_none(), "CI has to be able to `unshare`");
        return;
    };
    command.arg(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, "1");
    let output = command.output().unwrap();
    assert_eq!(told(&output), "first ");
    assert_eq!(output.status.code(), Some(128 + libc::SIGTERM));
}
