//! The programs that the checks run.

use std::fs::File;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio, exit};

use evergreen_io::io::{BaseStream, StreamError, TtyStream};
use evergreen_loop::EventLoop;
use evergreen_sync::Event;
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::process::{Pid, Signal, WaitOptions, ioctl_tiocsctty, kill_process, setsid, waitpid};
use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};

use super::common::TestLoop;

/// The variable that says which program to be.
pub(super) const NAME: &str = "EVERGREEN_TTY_PROGRAM";

/// Those that have a terminal of their own.
const OF_A_TERMINAL: [&str; 6] =
    ["foreground", "handles_hang_up", "reads_in_background", "resized", "shell", "two_names"];

pub(super) fn play(name: &str) {
    if OF_A_TERMINAL.contains(&name) {
        // The terminal's own program, to which it sends signals.
        setsid().unwrap();
        ioctl_tiocsctty(stdin()).unwrap();
    }
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        match name {
            "shell" => run_a_job(),
            "reads_in_background" => run_a_reader(),
            "reader" => read_in_vain().await,
            "two_names" => be_raw_by_two_names(),
            "standard" => use_standard_streams().await,
            "foreground" => read_lines().await,
            _ => be_raw(name, &event_loop).await,
        }
    });
    assert!(name != "panic", "on purpose");
}

fn tell(words: &str) {
    rustix::io::write(stderr(), words.as_bytes()).unwrap();
}

/// All of these have raw mode, and leave it to others to end it.
async fn be_raw(name: &str, event_loop: &EventLoop) {
    let terminal = TtyStream::stdin().unwrap();
    let handled = || event_loop.add_signal_handler(libc::SIGTERM, || tell("handled")).unwrap();
    let early = (name == "handler_first").then(handled);
    terminal.set_raw_mode(true).unwrap();
    let late = (name == "handler_second").then(handled);
    // It is never closed or dropped.
    Box::leak(Box::new(terminal.clone()));
    match name {
        "resized" => tell_sizes(&terminal, event_loop),
        "handles_hang_up" => {
            event_loop.add_signal_handler(libc::SIGHUP, || ()).unwrap();
        },
        "until_ctrl_c" => {
            tell("!");
            assert_eq!(terminal.read_until(b"\x03").await.unwrap(), b"\x03");
            return;
        },
        "fork" => let_a_child_exit(),
        _ => {},
    }
    tell("!");
    if name == "job" {
        // Who is in the background may not read.
        Event::new().wait().await;
    }
    let key = terminal.read_some(1).await.unwrap();
    assert_eq!(key.is_empty(), name == "handles_hang_up");
    if name == "exit" {
        exit(3);
    }
    if let Some(handler) = early.or(late) {
        handler.cancel();
        tell("removed");
        terminal.read_some(1).await.unwrap();
    }
}

fn tell_sizes(terminal: &TtyStream, event_loop: &EventLoop) {
    let terminal = terminal.clone();
    let tell_size = move || {
        let (columns, rows) = terminal.winsize().unwrap();
        tell(&format!("{columns}x{rows}."));
    };
    event_loop.add_signal_handler(libc::SIGWINCH, tell_size).unwrap();
}

fn let_a_child_exit() {
    // SAFETY: the process has one thread, so the child may call anything.
    #[expect(unsafe_code, reason = "what a forked child does is tested")]
    let child = unsafe { libc::fork() };
    if child == 0 {
        exit(0);
    }
    waitpid(Pid::from_raw(child), WaitOptions::empty()).unwrap();
}

/// Reads as terminals give it: ctrl-c is a signal.
async fn read_lines() {
    let terminal = TtyStream::stdin().unwrap();
    terminal.set_raw_mode(true).unwrap();
    terminal.set_raw_mode(false).unwrap();
    tell("!");
    // The signal comes first, or the end.
    terminal.read_until(b"\n").await.unwrap();
    Event::new().wait().await;
}

fn in_background(name: &str) -> Command {
    let mut job = Command::new(std::env::current_exe().unwrap());
    job.env(NAME, name).process_group(0);
    job
}

fn run_a_reader() {
    tell("!");
    assert!(in_background("reader").status().unwrap().success());
}

async fn read_in_vain() {
    let terminal = TtyStream::stdin().unwrap();
    let refused = terminal.read_some(1).await.unwrap_err();
    assert_eq!(refused.kind().errno(), Some(libc::EIO));
}

/// As a shell: another job has made the terminal raw, and is ended from here.
fn run_a_job() {
    let mut job = in_background("job").stderr(Stdio::piped()).spawn().unwrap();
    job.stderr.as_mut().unwrap().read_exact(&mut [0; 1]).unwrap();
    let mut settings = tcgetattr(stdin()).unwrap();
    settings.special_codes[SpecialCodeIndex::VERASE] = b'%';
    tcsetattr(stdin(), OptionalActions::Now, &settings).unwrap();
    kill_process(Pid::from_child(&job), Signal::TERM).unwrap();
    assert_eq!(job.wait().unwrap().signal(), Some(libc::SIGTERM));
    assert_eq!(format!("{:?}", tcgetattr(stdin()).unwrap()), format!("{settings:?}"));
    tell("!");
}

/// The first to want raw mode is the first to end it.
fn be_raw_by_two_names() {
    let [first, second] = ["/dev/stdin", "/dev/tty"].map(|name| File::open(name).unwrap());
    let [first, second] = [first, second].map(|file| TtyStream::new(file, true).unwrap());
    first.set_raw_mode(true).unwrap();
    let raw = format!("{:?}", tcgetattr(stdin()).unwrap());
    second.set_raw_mode(true).unwrap();
    first.close();
    assert_eq!(format!("{:?}", tcgetattr(stdin()).unwrap()), raw);
    second.close();
    tell("!");
}

async fn use_standard_streams() {
    tell("!");
    let (input, output) = (TtyStream::stdin().unwrap(), TtyStream::stdout().unwrap());
    assert_eq!(input.read_until(b"\n").await.unwrap(), b"typed\n");
    let error = output.read_some(1).await.unwrap_err();
    assert!(matches!(error.kind(), StreamError::NotReadable));
    output.write(b"through the stream\n").unwrap();
    // It leads to a pipe.
    assert!(matches!(TtyStream::stderr().unwrap_err().kind(), StreamError::NotATerminal));
    input.close();
    output.close();
    for fd in [stdin(), stdout()] {
        assert!(!fcntl_getfl(fd).unwrap().contains(OFlags::NONBLOCK));
    }
    rustix::io::write(stdout(), b"by its own\n").unwrap();
}
