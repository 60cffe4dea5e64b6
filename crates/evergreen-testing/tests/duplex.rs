//! Streams in memory: what a socket does, without one.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use evergreen_task::spawn;
use evergreen_testing::{TestLoop, Trace, VirtualClock, duplex, must_not_suspend, must_suspend};
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|place| u8::try_from(place * 7 % 251).expect("below 251")).collect()
}

fn run<T>(test: impl Future<Output = T>) -> T {
    TestLoop::with_virtual_time().block_on(test)
}

#[test]
fn bytes_arrive_in_order_through_a_buffer_of_any_size() {
    for capacity in [1, 2, 3, 64, 4096, 1 << 20] {
        let sent = content(10_000);
        let received = run(async {
            let (mut near, mut far) = duplex(capacity);
            let bytes = sent.clone();
            let writing = spawn(async move { near.write_all(&bytes).await });
            let mut received = Vec::new();
            far.read_to_end(&mut received).await.expect("no error");
            writing.await.expect("no panic").expect("a reader");
            received
        });
        assert_eq!(received, sent, "{capacity}");
    }
}

#[test]
fn a_full_buffer_holds_the_writer_until_there_is_room() {
    run(async {
        let (mut near, mut far) = duplex(4);
        assert_eq!(must_not_suspend(near.write(b"abcdef")).await.expect("room"), 4);
        let clock = VirtualClock::current();
        let writing = spawn(async move { must_suspend(near.write(b"ef")).await });
        clock.until_parked().await;
        assert!(!writing.is_finished());
        let mut byte = [0];
        must_not_suspend(far.read_exact(&mut byte)).await.expect("a byte");
        assert_eq!(byte, *b"a");
        assert_eq!(writing.await.expect("no panic").expect("a reader"), 1);
    });
}

#[test]
fn an_empty_buffer_holds_the_reader_until_there_is_a_byte() {
    run(async {
        let (mut near, mut far) = duplex(4);
        let reading = spawn(async move {
            let mut buffer = [0; 8];
            let read = must_suspend(far.read(&mut buffer)).await.expect("bytes");
            buffer[..read].to_vec()
        });
        VirtualClock::current().until_parked().await;
        must_not_suspend(near.write_all(b"ab")).await.expect("room");
        assert_eq!(reading.await.expect("no panic"), b"ab");
    });
}

#[test]
fn closing_ends_one_direction_after_what_was_written() {
    run(async {
        let (mut near, mut far) = duplex(8);
        near.write_all(b"last").await.expect("room");
        near.close().await.expect("open");
        assert_eq!(near.write(b"more").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        let mut read = String::new();
        must_not_suspend(far.read_to_string(&mut read)).await.expect("text");
        assert_eq!(read, "last");
        // The other direction is as it was.
        far.write_all(b"answer").await.expect("room");
        drop(far);
        read.clear();
        near.read_to_string(&mut read).await.expect("text");
        assert_eq!(read, "answer");
    });
}

#[test]
fn a_dropped_peer_is_an_end_for_readers_and_an_error_for_writers() {
    run(async {
        let (mut near, mut far) = duplex(2);
        far.write_all(b"ab").await.expect("room");
        drop(far);
        assert_eq!(near.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        let mut read = Vec::new();
        near.read_to_end(&mut read).await.expect("no error");
        assert_eq!(read, b"ab");
    });
}

#[test]
fn whoever_waits_is_woken_when_the_peer_goes_away() {
    run(async {
        let trace = Trace::new();
        let (mut reader, reader_peer) = duplex(1);
        let (mut writer, writer_peer) = duplex(1);
        let (on_read, on_write) = (trace.clone(), trace.clone());
        let reading = spawn(async move {
            let read = must_suspend(reader.read(&mut [0])).await;
            on_read.note(format_args!("read {read:?}"));
        });
        let writing = spawn(async move {
            let error = must_suspend(writer.write_all(b"abc")).await.expect_err("nobody reads");
            on_write.note(format_args!("write {:?}", error.kind()));
        });
        VirtualClock::current().until_parked().await;
        drop((reader_peer, writer_peer));
        reading.await.expect("no panic");
        writing.await.expect("no panic");
        trace.assert_eq(["read Ok(0)", "write BrokenPipe"]);
    });
}

#[test]
fn nothing_to_read_or_write_is_done_at_once() {
    run(async {
        let (mut near, mut far) = duplex(1);
        assert_eq!(must_not_suspend(near.write(b"x")).await.expect("room"), 1);
        assert_eq!(must_not_suspend(near.write(b"")).await.expect("nothing"), 0);
        must_not_suspend(near.flush()).await.expect("there at once");
        assert_eq!(must_not_suspend(near.read(&mut [])).await.expect("nothing"), 0);
        assert_eq!(must_not_suspend(far.read(&mut [])).await.expect("nothing"), 0);
        assert_eq!(must_not_suspend(far.read(&mut [0; 9])).await.expect("a byte"), 1);
    });
}

// The last waker that polled is the one that is woken; the one before it is let go.
#[test]
fn a_later_poll_replaces_the_waker() {
    let (mut near, mut far) = duplex(1);
    let (first, second) = (Wakes::new(), Wakes::new());
    let mut read =
        |waker: &Waker| Pin::new(&mut near).poll_read(&mut Context::from_waker(waker), &mut [0]);
    assert!(read(&first.1).is_pending());
    assert!(read(&second.1).is_pending());
    let written: Poll<io::Result<usize>> =
        Pin::new(&mut far).poll_write(&mut Context::from_waker(Waker::noop()), b"x");
    assert!(matches!(written, Poll::Ready(Ok(1))));
    assert_eq!((first.0.count("woken"), second.0.count("woken")), (0, 1));
    assert!(read(&second.1).is_ready());
}

/// A waker that notes its wakes.
struct Wakes(Trace, Waker);

impl Wakes {
    fn new() -> Self {
        let trace = Trace::new();
        let waker = Waker::from(Arc::new(NotingWaker(trace.clone())));
        Self(trace, waker)
    }
}

struct NotingWaker(Trace);

impl Wake for NotingWaker {
    fn wake(self: Arc<Self>) {
        self.0.note("woken");
    }
}

#[test]
fn the_ends_may_be_on_two_threads() {
    let (mut near, mut far) = duplex(16);
    let sent = content(100_000);
    let bytes = sent.clone();
    let thread = std::thread::spawn(move || {
        evergreen_loop::block_on(async move { near.write_all(&bytes).await })
    });
    let mut received = Vec::new();
    evergreen_loop::block_on(far.read_to_end(&mut received)).expect("no error");
    thread.join().expect("no panic").expect("a reader");
    assert!(received == sent);
}

#[test]
#[should_panic(expected = "a stream without room for a byte would wait for ever")]
fn a_buffer_without_room_is_refused() {
    drop(duplex(0));
}
