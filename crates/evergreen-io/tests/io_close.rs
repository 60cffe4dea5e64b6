//! The end of streams.

mod common;

use common::TestLoop;
use common::streams::{Plain, fill, plain_pair};
use evergreen_io::io::{BaseStream, Endpoint, StreamCore, StreamError};
use evergreen_io::net::UnixStream;
use evergreen_task::{spawn, yield_now};
use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll};

// EV-STR-02, EV-STR-20
#[test]
fn closing_loses_what_is_held_and_closes_the_descriptor() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let ours = Plain(StreamCore::connected(UnixStream::from_std(ours).unwrap()));
        let sent = fill(&ours);
        assert!(!ours.is_closed());
        ours.close();
        ours.close();
        assert!(ours.is_closed());
        // At once: this thread reads, and nothing else of it runs.
        let mut rest = Vec::new();
        io::Read::read_to_end(&mut &theirs, &mut rest).unwrap();
        assert!(rest.len() < sent);
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// EV-STR-20
#[test]
fn dropping_the_last_handle_closes() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (ours, theirs) = plain_pair();
        fill(&ours);
        let other = ours.clone();
        drop(ours);
        yield_now().await;
        assert!(!other.is_closed());
        drop(other);
        let rest = theirs.read_bytes(usize::MAX).await.unwrap();
        assert!(!rest.is_empty());
        assert_eq!(theirs.read_bytes(1).await.unwrap(), b"");
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

/// Closes the stream while another task waits for something.
async fn closed_meanwhile<T: 'static, F: Future<Output = Result<T, StreamError>> + 'static>(
    waits: impl FnOnce(Plain) -> F,
) -> Result<T, StreamError> {
    let (ours, _theirs) = plain_pair();
    fill(&ours);
    let waiting = spawn(waits(ours.clone()));
    yield_now().await;
    assert!(!waiting.is_finished());
    ours.close();
    waiting.await.expect("neither killed nor panicked")
}

// EV-STR-10, EV-STR-17
#[test]
fn whoever_waits_is_told_that_it_is_closed() {
    TestLoop::new().block_on(async {
        let read = closed_meanwhile(async |stream| stream.read_bytes(1).await).await;
        assert!(matches!(read, Err(StreamError::Closed)), "{read:?}");
        let shutdown = closed_meanwhile(async |stream| stream.shutdown().await).await;
        assert!(matches!(shutdown, Err(StreamError::Closed)), "{shutdown:?}");
        closed_meanwhile(async |stream| stream.flush().await).await.unwrap();
    });
}

// EV-STR-10: also those behind the one who reads.
#[test]
fn all_readers_are_told_that_it_is_closed() {
    TestLoop::new().block_on(async {
        let (ours, _theirs) = plain_pair();
        let readers = [1, 2, 3].map(|n| {
            let ours = ours.clone();
            spawn(async move { ours.read_bytes(n).await })
        });
        yield_now().await;
        ours.close();
        for reader in readers {
            assert!(matches!(reader.await.unwrap(), Err(StreamError::Closed)));
        }
    });
}

/// Keeps no waker, and may close its own stream when it is read from.
#[derive(Default)]
struct Silent(Rc<RefCell<Option<StreamCore>>>);

impl Endpoint for Silent {
    fn poll_read(&self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.take().iter().for_each(StreamCore::close);
        Poll::Pending
    }

    fn poll_write(&self, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn try_write(&self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn end(&self) -> io::Result<()> {
        Ok(())
    }
}

// EV-STR-10: by whatever runs while it is polled, such as a waker.
#[test]
fn a_reader_is_told_of_a_close_within_its_own_poll() {
    TestLoop::new().block_on(async {
        let own = Rc::default();
        let stream = StreamCore::connected(Silent(Rc::clone(&own)));
        own.replace(Some(stream.clone()));
        let read = stream.read_bytes(1).await;
        assert!(matches!(read, Err(StreamError::Closed)));
    });
}

// EV-STR-10: also where what moves the bytes wakes nobody when it goes.
#[test]
fn a_reader_is_told_whatever_it_reads_from() {
    TestLoop::new().block_on(async {
        let stream = Plain(StreamCore::connected(Silent::default()));
        let reader = spawn({
            let stream = stream.clone();
            async move { stream.read_bytes(1).await }
        });
        yield_now().await;
        stream.close();
        assert!(matches!(reader.await.unwrap(), Err(StreamError::Closed)));
    });
}

// EV-STR-21
#[test]
fn nothing_can_be_done_with_it_once_it_is_closed() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        theirs.write(b"two\nlines").unwrap();
        ours.read_until(b"\n").await.unwrap();
        ours.close();
        assert_eq!(ours.take_buffered(), b"");
        let refused = [
            ours.read_bytes(1).await.map(drop),
            ours.read_some(1).await.map(drop),
            ours.read_until(b"\n").await.map(drop),
            ours.read_until_regex("l").await.map(drop),
            ours.write(b"x").map(drop),
            ours.flush().await,
            ours.shutdown().await,
        ];
        for result in refused {
            assert!(matches!(result, Err(StreamError::Closed)), "{result:?}");
        }
    });
}

// R-12, EV-STR-08, EV-STR-20
#[test]
fn what_was_written_before_the_peers_end_goes_out_also_without_a_handle() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (ours, theirs) = plain_pair();
        let sent = fill(&ours);
        theirs.shutdown().await.unwrap();
        assert_eq!(ours.read_bytes(1).await.unwrap(), b"");
        assert!(ours.is_closed());
        assert!(matches!(ours.write(b"x"), Err(StreamError::Closed)));
        drop(ours);
        assert_eq!(theirs.read_bytes(usize::MAX).await.unwrap().len(), sent);
        assert_eq!(theirs.read_bytes(1).await.unwrap(), b"");
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// F9: half close from either side, both at once, twice.
#[test]
fn both_sides_may_end_in_any_order() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        ours.shutdown().await.unwrap();
        theirs.shutdown().await.unwrap();
        assert_eq!(ours.read_bytes(1).await.unwrap(), b"");
        assert_eq!(theirs.read_bytes(1).await.unwrap(), b"");
        assert!(matches!(ours.shutdown().await, Err(StreamError::Closed)));
        let (ours, theirs) = plain_pair();
        theirs.shutdown().await.unwrap();
        ours.keep_open_on_eof(true);
        assert_eq!(ours.read_bytes(1).await.unwrap(), b"");
        ours.write(b"last words").unwrap();
        ours.shutdown().await.unwrap();
        assert_eq!(theirs.read_bytes(100).await.unwrap(), b"last words");
        theirs.close();
        assert!(matches!(ours.shutdown().await, Err(StreamError::ShutDown)));
    });
}

// A loop that ends while the last bytes go out keeps nothing.
#[test]
fn a_loop_that_ends_closes_what_still_goes_out() {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let ours = Plain(StreamCore::connected(UnixStream::from_std(ours).unwrap()));
        fill(&ours);
        theirs.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(ours.read_bytes(1).await.unwrap(), b"");
    });
    event_loop.destroy().unwrap();
    let mut rest = Vec::new();
    io::Read::read_to_end(&mut &theirs, &mut rest).unwrap();
    assert!(!rest.is_empty());
}
