//! Children: started, fed, read, waited for. Both ways of seeing their end.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::{ErrorKind, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};

use common::{TestLoop, content};
use evergreen_io::process::Command;
use evergreen_task::{spawn, timeout, yield_now};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use rustix::fs::{OFlags, fcntl_getfl};

/// A shell with a script, whose end is seen by its descriptor.
fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// The two ways of seeing the end of a child.
fn both_ways(script: &str) -> [Command; 2] {
    let mut by_signal = shell(script);
    by_signal.watch_by_signal();
    [shell(script), by_signal]
}

/// A child that goes on until its standard input ends.
const UNTIL_CLOSED: &str = "read line; exit 7";

fn code(status: ExitStatus) -> (Option<i32>, Option<i32>) {
    (status.code(), status.signal())
}

// AIO-SUB-04, AIO-SUB-05: "wait returns the code, repeatable"; a signal is told from a code.
#[test]
fn the_status_is_that_of_the_child_and_stays() {
    TestLoop::new().block_on(async {
        for (script, expected) in [
            ("exit 0", (Some(0), None)),
            ("exit 3", (Some(3), None)),
            ("kill -9 $$", (None, Some(9))),
        ] {
            for mut command in both_ways(script) {
                let mut child = command.spawn().unwrap();
                assert_eq!(code(child.wait().await.unwrap()), expected);
                assert_eq!(code(child.wait().await.unwrap()), expected);
                assert_eq!(code(child.try_wait().unwrap().unwrap()), expected);
            }
        }
    });
}

// as `dd oflag=direct` does it, a child may write in packets, with each of which a read ends.
#[test]
#[cfg(target_os = "linux")]
fn packets_from_a_child_are_read_one_by_one() {
    use rustix::fs::fcntl_setfl;
    TestLoop::new().block_on(async {
        let mut child = shell(UNTIL_CLOSED).spawn().unwrap();
        let theirs = format!("/proc/{}/fd/1", child.id().unwrap());
        let mut writer = std::fs::OpenOptions::new().write(true).open(theirs).unwrap();
        fcntl_setfl(&writer, OFlags::WRONLY | OFlags::DIRECT).unwrap();
        let mut stdout = child.stdout.take().unwrap();
        assert!(future::poll_once(stdout.read(&mut [0; 64])).await.is_none());
        writer.write_all(b"one").unwrap();
        writer.write_all(b"two").unwrap();
        let mut received = [0; 64];
        assert_eq!(stdout.read(&mut received).await.unwrap(), 3);
        let second = future::poll_once(stdout.read(&mut received)).await;
        assert_eq!(second.expect("the pipe is not empty").unwrap(), 3);
        drop(child.stdin.take());
        assert_eq!(child.wait().await.unwrap().code(), Some(7));
    });
}

#[test]
fn a_child_that_runs_has_a_number_and_no_status() {
    TestLoop::new().block_on(async {
        for mut command in both_ways(UNTIL_CLOSED) {
            let mut child = command.spawn().unwrap();
            assert!(child.id().is_some_and(|id| id > 1));
            assert_eq!(child.try_wait().unwrap(), None);
            let stdin = child.stdin.take();
            assert!(future::poll_once(child.wait()).await.is_none());
            drop(stdin);
            assert_eq!(child.wait().await.unwrap().code(), Some(7));
            assert_eq!(child.id(), None);
        }
    });
}

// A child that waits for the end of its input must not be waited for with the input open.
#[test]
fn a_wait_closes_the_input_of_the_child() {
    TestLoop::new().block_on(async {
        for mut command in both_ways(UNTIL_CLOSED) {
            let mut child = command.spawn().unwrap();
            assert_eq!(child.wait().await.unwrap().code(), Some(7));
            assert!(child.stdin.is_none());
        }
    });
}

// AIO-SUB-05: "cancellable"; D-12.
#[test]
fn a_wait_that_is_given_up_loses_nothing() {
    TestLoop::new().block_on(async {
        for mut command in both_ways(UNTIL_CLOSED) {
            let mut child = command.spawn().unwrap();
            let stdin = child.stdin.take();
            assert!(timeout(0.01, child.wait()).await.is_err());
            drop(stdin);
            assert_eq!(child.wait().await.unwrap().code(), Some(7));
        }
    });
}

#[test]
fn what_a_child_is_told_it_answers() {
    TestLoop::new().block_on(async {
        let mut child =
            Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        for word in [b"one", b"two"] {
            stdin.write_all(word).await.unwrap();
            let mut answer = [0; 3];
            stdout.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, word);
        }
        // Closing is what ends the child's input, with the handle still there.
        stdin.close().await.unwrap();
        assert_eq!(stdout.read(&mut [0; 1]).await.unwrap(), 0);
        assert!(child.wait().await.unwrap().success());
        assert_eq!(stdin.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

// AIO-SUB-03: "data sent before exit is delivered even if exit is seen first".
#[test]
fn what_a_child_wrote_is_read_after_its_end() {
    TestLoop::new().block_on(async {
        for mut command in both_ways("echo last words") {
            let mut child = command.spawn().unwrap();
            assert!(child.wait().await.unwrap().success());
            let mut words = String::new();
            child.stdout.take().unwrap().read_to_string(&mut words).await.unwrap();
            assert_eq!(words, "last words\n");
        }
    });
}

// AIO-SUB-05, F7: "feeds and reads at once, works with large data".
#[test]
fn four_mebibytes_go_through_a_child() {
    let sent = content(4 << 20, 1);
    TestLoop::new().block_on(async {
        let child = shell("tee /dev/stderr").stderr(Stdio::piped()).spawn().unwrap();
        let output = child.communicate(&sent).await.unwrap();
        assert!(output.status.success());
        assert!(output.stdout == sent && output.stderr == sent);
    });
}

// AIO-SUB-05, F3: "ignores a broken pipe".
#[test]
fn a_child_that_does_not_read_its_input_is_no_error() {
    TestLoop::new().block_on(async {
        let child = shell("exec 0<&-; echo deaf; exit 4").spawn().unwrap();
        let output = child.communicate(&content(1 << 20, 2)).await.unwrap();
        assert_eq!((output.status.code(), &*output.stdout), (Some(4), &b"deaf\n"[..]));

        let mut child = shell("exec 0<&-; echo deaf").spawn().unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 5]).await.unwrap();
        let written = child.stdin.as_mut().unwrap().write_all(b"x").await;
        assert_eq!(written.unwrap_err().kind(), ErrorKind::BrokenPipe);
        child.wait().await.unwrap();
    });
}

#[test]
fn output_and_status_start_at_once_and_wait() {
    TestLoop::new().block_on(async {
        let output = Command::new("sh").args(["-c", "echo out; echo err >&2; exit 2"]).output();
        let status = Command::new("sh").args(["-c", "exit 5"]).status();
        assert_eq!(status.await.unwrap().code(), Some(5));
        let output = output.await.unwrap();
        assert_eq!((&*output.stdout, &*output.stderr), (&b"out\n"[..], &b"err\n"[..]));
        assert_eq!(output.status.code(), Some(2));
    });
}

// AIO-SUB-04: signals; killing a child that has ended does nothing, as with tokio.
#[test]
fn a_child_is_killed_once_and_may_be_killed_again() {
    TestLoop::new().block_on(async {
        for mut command in both_ways(UNTIL_CLOSED) {
            let mut child = command.spawn().unwrap();
            let stdin = child.stdin.take();
            child.kill().await.unwrap();
            assert_eq!(code(child.wait().await.unwrap()), (None, Some(9)));
            child.start_kill().unwrap();
            child.kill().await.unwrap();
            drop(stdin);

            let mut child = command.spawn().unwrap();
            let stdin = child.stdin.take();
            child.send_signal(libc::SIGTERM).unwrap();
            assert_eq!(code(child.wait().await.unwrap()), (None, Some(15)));
            drop(stdin);
            assert_eq!(child.send_signal(0).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    });
}

// AIO-SUB-06: "works from any thread's loop".
#[test]
fn children_of_two_loops_do_not_mix() {
    let run = || {
        TestLoop::new().block_on(async {
            for turn in 0..5 {
                for mut command in both_ways(&format!("exit {turn}")) {
                    assert_eq!(command.status().await.unwrap().code(), Some(turn));
                }
            }
        });
    };
    let other = std::thread::spawn(run);
    run();
    other.join().unwrap();
}

#[test]
fn many_children_at_once_are_all_waited_for() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let tasks: Vec<_> = (0..20)
            .flat_map(|number| {
                both_ways(&format!("exit {number}")).map(|command| (number, command))
            })
            .map(|(number, mut command)| {
                spawn(async move { command.status().await.unwrap().code() == Some(number) })
            })
            .collect();
        for task in tasks {
            assert!(task.await.unwrap());
        }
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

#[test]
fn the_output_of_a_child_is_the_input_of_another() {
    TestLoop::new().block_on(async {
        let mut first = Command::new("echo").arg("hello").stdout(Stdio::piped()).spawn().unwrap();
        // It has been the loop's: what is given to the other is blocking again.
        yield_now().await;
        let pipe = first.stdout.take().unwrap().into_owned_fd().unwrap();
        assert!(!fcntl_getfl(&pipe).unwrap().contains(OFlags::NONBLOCK));
        let output = Command::new("tr").args(["a-z", "A-Z"]).stdin(pipe).output().await.unwrap();
        assert_eq!(output.stdout, b"HELLO\n");
        assert!(first.wait().await.unwrap().success());
    });
}

#[test]
fn pipes_of_the_standard_library_are_taken_over() {
    use evergreen_io::process::{ChildStdin, ChildStdout};
    TestLoop::new().block_on(async {
        let mut child = std::process::Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = ChildStdin::from_std(child.stdin.take().unwrap()).unwrap();
        let mut stdout = ChildStdout::from_std(child.stdout.take().unwrap()).unwrap();
        stdin.write_all(b"through").await.unwrap();
        drop(stdin);
        let mut read = String::new();
        stdout.read_to_string(&mut read).await.unwrap();
        assert_eq!(read, "through");
        child.wait().unwrap();
    });
}

async fn said(command: &mut Command) -> String {
    String::from_utf8(command.output().await.unwrap().stdout).unwrap()
}

#[test]
fn a_child_gets_the_surroundings_that_were_set() {
    TestLoop::new().block_on(async {
        let mut command = shell("echo $0 $ONE $TWO $HOME; pwd");
        command.env_clear().env("ONE", "1").envs([("TWO", "2"), ("HOME", "x")]).env_remove("HOME");
        command.current_dir("/").arg0("shell");
        assert_eq!(said(&mut command).await, "shell 1 2\n/\n");

        let mut command = shell("ps -o pgid= -p $$ || cut -d' ' -f5 /proc/$$/stat; echo $$");
        let said = said(command.process_group(0)).await;
        let mut numbers = said.split_whitespace();
        assert_eq!(numbers.next(), numbers.next());
    });
}

#[test]
fn a_command_of_the_standard_library_becomes_one() {
    let mut std = std::process::Command::new("sh");
    std.args(["-c", "echo $X"]);
    let mut command = Command::from(std);
    command.as_std_mut().env("X", "inner");
    assert_eq!(command.as_std().get_program(), "sh");
    assert_eq!(TestLoop::new().block_on(said(&mut command)), "inner\n");
    assert_eq!(command.into_std().get_args().len(), 2);
}
