//! What becomes of a terminal in raw mode when its program ends, and what a program with a terminal
//! of its own is told.
//!
//! Without a harness: the programs end by `main`, by a panic, by signals. They are this one again,
//! told by the environment which to be.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]
#![allow(clippy::print_stdout, reason = "runners of tests read it")]

#[path = "../common/mod.rs"]
mod common;
mod programs;

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

use common::pty::Pty;
use common::watched::Watched;
use rustix::process::{Signal, kill_process};

const CHECKS: &[(&str, fn())] = &[
    ("raw_mode_ends_with_the_process", ends_of_a_process),
    ("raw_mode_ends_by_the_signals_that_end_a_process", signals_that_end),
    ("a_signal_that_a_loop_handles_leaves_raw_mode", handled_signal),
    ("a_signal_that_is_ignored_stays_ignored", ignored_signal),
    ("a_forked_child_leaves_raw_mode_to_its_parent", forked_child),
    ("a_job_in_the_background_leaves_the_terminal_to_the_other", background_job),
    ("to_read_in_the_background_is_an_error_and_no_end", background_reader),
    #[cfg(target_os = "linux")]
    ("the_terminal_of_the_process_is_the_one_by_any_name", two_names),
    ("ctrl_c_is_a_key_in_raw_mode_and_a_signal_else", ctrl_c),
    ("the_loop_hears_of_another_size", resized),
    ("a_hang_up_ends_the_program_or_is_handled", hang_up),
    ("the_standard_streams_stay_open_and_as_they_were", standard_streams),
];

fn main() {
    if let Ok(name) = std::env::var(programs::NAME) {
        return programs::play(&name);
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        let ignored = arguments.iter().any(|argument| argument == "--ignored");
        CHECKS.iter().filter(|_| !ignored).for_each(|(name, _)| println!("{name}: test"));
        return;
    }
    let filters: Vec<&String> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    let chosen = |name: &str| {
        filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()))
    };
    for (name, check) in CHECKS.iter().filter(|(name, _)| chosen(name)) {
        check();
        println!("test {name} ... ok");
    }
}

/// A program at a terminal.
struct Program {
    child: Watched,
    pty: Pty,
    before: String,
}

impl Program {
    fn start(name: &str) -> Self {
        Self::start_by(Command::new(std::env::current_exe().unwrap()), name)
    }

    /// Comes back when the program has told that it is ready.
    fn start_by(mut command: Command, name: &str) -> Self {
        let pty = Pty::new();
        let before = pty.settings();
        let end = || Stdio::from(pty.slave.try_clone().unwrap());
        command.env(programs::NAME, name).stdin(end()).stdout(end()).stderr(Stdio::piped());
        let mut program = Self { child: Watched::start(&mut command), pty, before };
        program.tells("!");
        program
    }

    /// Reads what it tells.
    fn tells(&mut self, words: &str) {
        let mut told = vec![0; words.len()];
        self.child.child.stderr.as_mut().unwrap().read_exact(&mut told).unwrap();
        assert_eq!(String::from_utf8_lossy(&told), words);
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.child.pid(), signal).unwrap();
    }

    /// Waits for its end, and sees that the settings are as they were before.
    fn ends(mut self) -> ExitStatus {
        let status = self.child.ends();
        assert_eq!(self.pty.settings(), self.before, "{status}");
        status
    }
}

// EV-TTY-04: nobody drops the stream.
fn ends_of_a_process() {
    for (name, code) in [("exit", 3), ("main", 0), ("panic", 101)] {
        let program = Program::start(name);
        assert!(program.pty.is_raw());
        program.pty.press("x");
        assert_eq!(program.ends().code(), Some(code), "{name}");
    }
}

const ENDING: [Signal; 4] = [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT];

/// As shells have two of them in what they run in the background.
fn is_ignored(signal: Signal) -> bool {
    let kill = format!("kill -{} $$", signal.as_raw());
    Command::new("sh").args(["-c", &kill]).status().unwrap().success()
}

// EV-TTY-04, F29
fn signals_that_end() {
    for signal in ENDING.into_iter().filter(|signal| !is_ignored(*signal)) {
        let program = Program::start("wait");
        assert!(program.pty.is_raw());
        program.signal(signal);
        assert_eq!(program.ends().signal(), Some(signal.as_raw()));
    }
}

// EV-TTY-04, R-6: whichever comes first, the handler or raw mode.
fn handled_signal() {
    for name in ["handler_first", "handler_second"] {
        let mut program = Program::start(name);
        for _ in 0..2 {
            program.signal(Signal::TERM);
            program.tells("handled");
            assert!(program.pty.is_raw());
        }
        program.pty.press("x");
        program.tells("removed");
        program.signal(Signal::TERM);
        assert_eq!(program.ends().signal(), Some(Signal::TERM.as_raw()), "{name}");
    }
}

// EV-TTY-04: as `nohup` has it.
fn ignored_signal() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\""]).arg(std::env::current_exe().unwrap());
    let program = Program::start_by(shell, "exit");
    program.signal(Signal::HUP);
    assert!(program.pty.is_raw());
    program.pty.press("x");
    assert_eq!(program.ends().code(), Some(3));
}

// EV-TTY-04
fn forked_child() {
    let program = Program::start("fork");
    assert!(program.pty.is_raw());
    program.pty.press("x");
    assert_eq!(program.ends().code(), Some(0));
}

// EV-TTY-04
fn background_job() {
    // Or the system would stop the one in the background before it can do harm.
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' TTOU; exec \"$0\""]).arg(std::env::current_exe().unwrap());
    let mut program = Program::start_by(shell, "shell");
    assert!(program.child.ends().success());
}

// F29: both are EIO.
fn background_reader() {
    // Or the system would stop it.
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' TTIN; exec \"$0\""]).arg(std::env::current_exe().unwrap());
    let mut program = Program::start_by(shell, "reads_in_background");
    program.pty.press("for the other\n");
    assert!(program.child.ends().success());
}

// EV-TTY-04: `/dev/tty` is a device of its own.
#[cfg(target_os = "linux")]
fn two_names() {
    assert_eq!(Program::start("two_names").ends().code(), Some(0));
}

// EV-TTY-03, EV-TTY-04
fn ctrl_c() {
    let program = Program::start("until_ctrl_c");
    program.pty.press("\x03");
    assert_eq!(program.ends().code(), Some(0));
    if !is_ignored(Signal::INT) {
        let mut program = Program::start("foreground");
        program.pty.press("\x03");
        assert_eq!(program.child.ends().signal(), Some(Signal::INT.as_raw()));
    }
}

// EV-TTY-02
fn resized() {
    let mut program = Program::start("resized");
    for (columns, rows) in [(80, 24), (100, 40)] {
        program.pty.resize(columns, rows);
        program.tells(&format!("{columns}x{rows}."));
    }
    program.pty.press("x");
    assert!(program.child.ends().success());
}

// F29
fn hang_up() {
    for (name, expected) in [("foreground", Some(Signal::HUP)), ("handles_hang_up", None)] {
        let Program { mut child, pty, .. } = Program::start(name);
        drop(pty);
        let status = child.ends();
        assert_eq!(status.signal(), expected.map(Signal::as_raw), "{name}");
        assert_eq!(status.success(), expected.is_none());
    }
}

// EV-TTY-05, EV-STR-20
fn standard_streams() {
    let mut program = Program::start("standard");
    program.pty.press("typed\n");
    assert_eq!(
        program.pty.shows("by its own\r\n"),
        "typed\r\nthrough the stream\r\nby its own\r\n"
    );
    assert!(program.child.ends().success());
}
