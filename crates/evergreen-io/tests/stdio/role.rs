//! What the processes of the tests do.

use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;

use evergreen_io::stdio::{stderr, stdin, stdout};
use evergreen_loop::EventLoop;
use evergreen_task::{sleep, spawn, yield_now};
use futures_lite::future::poll_once;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::common::{TestLoop, content};
use super::{AS_EXPECTED, EXPECTED, MEBIBYTE, ROLE, TICK};

#[test]
#[ignore = "a role in the other tests"]
fn plays_a_role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        match &*role {
            "copy" => drop(futures_lite::io::copy(stdin(), &mut stderr()).await.unwrap()),
            "each" => each_read().await,
            "five" => read_five().await,
            "wait" => leave_a_read_behind().await,
            "write" => stderr().write_all(&content(MEBIBYTE, 1)).await.unwrap(),
            "fail" => fail_to_write().await,
            "beside" => write_beside().await,
            "again" => read_by_many().await,
            "closed" => nothing_is_open().await,
            "status" => stay().await,
            "gone" => leave_no_watch_behind().await,
            "greedy" => read_without_end().await,
            "without" => read_without_a_loop().await,
            _ => panic!("there is no role `{role}`"),
        }
    });
}

/// Tells of each read apart.
async fn each_read() {
    let (mut stdin, mut buffer) = (stdin(), [0; 64]);
    loop {
        let length = stdin.read(&mut buffer).await.unwrap();
        let words = format!("{:?} ", String::from_utf8_lossy(&buffer[..length]));
        stderr().write_all(words.as_bytes()).await.unwrap();
        if length == 0 {
            break;
        }
    }
}

async fn read_five() {
    let mut five = [0; 5];
    stdin().read_exact(&mut five).await.unwrap();
    stderr().write_all(&five).await.unwrap();
}

async fn leave_a_read_behind() {
    let before = threads();
    let _task = spawn(async { stdin().read(&mut [0; 1]).await });
    sleep(0.001).await;
    assert_eq!(threads(), before);
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// Says that it reads and writes, and goes on until the end of its input.
async fn stay() {
    let (mut stdin, mut stdout) = (stdin(), stdout());
    stdout.write_all(b"!").await.unwrap();
    stderr().write_all(b"!").await.unwrap();
    assert_eq!(stdin.read(&mut [0; 1]).await.unwrap(), 0);
}

/// Tells by its status whether the error is the expected one: it has nothing else to tell it by.
async fn fail_to_write() {
    let error = stderr().write_all(&content(MEBIBYTE, 1)).await.unwrap_err();
    let expected = std::env::var(EXPECTED).unwrap() == format!("{:?}", error.kind());
    std::process::exit(if expected { AS_EXPECTED } else { 1 });
}

/// Writes more than there is room for, and something else meanwhile.
async fn write_beside() {
    let content = content(MEBIBYTE, 1);
    let flood = async { stderr().write_all(&content).await.unwrap() };
    let tick = async { stdout().write_all(TICK.as_bytes()).await.unwrap() };
    futures_lite::future::zip(flood, tick).await;
}

/// One byte by each of several, which come and go.
async fn read_by_many() {
    let mut one = [0; 1];
    for _ in 0..2 {
        stdin().read_exact(&mut one).await.unwrap();
        stderr().write_all(&one).await.unwrap();
    }
    let mut last = stdin();
    last.read_exact(&mut one).await.unwrap();
    stderr().write_all(&one).await.unwrap();
    // There is no more, and to find that out is not to wait.
    assert!(poll_once(last.read(&mut one)).await.is_none());
}

/// The poller must not report what a stream that is gone has watched.
async fn leave_no_watch_behind() {
    let mut one = [0; 1];
    stdin().read_exact(&mut one).await.unwrap();
    // The loop has seen all that there is before more comes.
    sleep(0.001).await;
    stderr().write_all(&one).await.unwrap();
    poll(&mut [PollFd::new(&rustix::stdio::stdin(), PollFlags::IN)], None).unwrap();
    let event_loop = EventLoop::current().unwrap();
    let none = Timespec { tv_sec: 0, tv_nsec: 0 };
    let reported = poll(&mut [PollFd::new(&event_loop, PollFlags::IN)], Some(&none));
    assert_eq!(reported, Ok(0));
    stdin().read_exact(&mut one).await.unwrap();
    stderr().write_all(&one).await.unwrap();
}

/// What is always ready takes its turns.
async fn read_without_end() {
    let _reader = spawn(async {
        let mut stdin = stdin();
        loop {
            stdin.read_exact(&mut [0; 8]).await.unwrap();
        }
    });
    for _ in 0..10 {
        yield_now().await;
    }
}

async fn read_without_a_loop() {
    let read = || futures_lite::future::block_on(async { stdin().read(&mut [0; 1]).await });
    let error = std::thread::spawn(read).join().unwrap().unwrap_err();
    stderr().write_all(error.to_string().as_bytes()).await.unwrap();
}

// F30: what is missing at the start leads to `/dev/null`, so nothing of ours lands there.
#[cfg(target_os = "linux")]
async fn nothing_is_open() {
    let (ours, _peer) = UnixStream::pair().unwrap();
    let event_loop = EventLoop::current().unwrap();
    for fd in [event_loop.as_fd().as_raw_fd(), ours.as_raw_fd()] {
        assert!(fd > 2);
    }
    for fd in 0..3 {
        let path = std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap();
        assert_eq!(path.to_str(), Some("/dev/null"));
    }
    assert_eq!(stdin().read(&mut [0; 1]).await.unwrap(), 0);
    stdout().write_all(b"nowhere").await.unwrap();
    stderr().write_all(b"nowhere").await.unwrap();
}

#[cfg(not(target_os = "linux"))]
async fn nothing_is_open() {}
