//! Streams over terminals. What is done at the end of a process is in `io_tty_ends`.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use common::TestLoop;
use common::pty::Pty;
use evergreen_io::io::{BaseStream, StreamError, TtyError, TtyStream, reset_mode};
use evergreen_task::{sleep, spawn, yield_now};
use evergreen_testing::must_suspend;
use rustix::fs::{OFlags, fcntl_getfl};

/// A stream over the terminal, that can be read.
fn stream(pty: &Pty) -> TtyStream {
    TtyStream::sharing(&pty.slave, true).unwrap()
}

fn is_non_blocking(fd: impl AsFd) -> bool {
    fcntl_getfl(fd).unwrap().contains(OFlags::NONBLOCK)
}

fn is_closed<T: std::fmt::Debug>(result: Result<T, TtyError>) -> bool {
    matches!(result.unwrap_err().kind(), StreamError::Closed)
}

// EV-TTY-01, EV-TTY-06
#[test]
fn what_is_no_terminal_is_refused_by_an_error_of_its_own() {
    let _event_loop = TestLoop::new();
    let (socket, _peer) = UnixStream::pair().unwrap();
    let null = File::open("/dev/null").unwrap();
    for fd in [OwnedFd::from(socket), null.into()] {
        let error = TtyStream::sharing(&fd, true).unwrap_err();
        assert!(matches!(error.kind(), StreamError::NotATerminal));
        assert!(error.to_string().starts_with("terminal: not a terminal: use "), "{error}");
        let error = TtyStream::new(fd, true).unwrap_err();
        assert!(matches!(error.kind(), StreamError::NotATerminal));
    }
}

// EV-TTY-01
#[test]
fn one_that_is_not_to_be_read_leaves_what_is_typed_to_others() {
    let event_loop = TestLoop::new();
    let pty = Pty::new();
    event_loop.block_on(async {
        let screen = TtyStream::new(pty.slave.try_clone().unwrap(), false).unwrap();
        pty.press("typed\n");
        assert_eq!(pty.shows("\n"), "typed\r\n");
        let error = screen.read_some(1).await.unwrap_err();
        assert!(matches!(error.kind(), StreamError::NotReadable));
        assert_eq!(error.to_string(), "terminal: can only be written to");
        assert!(screen.write(b"shown\n").unwrap());
        assert_eq!(pty.shows("\n"), "shown\r\n");
        let mut typed = [0; 6];
        File::from(pty.slave.try_clone().unwrap()).read_exact(&mut typed).unwrap();
        assert_eq!(&typed, b"typed\n");
    });
}

// EV-TTY-02
#[test]
fn the_size_is_asked_for_anew() {
    let _event_loop = TestLoop::new();
    let pty = Pty::new();
    let screen = stream(&pty);
    assert_eq!(screen.winsize().unwrap(), (0, 0));
    for size in [(80, 24), (132, 50)] {
        pty.resize(size.0, size.1);
        assert_eq!(screen.winsize().unwrap(), size);
    }
}

// a terminal gives one line for each read, and no new edge for the second.
#[test]
fn lines_that_are_typed_at_once_are_read_one_by_one() {
    let event_loop = TestLoop::new();
    let pty = Pty::new();
    event_loop.block_on(async {
        let terminal = stream(&pty);
        let reader = spawn({
            let terminal = terminal.clone();
            async move { terminal.read_bytes(14).await.unwrap() }
        });
        yield_now().await;
        pty.press("one\ntwo\nthree\n");
        assert_eq!(reader.await.unwrap(), b"one\ntwo\nthree\n");
        pty.press("x#last\n\x04");
        assert_eq!(terminal.read_until(b"\n").await.unwrap(), b"last\n");
        assert_eq!(terminal.read_until(b"\n").await.unwrap(), b"");
        assert!(terminal.is_closed());
    });
}

// EV-TTY-03
#[test]
fn raw_mode_gives_every_key_and_still_translates_what_is_written() {
    let event_loop = TestLoop::new();
    let pty = Pty::new();
    event_loop.block_on(async {
        let terminal = stream(&pty);
        terminal.set_raw_mode(true).unwrap();
        assert!(pty.is_raw());
        // ctrl-c, ctrl-z, ctrl-\, enter, newline, ctrl-s, ctrl-q, ctrl-v, ctrl-d, erase, eight bits
        let keys = b"\x03\x1a\x1c\r\n\x13\x11\x16\x04#\xff\x80";
        pty.press(keys);
        assert_eq!(terminal.read_bytes(keys.len()).await.unwrap(), keys);
        terminal.write(b"two\nlines\n").unwrap();
        // No key is echoed.
        assert_eq!(pty.shows("lines\r\n"), "two\r\nlines\r\n");
    });
}

// EV-TTY-03
#[test]
fn the_exact_settings_come_back_however_often_it_is_set() {
    let _event_loop = TestLoop::new();
    let pty = Pty::new();
    let before = pty.settings();
    let terminal = stream(&pty);
    terminal.set_raw_mode(false).unwrap();
    assert_eq!(pty.settings(), before);
    for _ in 0..2 {
        terminal.set_raw_mode(true).unwrap();
        let raw = pty.settings();
        pty.change(b'%');
        terminal.set_raw_mode(true).unwrap();
        assert_eq!(pty.settings(), raw);
        pty.change(b'%');
        terminal.set_raw_mode(false).unwrap();
        assert_eq!(pty.settings(), before);
        terminal.set_raw_mode(false).unwrap();
        assert_eq!(pty.settings(), before);
    }
    // Not those of the first time.
    pty.change(b'%');
    let changed = pty.settings();
    terminal.set_raw_mode(true).unwrap();
    terminal.set_raw_mode(false).unwrap();
    assert_eq!(pty.settings(), changed);
}

// EV-TTY-04
#[test]
fn to_close_or_drop_the_last_stream_that_wants_it_ends_raw_mode() {
    let _event_loop = TestLoop::new();
    let (pty, other) = (Pty::new(), Pty::new());
    let before = pty.settings();
    let streams = [stream(&pty), stream(&pty), TtyStream::sharing(&pty.master, true).unwrap()];
    let bystander = stream(&other);
    bystander.set_raw_mode(true).unwrap();
    streams.iter().for_each(|stream| stream.set_raw_mode(true).unwrap());
    let [first, second, master] = streams;
    let clone = first.clone();
    drop(first);
    assert!(pty.is_raw());
    clone.close();
    drop(second);
    assert!(pty.is_raw());
    drop(master);
    assert_eq!(pty.settings(), before);
    assert!(other.is_raw());
    let closed = stream(&pty);
    closed.set_raw_mode(true).unwrap();
    closed.close();
    assert_eq!(pty.settings(), before);
    drop(bystander);
    assert!(!other.is_raw());
}

// EV-TTY-04
#[test]
fn a_panic_ends_raw_mode() {
    let event_loop = TestLoop::new();
    let pty = Pty::new();
    let before = pty.settings();
    let panic = |terminal: TtyStream| {
        terminal.set_raw_mode(true).unwrap();
        assert!(!pty.is_raw(), "on purpose");
    };
    catch_unwind(AssertUnwindSafe(|| panic(stream(&pty)))).unwrap_err();
    assert_eq!(pty.settings(), before);
    event_loop.block_on(async {
        let terminal = stream(&pty);
        let task = spawn(async move {
            terminal.set_raw_mode(true).unwrap();
            yield_now().await;
            panic!("on purpose");
        });
        yield_now().await;
        assert!(pty.is_raw());
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!(pty.settings(), before);
    });
}

// EV-TTY-04
#[test]
fn the_mode_that_was_reset_can_be_set_again() {
    let _event_loop = TestLoop::new();
    let pty = Pty::new();
    let before = pty.settings();
    let terminal = stream(&pty);
    terminal.set_raw_mode(true).unwrap();
    reset_mode();
    assert_eq!(pty.settings(), before);
    terminal.set_raw_mode(true).unwrap();
    assert!(pty.is_raw());
    terminal.set_raw_mode(false).unwrap();
    assert_eq!(pty.settings(), before);
    // Nothing is raw: what others have set meanwhile stays.
    pty.change(b'%');
    let changed = pty.settings();
    reset_mode();
    assert_eq!(pty.settings(), changed);
}

// EV-TTY-05
#[test]
fn the_descriptor_is_taken_or_left_and_never_made_non_blocking_for_others() {
    let _event_loop = TestLoop::new();
    let pty = Pty::new();
    let terminal = stream(&pty);
    let taken = TtyStream::new(pty.slave.try_clone().unwrap(), true).unwrap();
    assert!(!is_non_blocking(&pty.slave));
    terminal.close();
    taken.close();
    File::from(pty.slave.try_clone().unwrap()).write_all(b"open\n").unwrap();
    pty.shows("open\r\n");
    // The other side cannot be opened once more: it is asked, or it is ours.
    let shared = TtyStream::sharing(&pty.master, true).unwrap();
    assert!(!is_non_blocking(&pty.master));
    shared.close();
    let taken = TtyStream::new(pty.master.try_clone().unwrap(), true).unwrap();
    assert!(is_non_blocking(&pty.master));
    drop(taken);
}

// EV-TTY-05
#[test]
fn the_other_side_is_read_and_written_too() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for take in [false, true] {
            let pty = Pty::new();
            let terminal = stream(&pty);
            let user = if take {
                TtyStream::new(pty.master.try_clone().unwrap(), true)
            } else {
                TtyStream::sharing(&pty.master, true)
            };
            let user = user.unwrap();
            let (program, reader) = (terminal.clone(), user.clone());
            spawn(async move {
                let name = program.read_until(b"\n").await.unwrap();
                program.write(&[b"hello ", &*name].concat()).unwrap();
            });
            let answer = spawn(async move { reader.read_until(b"hello me\r\n").await.unwrap() });
            user.write(b"me\n").unwrap();
            assert_eq!(answer.await.unwrap(), b"me\r\nhello me\r\n");
        }
    });
}

// EV-STR-10, EV-STR-20, EV-STR-21
#[test]
fn to_close_it_tells_who_reads_and_all_who_come_later() {
    let event_loop = TestLoop::new();
    let pty = Pty::new();
    event_loop.block_on(async {
        let terminal = stream(&pty);
        let reader = spawn({
            let terminal = terminal.clone();
            async move { terminal.read_some(1).await }
        });
        yield_now().await;
        terminal.close();
        terminal.close();
        assert_eq!(reader.await.unwrap().unwrap_err().to_string(), "terminal: closed");
        assert!(is_closed(terminal.read_some(1).await));
        assert!(is_closed(terminal.write(b"x")));
        assert!(is_closed(terminal.winsize()));
        assert!(is_closed(terminal.set_raw_mode(true)));
        assert!(is_closed(terminal.set_raw_mode(false)));
        assert!(!pty.is_raw());
    });
}

// EV-STR-18
#[test]
fn to_shut_it_down_closes_what_is_only_written_to() {
    let event_loop = TestLoop::new();
    let pty = Pty::new();
    event_loop.block_on(async {
        let error = stream(&pty).shutdown().await.unwrap_err();
        assert!(error.to_string().ends_with("use `close`"), "{error}");
        let screen = TtyStream::sharing(&pty.slave, false).unwrap();
        screen.shutdown().await.unwrap();
        assert!(screen.is_closed());
    });
}

// F8, EV-STR-13, EV-STR-17
#[test]
fn what_nobody_looks_at_is_held_and_goes_out_in_order() {
    let event_loop = TestLoop::new();
    let pty = Pty::new();
    event_loop.block_on(async {
        let screen = TtyStream::sharing(&pty.slave, false).unwrap();
        let mut lines = 0;
        while screen.write(format!("{lines}\n").as_bytes()).unwrap() {
            lines += 1;
        }
        let flushed = spawn(must_suspend({
            let screen = screen.clone();
            async move { screen.flush().await.unwrap() }
        }));
        yield_now().await;
        let user = TtyStream::sharing(&pty.master, true).unwrap();
        for line in 0..=lines {
            let shown = user.read_until(b"\n").await.unwrap();
            assert_eq!(shown, format!("{line}\r\n").into_bytes());
        }
        flushed.await.unwrap();
    });
}

// F29
#[test]
fn a_terminal_that_goes_away_ends_what_is_read_from_it() {
    let event_loop = TestLoop::new();
    let Pty { master, slave, .. } = Pty::new();
    event_loop.block_on(async {
        let terminal = TtyStream::new(slave, true).unwrap();
        terminal.set_raw_mode(true).unwrap();
        let reader = spawn({
            let terminal = terminal.clone();
            async move { (terminal.read_some(9).await, terminal.read_some(9).await) }
        });
        yield_now().await;
        drop(master);
        let (end, after) = reader.await.unwrap();
        assert_eq!(end.unwrap(), b"");
        assert!(is_closed(after));
        assert!(terminal.is_closed());
        assert_eq!(event_loop.metrics().sources, 0);
    });
}

// F29
#[test]
fn a_terminal_that_went_away_costs_nothing_while_nobody_reads() {
    let event_loop = TestLoop::new();
    let Pty { master, slave, .. } = Pty::new();
    event_loop.block_on(async {
        let terminal = TtyStream::new(slave, true).unwrap();
        terminal.keep_open_on_eof(true);
        terminal.set_raw_mode(true).unwrap();
        drop(master);
        assert_eq!(terminal.read_some(9).await.unwrap(), b"");
        let before = event_loop.metrics().turns;
        sleep(0.05).await;
        assert!(event_loop.metrics().turns - before < 10);
        let winsize = terminal.winsize().unwrap_err();
        assert!(winsize.kind().errno().is_some(), "{winsize}");
        assert!(terminal.set_raw_mode(false).is_err());
        assert!(terminal.write(b"nobody").is_err());
        assert!(terminal.is_closed());
    });
}

// F29: what the programs are gone from has ended as well.
#[test]
fn the_other_side_of_a_terminal_ends_with_its_programs() {
    let event_loop = TestLoop::new();
    let Pty { master, slave, .. } = Pty::new();
    event_loop.block_on(async {
        let user = TtyStream::new(master, true).unwrap();
        File::from(slave).write_all(b"the last words").unwrap();
        assert_eq!(user.read_bytes(99).await.unwrap(), b"the last words");
        assert_eq!(user.read_bytes(99).await.unwrap(), b"");
        assert!(user.is_closed());
    });
}
