//! Pipes whose system calls fail, and what is no pipe.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use common::{TestLoop, beside, code_inside};
use evergreen_io::pipe::{OpenOptions, Receiver, Sender, pipe};
use futures_lite::future::{block_on, poll_once};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

/// A path of this test's own, whose file goes at the end.
struct Name(PathBuf);

impl Name {
    fn new(test: &str) -> Self {
        let file = format!("evergreen-pipe-{}-{test}", std::process::id());
        Self(std::env::temp_dir().join(file))
    }

    fn fifo(test: &str) -> Self {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let name = Self::new(test);
        mknodat(CWD, &name.0, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        name
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

fn refused<T>(result: io::Result<T>) -> (ErrorKind, String) {
    let error = result.map(drop).unwrap_err();
    let text = error.to_string();
    let words = text.split(' ').map(|word| if word.parse::<i32>().is_ok() { "N" } else { word });
    (error.kind(), words.collect::<Vec<_>>().join(" "))
}

// Bad input: each says what it is, and the way out.
#[test]
fn what_is_no_pipe_and_the_wrong_end_of_one_are_refused() {
    let _event_loop = TestLoop::new();
    let invalid = |text: &str| (ErrorKind::InvalidInput, text.to_owned());
    let file = || File::open(std::env::current_exe().unwrap()).unwrap();
    let reason = invalid("descriptor N is a regular file, not a pipe: use `fs`");
    assert_eq!(refused(Receiver::from_file(file())), reason);
    assert_eq!(refused(Sender::from_file(file())), reason);
    let socket = || OwnedFd::from(UnixStream::pair().unwrap().0);
    let reason = invalid("descriptor N is a socket, not a pipe: make it a socket of `net`");
    assert_eq!(refused(Receiver::from_owned_fd(socket())), reason);
    let device = File::open("/dev/null").unwrap();
    let reason = invalid("descriptor N is a character device, not a pipe: make it an AsyncFd");
    assert_eq!(refused(Receiver::from_file(device)), reason);
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    let reason = "descriptor N is the end of a pipe that can only be written to: make it a Sender";
    assert_eq!(refused(Receiver::from_owned_fd(writer)), invalid(reason));
    let reason = "descriptor N is the end of a pipe that can only be read from: make it a Receiver";
    assert_eq!(refused(Sender::from_owned_fd(reader)), invalid(reason));
}

// What the system says is to be told by its number.
#[test]
fn what_cannot_be_opened_has_the_error_of_the_system_inside() {
    let _event_loop = TestLoop::new();
    let name = Name::new("nowhere");
    let error = OpenOptions::new().open_receiver(&name.0).unwrap_err();
    assert_eq!(code_inside(&error), Some(libc::ENOENT));
    let error = OpenOptions::new().open_sender("/dev/null/below").unwrap_err();
    assert_eq!(code_inside(&error), Some(libc::ENOTDIR));
}

// Bad input
#[test]
fn what_cannot_be_opened_as_a_fifo_is_refused_by_name() {
    let _event_loop = TestLoop::new();
    let options = OpenOptions::new();
    let name = Name::new("missing");
    let path = &name.0;
    let missing = (ErrorKind::NotFound, format!("there is no FIFO {path:?}: make it with mkfifo"));
    assert_eq!(refused(options.open_receiver(path)), missing);
    assert_eq!(refused(options.open_sender(path)), missing);
    std::fs::write(path, "").unwrap();
    let text = format!("{path:?} is a regular file, not a pipe: use `fs`");
    assert_eq!(refused(options.open_receiver(path)), (ErrorKind::InvalidInput, text));
    let (kind, text) = refused(options.open_receiver(path.join("below")));
    assert_eq!(kind, ErrorKind::NotADirectory);
    assert!(text.starts_with(&format!("cannot open {:?}: ", path.join("below"))), "{text}");
    assert!(refused(options.open_sender("a\0b")).1.starts_with(r#"cannot open "a\0b": "#));
    // What the system does not even open, so that it cannot be looked at.
    let text = r#""/" is a directory, not a pipe: use `fs`"#.to_owned();
    assert_eq!(refused(options.open_sender("/")), (ErrorKind::InvalidInput, text));
    let socket = Name::new("socket");
    let _listener = UnixListener::bind(&socket.0).unwrap();
    let text = format!("{:?} is a socket, not a pipe: make it a socket of `net`", socket.0);
    assert_eq!(refused(options.open_receiver(&socket.0)), (ErrorKind::InvalidInput, text));
    let unchecked = OpenOptions::new().unchecked(true).open_sender("/").unwrap_err();
    assert_eq!(unchecked.kind(), ErrorKind::IsADirectory);
    // A program for tokio looks for this number, and tries again.
    let fifo = Name::fifo("unread");
    let error = options.open_sender(&fifo.0).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENXIO));
}

async fn goes_through(mut sender: Sender, mut receiver: Receiver) {
    sender.write_all(b"word").await.unwrap();
    let mut word = [0; 4];
    receiver.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"word");
    drop(sender);
    assert_eq!(receiver.read(&mut word).await.unwrap(), 0);
}

#[test]
fn a_fifo_is_opened_at_both_ends_without_waiting() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let fifo = Name::fifo("opened");
        let mut receiver = OpenOptions::new().open_receiver(&fifo.0).unwrap();
        assert!(poll_once(receiver.read(&mut [0; 4])).await.is_none());
        let sender = OpenOptions::new().open_sender(&fifo.0).unwrap();
        goes_through(sender, receiver).await;
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// R-1: also where the read is tried first, nobody has gone who was never there.
#[test]
fn a_receiver_on_another_thread_waits_for_its_first_sender() {
    let event_loop = TestLoop::new();
    let fifo = Name::fifo("there");
    let mut receiver = OpenOptions::new().open_receiver(&fifo.0).unwrap();
    beside(&event_loop, move || {
        let mut word = [0; 4];
        let early = block_on(poll_once(receiver.read(&mut word)));
        assert!(early.is_none(), "{early:?}");
        let mut sender = File::options().write(true).open(&fifo.0).unwrap();
        sender.write_all(b"word").unwrap();
        block_on(receiver.read_exact(&mut word)).unwrap();
        drop(sender);
        assert_eq!((word, block_on(receiver.read(&mut [0])).unwrap()), (*b"word", 0));
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_fifo_opened_for_both_needs_no_other_end_and_never_ends() {
    TestLoop::new().block_on(async {
        let fifo = Name::fifo("both");
        let sender = OpenOptions::new().read_write(true).open_sender(&fifo.0).unwrap();
        sender.try_write(b"early").unwrap();
        let mut receiver = OpenOptions::new().read_write(true).open_receiver(&fifo.0).unwrap();
        drop(sender);
        let mut word = [0; 5];
        receiver.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"early");
        assert!(poll_once(receiver.read(&mut word)).await.is_none());
    });
}

#[test]
fn what_is_not_looked_at_may_be_any_stream() {
    TestLoop::new().block_on(async {
        let (one, other) = UnixStream::pair().unwrap();
        one.set_nonblocking(true).unwrap();
        other.set_nonblocking(true).unwrap();
        let sender = Sender::from_owned_fd_unchecked(one.into()).unwrap();
        goes_through(sender, Receiver::from_owned_fd_unchecked(other.into()).unwrap()).await;
        let path = Path::new("/dev/null");
        let refused = OpenOptions::new().unchecked(true).open_sender(path).map(drop);
        assert!(refused.unwrap_err().to_string().contains("cannot be watched"));
    });
}

/// The calls of this file under `strace`, which makes them fail.
#[cfg(target_os = "linux")]
mod injected {
    use std::process::Command;

    use super::{AsyncReadExt, AsyncWriteExt, ErrorKind, TestLoop, pipe};

    /// What a second process under `strace` is told to be.
    const CHILD: &str = "EVERGREEN_TEST_CHILD";

    fn part() -> Option<String> {
        std::env::var(CHILD).ok()
    }

    /// Runs `test` in a second process, as the part that it plays there, with these faults injected.
    /// Gives how many there were.
    fn under_strace(test: &str, part: &str, inject: &str) -> usize {
        let log = std::env::temp_dir().join(format!("evergreen-io-{}-{part}", std::process::id()));
        let program = std::env::current_exe().unwrap();
        let calls = inject.split(':').next().unwrap();
        let output = Command::new("strace")
            .args(["-f", "-qq", "-e", "signal=none", "-e", &format!("trace={calls}"), "-o"])
            .arg(&log)
            .args(["-e", &format!("inject={inject}")])
            .arg(program)
            .args([&format!("injected::{test}"), "--exact", "--nocapture", "--test-threads=1"])
            // The leak check of AddressSanitizer refuses to work under a tracer.
            .envs([(CHILD, part), ("ASAN_OPTIONS", "detect_leaks=0")])
            .output()
            .expect("strace is installed");
        let made = std::fs::read_to_string(&log).unwrap();
        std::fs::remove_file(&log).unwrap();
        assert!(output.status.success(), "{}{made}", String::from_utf8_lossy(&output.stderr));
        made.lines().filter(|call| call.contains("INJECTED")).count()
    }

    /// Sends a word, by a call that nothing else makes.
    async fn send_pieces() -> std::io::Result<()> {
        let (mut sender, mut receiver) = pipe()?;
        let pieces = [std::io::IoSlice::new(b"wo"), std::io::IoSlice::new(b"rd")];
        assert_eq!(sender.write_vectored(&pieces).await?, 4);
        let (mut first, mut second) = ([0; 2], [0; 2]);
        let mut buffers = [&mut first, &mut second].map(|half| std::io::IoSliceMut::new(half));
        assert_eq!(receiver.read_vectored(&mut buffers).await?, 4);
        assert_eq!([first, second], [*b"wo", *b"rd"]);
        Ok(())
    }

    // F6: the error reaches the writer, once, and the pipe is as good as before.
    #[test]
    fn a_write_that_the_system_refuses_is_the_writers_error() {
        let name = "a_write_that_the_system_refuses_is_the_writers_error";
        if let Some(code) = part() {
            let code = code.parse().unwrap();
            TestLoop::new().block_on(async {
                let error = send_pieces().await.unwrap_err();
                assert_eq!(error.raw_os_error(), Some(code));
                send_pieces().await.unwrap();
            });
            return;
        }
        for code in [libc::ENOSPC, libc::EDQUOT, libc::EIO] {
            let inject = format!("writev:error={code}:when=1");
            assert_eq!(under_strace(name, &code.to_string(), &inject), 1);
        }
    }

    // F4: 50 in a row.
    #[test]
    fn calls_that_signals_interrupt_are_made_again() {
        let name = "calls_that_signals_interrupt_are_made_again";
        if part().is_some() {
            TestLoop::new().block_on(send_pieces()).unwrap();
            return;
        }
        assert_eq!(under_strace(name, "EINTR", "readv,writev:error=EINTR:when=1..50"), 100);
    }

    // F5: the pipe is told to be ready, and the call refuses.
    #[test]
    fn a_write_that_would_block_though_it_was_told_to_be_ready_waits() {
        let name = "a_write_that_would_block_though_it_was_told_to_be_ready_waits";
        if part().is_some() {
            TestLoop::new().block_on(async {
                let (sender, _receiver) = pipe().unwrap();
                let pieces = [std::io::IoSlice::new(b"word")];
                let error = sender.try_write_vectored(&pieces).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                assert!(super::poll_once(sender.writable()).await.is_none());
            });
            return;
        }
        assert_eq!(under_strace(name, "EAGAIN", "writev:error=EAGAIN:when=1"), 1);
    }
}
