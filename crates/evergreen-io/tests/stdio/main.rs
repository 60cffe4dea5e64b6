//! The standard streams, each test with a process of its own that plays a role: this file again.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

#[path = "../common/mod.rs"]
mod common;
mod role;

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use common::content;
use rustix::fs::{Mode, OFlags, fcntl_getfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

const ROLE: &str = "EVERGREEN_STDIO_ROLE";
const EXPECTED: &str = "EVERGREEN_STDIO_EXPECTED";
const AS_EXPECTED: i32 = 42;
const TICK: &str = "<tick>";
const MEBIBYTE: usize = 1 << 20;

/// A process that plays a role. What it has to say it says on its standard error: on its output the
/// harness of the tests speaks too.
fn role(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "role::plays_a_role", "--ignored"]).env(ROLE, name);
    // Nobody else is to speak there: not even the loop, of what holds it up on a busy machine.
    command.env("EVERGREEN_DEBUG", "0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn said(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    said
}

/// Both sides of a terminal that does not echo what is typed into what is read.
fn terminal() -> (OwnedFd, OwnedFd) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let slave = rustix::fs::open(&*name, flags, Mode::empty()).unwrap();
    (master, slave)
}

/// The two ends of a pipe, which no other child inherits.
#[cfg(target_os = "linux")]
fn pipe() -> (OwnedFd, OwnedFd) {
    rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap()
}

#[cfg(not(target_os = "linux"))]
fn pipe() -> (OwnedFd, OwnedFd) {
    rustix::pipe::pipe().unwrap()
}

// F7
#[test]
fn a_pipe_is_read_to_its_end() {
    let mut child = role("copy").stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || pipe.write_all(&content(MEBIBYTE, 3)));
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr == content(MEBIBYTE, 3));
    writer.join().unwrap().unwrap();
}

// F7, F8
#[test]
fn a_pipe_that_is_slowly_read_is_written_in_full() {
    let mut child = role("write").spawn().unwrap();
    let (mut read, mut pipe) = (vec![0; 1], child.stderr.take().unwrap());
    pipe.read_exact(&mut read).unwrap();
    pipe.read_to_end(&mut read).unwrap();
    assert!(read == content(MEBIBYTE, 1));
    assert!(child.wait().unwrap().success());
}

// No thread makes the read, and none is waited for.
#[test]
fn a_pending_read_does_not_keep_the_process_from_ending() {
    let mut child = role("wait").stdin(Stdio::piped()).spawn().unwrap();
    let pipe = child.stdin.take();
    assert!(child.wait().unwrap().success());
    drop(pipe);
}

// AIO-PIPE, EV-TTY-05: the mode of what others share is left alone.
#[test]
fn what_is_shared_does_not_become_non_blocking() {
    let (piped, writer) = pipe();
    let (socket, socket_peer) = UnixStream::pair().unwrap();
    let (master, slave) = terminal();
    for (input, end) in
        [(piped, Some(writer)), (socket.into(), Some(OwnedFd::from(socket_peer))), (slave, None)]
    {
        let mut command = role("status");
        command.stdin(input.try_clone().unwrap());
        let (reader, writer) = pipe();
        command.stdout(writer.try_clone().unwrap());
        let mut child = command.spawn().unwrap();
        child.stderr.as_mut().unwrap().read_exact(&mut [0; 1]).unwrap();
        for fd in [&input, &writer] {
            assert!(!fcntl_getfl(fd).unwrap().contains(OFlags::NONBLOCK));
        }
        if end.is_none() {
            File::from(master.try_clone().unwrap()).write_all(b"\x04").unwrap();
        }
        drop(end);
        assert!(child.wait().unwrap().success());
        assert!(!fcntl_getfl(&input).unwrap().contains(OFlags::NONBLOCK));
        drop(reader);
    }
}

// R-5: a terminal gives one line for each read, and no new edge for the second.
#[test]
fn lines_that_are_typed_at_once_are_read_one_by_one() {
    let (master, slave) = terminal();
    let child = role("each").stdin(slave).spawn().unwrap();
    File::from(master.try_clone().unwrap()).write_all(b"one\ntwo\nthree\n\x04").unwrap();
    assert_eq!(said(child), r#""one\n" "two\n" "three\n" "" "#);
}

// The other side of a terminal cannot be opened by its name: it is asked before every read.
#[test]
fn the_other_side_of_a_terminal_is_read_too() {
    let (master, slave) = terminal();
    let mut child = role("five").stdin(master).spawn().unwrap();
    let mut slave = File::from(slave);
    let mut stderr = child.stderr.take().unwrap();
    slave.write_all(b"from the terminal").unwrap();
    let mut five = [0; 5];
    stderr.read_exact(&mut five).unwrap();
    assert_eq!(&five, b"from ");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_socket_is_read_and_written() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let mut command = role("copy");
    command.stdin(OwnedFd::from(theirs.try_clone().unwrap())).stderr(OwnedFd::from(theirs));
    let mut child = command.spawn().unwrap();
    drop(command);
    ours.write_all(b"through a socket").unwrap();
    ours.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    ours.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "through a socket");
    assert!(child.wait().unwrap().success());
}

// R-5: "a live duplicate keeps reporting", so the poller is told when one goes.
#[test]
#[cfg(not(evergreen_portable))]
fn a_stream_that_is_gone_is_not_reported_any_more() {
    let (mut socket, theirs) = UnixStream::pair().unwrap();
    let (master, slave) = terminal();
    let mut slave = File::from(slave);
    let ends: [(OwnedFd, &mut dyn Write); 2] = [(theirs.into(), &mut socket), (master, &mut slave)];
    for (input, writer) in ends {
        let mut child = role("gone").stdin(input).spawn().unwrap();
        for byte in [b"a", b"b"] {
            writer.write_all(byte).unwrap();
            let mut told = [0; 1];
            child.stderr.as_mut().unwrap().read_exact(&mut told).unwrap();
            assert_eq!(&told, byte);
        }
        assert_eq!(said(child), "");
    }
}

// EV-TTY-05: what is dropped is a duplicate, or was opened anew.
#[test]
fn several_may_come_and_go() {
    let (mut socket, theirs) = UnixStream::pair().unwrap();
    let child = role("again").stdin(OwnedFd::from(theirs)).spawn().unwrap();
    socket.write_all(b"abc").unwrap();
    assert_eq!(said(child), "abc");
    let (pipe, writer) = pipe();
    let child = role("again").stdin(pipe).spawn().unwrap();
    rustix::io::write(&writer, b"abc").unwrap();
    assert_eq!(said(child), "abc");
    let (master, slave) = terminal();
    let child = role("again").stdin(master).spawn().unwrap();
    rustix::io::write(&slave, b"abc").unwrap();
    assert_eq!(said(child), "abc");
}

/// Starts a child that writes to `output`, and comes back when it has done something else meanwhile.
fn start_to_flood(output: OwnedFd) -> Child {
    let mut child = role("beside").stderr(output).spawn().unwrap();
    let (mut said, mut byte) = (Vec::new(), [0]);
    let stdout = child.stdout.as_mut().unwrap();
    while !said.ends_with(TICK.as_bytes()) {
        stdout.read_exact(&mut byte).unwrap();
        said.extend(byte);
    }
    child
}

// F8
#[test]
fn the_loop_goes_on_while_nobody_reads_what_is_written() {
    let (socket, socket_peer) = UnixStream::pair().unwrap();
    let (reader, writer) = pipe();
    for (output, input) in [(socket.into(), socket_peer.into()), (writer, reader)] {
        let mut child = start_to_flood(output);
        let mut read = Vec::new();
        File::from(input).read_to_end(&mut read).unwrap();
        assert!(read == content(MEBIBYTE, 1));
        assert!(child.wait().unwrap().success());
    }
    let (master, slave) = terminal();
    let mut child = start_to_flood(slave);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(master);
}

/// A file of this process's own, which is gone when it ends.
fn file(text: &str) -> File {
    let name = format!("evergreen-stdio-{}-{}", std::process::id(), text.len());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, text).unwrap();
    let file = File::options().read(true).append(true).open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    file
}

// F22: the poller refuses regular files.
#[test]
fn a_file_is_read_no_further_than_was_asked_for() {
    let mut file = file("hello world");
    let child = role("five").stdin(file.try_clone().unwrap()).spawn().unwrap();
    assert_eq!(said(child), "hello");
    assert_eq!(file.stream_position().unwrap(), 5);
    let child = role("copy").stdin(file).spawn().unwrap();
    assert_eq!(said(child), " world");
}

// F22
#[test]
fn a_file_is_written_where_it_stands() {
    let mut file = file("before ");
    let child = role("write").stderr(file.try_clone().unwrap()).spawn().unwrap();
    said(child);
    let mut read = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut read).unwrap();
    assert!(read.strip_prefix(b"before ").unwrap() == content(MEBIBYTE, 1));
}

// F22: nor does it take `/dev/null`.
#[test]
fn nothing_is_read_from_dev_null_and_all_is_written_to_it() {
    assert_eq!(said(role("copy").spawn().unwrap()), "");
    said(role("write").stderr(Stdio::null()).spawn().unwrap());
}

// R-17
#[test]
fn a_device_that_never_ends_leaves_others_their_turn() {
    let zero = File::open("/dev/zero").unwrap();
    said(role("greedy").stdin(zero).spawn().unwrap());
}

// F6
#[test]
#[cfg(target_os = "linux")]
fn a_device_without_room_is_an_error() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut child = role("fail").env(EXPECTED, "StorageFull").stderr(full).spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(AS_EXPECTED));
}

// F3: no SIGPIPE.
#[test]
fn a_pipe_that_nobody_reads_any_more_is_an_error() {
    let mut child = role("fail").env(EXPECTED, "BrokenPipe").spawn().unwrap();
    // It has begun to write when the reader goes.
    child.stderr.take().unwrap().read_exact(&mut [0; 1]).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(AS_EXPECTED));
}

// F3
#[test]
fn a_pipe_that_nobody_has_read_is_an_error() {
    let (reader, writer) = pipe();
    drop(reader);
    let mut child = role("fail").env(EXPECTED, "BrokenPipe").stderr(writer).spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(AS_EXPECTED));
}

// F30
#[test]
#[cfg(target_os = "linux")]
fn without_standard_streams_nothing_of_the_loop_takes_their_place() {
    let played = role("closed");
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" \"$@\" <&- >&- 2>&-"]).arg(played.get_program());
    let status = shell.args(played.get_args()).env(ROLE, "closed").status().unwrap();
    assert!(status.success());
}

#[test]
fn a_thread_without_a_loop_is_told_so_by_the_read() {
    let child = role("without").stdin(Stdio::piped()).spawn().unwrap();
    let said = said(child);
    assert!(said.starts_with("standard input cannot be used: "), "{said}");
    assert!(said.contains("loop"), "{said}");
}
