//! Descriptors of any kind on one loop.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use common::{TestLoop, beside};
use evergreen_io::{AsyncFd, Interest};
use evergreen_loop::{EventLoop, LoopError};
use evergreen_task::{spawn, yield_now};
use futures_lite::AsyncReadExt;
use futures_lite::future::{block_on, poll_fn, poll_once};

/// Two ends that do not block, one of which the loop knows.
fn pair() -> (AsyncFd<UnixStream>, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    theirs.set_nonblocking(true).unwrap();
    (AsyncFd::new(ours).unwrap(), theirs)
}

/// Reads once, when it is worth trying.
async fn read(fd: &AsyncFd<UnixStream>, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        let mut guard = fd.readable().await?;
        if let Ok(result) = guard.try_io(|fd| fd.get_ref().read(buffer)) {
            return result;
        }
    }
}

#[test]
fn what_comes_is_read_when_the_guard_says_so() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (ours, mut theirs) = pair();
        let reader = spawn(async move {
            let mut word = [0; 8];
            let length = read(&ours, &mut word).await.unwrap();
            (word, length)
        });
        yield_now().await;
        theirs.write_all(b"word").unwrap();
        let (word, length) = reader.await.unwrap();
        assert_eq!(&word[..length], b"word");
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

#[test]
fn a_writer_waits_for_room() {
    TestLoop::new().block_on(async {
        let (mut ours, mut theirs) = pair();
        let mut guard = ours.writable_mut().await.unwrap();
        while guard.try_io(|fd| fd.get_mut().write(&[7; 4_096])).is_ok() {}
        assert!(poll_once(ours.writable()).await.is_none());
        while theirs.read(&mut [0; 65_536]).is_ok() {}
        ours.writable().await.unwrap().retain_ready();
        let written = ours.async_io_mut(Interest::WRITABLE, |stream| stream.write(b"x"));
        assert_eq!(written.await.unwrap(), 1);
    });
}

// a short read says nothing of a descriptor of an unknown kind. Messages come one by one.
#[test]
fn a_short_read_leaves_the_descriptor_ready() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let ours = AsyncFd::with_interest(ours, Interest::READABLE).unwrap();
        theirs.send(b"one").unwrap();
        theirs.send(b"two").unwrap();
        for word in [b"one", b"two"] {
            let mut received = [0; 64];
            let receive = ours.async_io(Interest::READABLE, |ours| ours.recv(&mut received));
            assert_eq!(receive.await.unwrap(), 3);
            assert_eq!(&received[..3], word);
        }
        assert!(
            poll_once(ours.async_io(Interest::READABLE, |ours| ours.recv(&mut [0])))
                .await
                .is_none()
        );
    });
}

#[test]
fn a_guard_that_is_told_nothing_leaves_the_descriptor_ready() {
    TestLoop::new().block_on(async {
        let (ours, mut theirs) = pair();
        theirs.write_all(b"x").unwrap();
        drop(ours.readable().await.unwrap());
        ours.readable().await.unwrap().retain_ready();
        ours.readable().await.unwrap().clear_ready();
        assert!(poll_once(ours.readable()).await.is_none());
    });
}

// F17: what came between the call that would have blocked and the word to the guard is not lost.
#[test]
fn clearing_an_old_guard_does_not_hide_what_came_since() {
    TestLoop::new().block_on(async {
        let (ours, mut theirs) = pair();
        theirs.write_all(b"x").unwrap();
        let mut guard = ours.readable().await.unwrap();
        assert_eq!(guard.get_inner().read(&mut [0; 8]).unwrap(), 1);
        assert_eq!(guard.get_inner().read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
        theirs.write_all(b"y").unwrap();
        // What the poller tells of this, it tells together with the byte.
        let (other, mut beside) = pair();
        beside.write_all(b"z").unwrap();
        other.readable().await.unwrap().retain_ready();
        guard.clear_ready();
        assert!(poll_once(ours.readable()).await.is_some());
    });
}

#[test]
fn either_direction_may_be_waited_for() {
    TestLoop::new().block_on(async {
        let (ours, mut theirs) = pair();
        let both = Interest::READABLE | Interest::WRITABLE;
        ours.ready(both).await.unwrap().clear_ready();
        assert!(poll_once(ours.ready(both)).await.is_none());
        theirs.write_all(b"x").unwrap();
        ours.ready(both).await.unwrap().retain_ready();
        let nothing = ours.ready(Interest::NONE).await.map(drop);
        assert_eq!(nothing.unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(ours.try_io(both, |mut ours| ours.read(&mut [0; 8])).unwrap(), 1);
    });
}

// F5: the poller tells of no direction twice.
#[test]
fn a_call_that_would_block_leaves_the_direction_that_is_ready() {
    TestLoop::new().block_on(async {
        let (mut ours, mut theirs) = pair();
        let read = |mut ours: &UnixStream| ours.read(&mut [0; 8]);
        let error = ours.try_io(Interest::BOTH, read).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert!(poll_once(ours.writable()).await.is_some(), "tried");
        ours.try_io_mut(Interest::BOTH, |ours| ours.read(&mut [0; 8])).unwrap_err();
        assert!(poll_once(ours.writable()).await.is_some(), "tried");
        assert!(poll_once(ours.async_io(Interest::BOTH, read)).await.is_none());
        let reading = ours.async_io_mut(Interest::BOTH, |ours| ours.read(&mut [0; 8]));
        assert!(poll_once(reading).await.is_none());
        assert!(poll_once(ours.writable()).await.is_some(), "waited for");
        assert!(poll_once(ours.readable()).await.is_none());
        theirs.write_all(b"x").unwrap();
        assert_eq!(ours.async_io(Interest::BOTH, read).await.unwrap(), 1);
    });
}

/// How a descriptor is refused, in words.
fn refusal<T: AsRawFd + std::fmt::Debug>(fd: T) -> (ErrorKind, String) {
    let number = fd.as_raw_fd().to_string();
    let (_, cause) = AsyncFd::try_new(fd).unwrap_err().into_parts();
    (cause.kind(), cause.to_string().replace(&number, "N"))
}

// F22: each with its kind, and the way out.
#[test]
fn what_cannot_be_polled_is_refused_by_its_kind() {
    let _event_loop = TestLoop::new();
    let program = File::open(std::env::current_exe().unwrap()).unwrap();
    let reason =
        "descriptor N is a regular file, which cannot be polled: use `fs` or `spawn_blocking`";
    assert_eq!(refusal(program), (ErrorKind::Unsupported, reason.to_owned()));
    let directory = File::open("/").unwrap();
    let reason =
        "descriptor N is a directory, which cannot be polled: use `fs` or `spawn_blocking`";
    assert_eq!(refusal(directory), (ErrorKind::Unsupported, reason.to_owned()));
    #[cfg(target_os = "linux")]
    {
        let reason = "descriptor N is a character device, which cannot be polled: it never has you \
                      wait, so make the calls without an AsyncFd";
        let refused = refusal(File::open("/dev/null").unwrap());
        assert_eq!(refused, (ErrorKind::Unsupported, reason.to_owned()));
    }
}

// F22, R-5
#[test]
fn a_descriptor_that_the_loop_knows_is_refused_and_the_first_stays() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (ours, mut theirs) = pair();
        let error = AsyncFd::new(Number(ours.as_raw_fd())).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert!(error.to_string().contains("watches descriptor"), "{error}");
        let source = error.get_ref().and_then(std::error::Error::source);
        let source = source.and_then(|source| source.downcast_ref::<LoopError>());
        assert!(matches!(source, Some(LoopError::Busy(fd)) if *fd == ours.as_raw_fd()));
        theirs.write_all(b"x").unwrap();
        assert_eq!(read(&ours, &mut [0; 8]).await.unwrap(), 1);
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

#[test]
fn a_descriptor_that_is_not_open_is_refused() {
    let _event_loop = TestLoop::new();
    for number in [-1, RawFd::MAX] {
        let error = AsyncFd::new(Number(number)).map(drop).unwrap_err();
        assert!(error.to_string().contains("is not open"), "{error}");
    }
}

// Bad input: it would have waited for ever, without a word.
#[test]
fn an_interest_of_nothing_is_refused_and_the_descriptor_comes_back() {
    let _event_loop = TestLoop::new();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let refused = AsyncFd::try_with_interest(ours, Interest::NONE).unwrap_err();
    let (ours, error) = refused.into_parts();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), "nothing to wait for: ask for READABLE, WRITABLE or both");
    drop(ours);
    assert_eq!((&theirs).read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn what_is_refused_comes_back() {
    let _event_loop = TestLoop::new();
    let directory = File::open("/").unwrap();
    let number = directory.as_raw_fd();
    let (directory, _) = AsyncFd::try_new(directory).unwrap_err().into_parts();
    assert_eq!(directory.as_raw_fd(), number);
    assert!(directory.metadata().unwrap().is_dir());
}

/// A descriptor whose owner is somebody else.
#[derive(Debug)]
struct Number(RawFd);

impl AsRawFd for Number {
    fn as_raw_fd(&self) -> RawFd {
        self.0
    }
}

/// Gives a descriptor a number that is free.
fn numbered(fd: &OwnedFd, number: RawFd) -> OwnedFd {
    let fd = rustix::io::fcntl_dupfd_cloexec(fd, number).unwrap();
    assert_eq!(fd.as_raw_fd(), number);
    fd
}

// F21: the events of the old one are not those of the new one, and the late drop of the old one
// takes nothing away from the new one.
#[test]
fn a_number_closed_behind_the_loops_back_belongs_to_its_next_owner() {
    const NUMBER: RawFd = 700;
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (first, first_peer) = UnixStream::pair().unwrap();
        let (second, mut second_peer) = UnixStream::pair().unwrap();
        second.set_nonblocking(true).unwrap();
        let first = numbered(&first.into(), NUMBER);
        let old = AsyncFd::new(Number(NUMBER)).unwrap();
        assert!(poll_once(old.readable()).await.is_none());
        drop((first, first_peer));
        let new = AsyncFd::new(UnixStream::from(numbered(&second.into(), NUMBER))).unwrap();
        assert!(poll_once(new.readable()).await.is_none());
        second_peer.write_all(b"x").unwrap();
        yield_now().await;
        assert_eq!(read(&new, &mut [0; 8]).await.unwrap(), 1);
        assert!(poll_once(read(&new, &mut [0; 8])).await.is_none());
        assert!(poll_once(old.readable()).await.is_none());
        drop(old);
        second_peer.write_all(b"y").unwrap();
        assert_eq!(read(&new, &mut [0; 8]).await.unwrap(), 1);
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// F21, R-1: a wait of another thread for the old one does not turn the new one's events to itself.
#[test]
fn waiting_elsewhere_for_a_closed_number_leaves_its_next_owner_alone() {
    const NUMBER: RawFd = 710;
    let event_loop = TestLoop::new();
    let (first, first_peer) = UnixStream::pair().unwrap();
    let first = numbered(&first.into(), NUMBER);
    let old = AsyncFd::new(Number(NUMBER)).unwrap();
    drop((first, first_peer));
    let (second, mut second_peer) = UnixStream::pair().unwrap();
    second.set_nonblocking(true).unwrap();
    let new = AsyncFd::new(UnixStream::from(numbered(&second.into(), NUMBER))).unwrap();
    let old = beside(&event_loop, move || {
        block_on(poll_once(old.readable()));
        old
    });
    second_peer.write_all(b"x").unwrap();
    assert_eq!(event_loop.block_on(read(&new, &mut [0; 8])).unwrap(), 1);
    drop((old, new));
    assert_eq!(event_loop.metrics().sources, 0);
}

// R-5, F21: the poller still knew the number of a stream that was closed while a duplicate of it
// stayed open, and refused the duplicate that got it next.
#[test]
fn a_duplicate_that_gets_the_number_of_a_closed_one_is_taken() {
    const NUMBER: RawFd = 720;
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (kept, mut peer) = UnixStream::pair().unwrap();
        let kept = kept.into();
        for word in [b"one", b"two"] {
            let duplicate = UnixStream::from(numbered(&kept, NUMBER));
            let mut stream = evergreen_io::net::UnixStream::from_std(duplicate).unwrap();
            peer.write_all(word).unwrap();
            let mut read = [0; 3];
            stream.read_exact(&mut read).await.unwrap();
            assert_eq!(&read, word);
        }
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

/// Says when it goes how many sources the loop has.
struct Parting(UnixStream, std::sync::mpsc::Sender<usize>);

impl AsRawFd for Parting {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl Drop for Parting {
    fn drop(&mut self) {
        let event_loop = EventLoop::current().unwrap();
        self.1.send(event_loop.metrics().sources).unwrap();
    }
}

#[test]
fn the_loop_forgets_the_descriptor_before_it_goes() {
    let _event_loop = TestLoop::new();
    let (told, tells) = std::sync::mpsc::channel();
    let (ours, _theirs) = UnixStream::pair().unwrap();
    drop(AsyncFd::new(Parting(ours, told.clone())).unwrap());
    assert_eq!(tells.recv().unwrap(), 0);
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let inner = AsyncFd::new(Parting(ours, told)).unwrap().into_inner();
    assert!(tells.try_recv().is_err());
    drop(inner);
    assert_eq!(tells.recv().unwrap(), 0);
}

// the stream traits of users are written like this, and another thread must not spin in it.
#[test]
fn polled_on_another_thread_it_is_pending_until_something_comes() {
    let event_loop = TestLoop::new();
    let (ours, mut theirs) = pair();
    beside(&event_loop, move || {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(ours.poll_read_ready(&mut cx).is_pending());
        let writer = thread::spawn(move || {
            theirs.write_all(b"x").unwrap();
            theirs
        });
        let mut poll_read = |cx: &mut Context<'_>| loop {
            let Poll::Ready(guard) = ours.poll_read_ready(cx) else { return Poll::Pending };
            if let Ok(result) = guard.unwrap().try_io(|fd| fd.get_ref().read(&mut [0; 8])) {
                return Poll::Ready(result);
            }
        };
        assert_eq!(block_on(poll_fn(&mut poll_read)).unwrap(), 1);
        let mut theirs = writer.join().unwrap();
        assert!(block_on(poll_once(poll_fn(&mut poll_read))).is_none());
        theirs.write_all(b"y").unwrap();
        assert_eq!(block_on(read(&ours, &mut [0; 8])).unwrap(), 1);
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

#[test]
fn several_tasks_may_wait_for_one_descriptor() {
    TestLoop::new().block_on(async {
        let (ours, mut theirs) = pair();
        let mut first = pin!(ours.readable());
        let mut second = pin!(ours.readable());
        assert!(poll_once(&mut first).await.is_none() && poll_once(&mut second).await.is_none());
        theirs.write_all(b"x").unwrap();
        first.await.unwrap().retain_ready();
        second.await.unwrap().retain_ready();
    });
}

// R-1, F19
#[test]
fn a_descriptor_kept_beyond_its_loop_says_so_and_may_be_dropped() {
    let event_loop = TestLoop::new();
    let (ours, mut theirs) = pair();
    event_loop.destroy().unwrap();
    assert!(block_on(ours.readable()).is_err());
    drop(ours);
    assert_eq!(theirs.read(&mut [0; 1]).unwrap(), 0);
}
