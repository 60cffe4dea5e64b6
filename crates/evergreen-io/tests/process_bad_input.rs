//! Programs that cannot be started: each its own error, which names what was wrong.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use common::{TestLoop, code_inside};
use evergreen_io::process::Command;

fn refused(command: &mut Command) -> (ErrorKind, String) {
    let error = command.spawn().unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn a_program_that_does_not_exist_is_named() {
    let _event_loop = TestLoop::new();
    for program in ["no-such-program", "/no/such/program"] {
        let (kind, message) = refused(&mut Command::new(program));
        assert_eq!(kind, ErrorKind::NotFound);
        assert!(message.contains(&format!("{program:?}")), "{message}");
        assert_eq!(message.contains("PATH"), !program.contains('/'), "{message}");
    }
}

#[test]
fn a_program_that_is_not_started_has_the_error_of_the_system_inside() {
    let _event_loop = TestLoop::new();
    for (program, code) in [("/no/such/program", libc::ENOENT), ("/dev/null", libc::EACCES)] {
        let error = Command::new(program).spawn().unwrap_err();
        assert_eq!(code_inside(&error), Some(code), "{error}");
    }
}

// The system says of both that there is no such file.
#[test]
fn a_script_is_told_from_its_interpreter_that_does_not_exist() {
    let event_loop = TestLoop::new();
    let directory = Directory::new();
    // Another process writes it: of what this one writes, a child that starts just now has a copy.
    let write = "printf '#!/no/such/interpreter' > script && chmod 700 script";
    let mut shell = Command::new("sh");
    let written = shell.args(["-c", write]).current_dir(&directory.0).status();
    assert!(event_loop.block_on(written).unwrap().success());
    let script = directory.0.join("script");
    for command in [&mut Command::new(&script), Command::new("./script").current_dir(&directory.0)]
    {
        let (kind, message) = refused(command);
        assert_eq!(kind, ErrorKind::NotFound);
        assert!(message.ends_with("see its first line"), "{message}");
    }
}

#[test]
fn output_and_status_give_the_error_when_they_are_awaited() {
    TestLoop::new().block_on(async {
        let error = Command::new("no-such-program").output().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let error = Command::new("no-such-program").status().await.unwrap_err();
        assert!(error.to_string().contains("no-such-program"));
    });
}

#[test]
fn a_directory_that_does_not_exist_is_named() {
    let _event_loop = TestLoop::new();
    let (kind, message) = refused(Command::new("true").current_dir("/no/such/directory"));
    assert_eq!(kind, ErrorKind::NotFound);
    let directory = r#"its directory "/no/such/directory" does not exist"#;
    assert!(message.contains(r#"start "true""#) && message.ends_with(directory), "{message}");
    let (_, message) = refused(Command::new("no-such-program").current_dir("/"));
    assert!(!message.contains("does not exist"), "{message}");
}

#[test]
fn a_file_that_is_no_program_is_named() {
    let _event_loop = TestLoop::new();
    let (kind, message) = refused(&mut Command::new("/dev/null"));
    assert_eq!(kind, ErrorKind::PermissionDenied);
    assert!(message.contains(r#""/dev/null""#), "{message}");
    let (kind, _) = refused(&mut Command::new("/"));
    assert_eq!(kind, ErrorKind::PermissionDenied);
}

#[test]
fn zero_bytes_are_refused() {
    let _event_loop = TestLoop::new();
    for command in [
        Command::new("tr\0ue").arg("x"),
        Command::new("true").arg("a\0b"),
        Command::new("true").env("A", "a\0b"),
        Command::new("true").current_dir("/\0"),
    ] {
        let (kind, message) = refused(command);
        assert_eq!(kind, ErrorKind::InvalidInput);
        assert!(message.contains("cannot start"), "{message}");
    }
}

/// A directory of this test's own, whose name is not UTF-8.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evergreen-process-{}-{number}-", std::process::id());
        let name = [name.as_bytes(), &[0xff, 0xfe]].concat();
        let path = std::env::temp_dir().join(OsStr::from_bytes(&name));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn names_that_are_not_unicode_work() -> io::Result<()> {
    let directory = Directory::new();
    let program = directory.0.join(OsStr::from_bytes(b"pro\xffgram"));
    std::os::unix::fs::symlink("/bin/sh", &program)?;
    let argument = OsStr::from_bytes(b"\xfe\xff");
    TestLoop::new().block_on(async {
        let mut command = Command::new(&program);
        command.args(["-c", "printf %s \"$1\"; pwd", "sh"]).arg(argument).current_dir(&directory.0);
        let output = command.output().await?;
        let expected = [argument.as_bytes(), directory.0.as_os_str().as_bytes(), b"\n"].concat();
        assert_eq!(output.stdout, expected);
        Ok(())
    })
}

#[test]
fn a_thread_without_a_loop_starts_nothing() {
    let started = std::thread::spawn(|| Command::new("true").spawn().map(drop));
    let error = started.join().unwrap().unwrap_err();
    assert!(error.to_string().contains("loop"), "{error}");
}
