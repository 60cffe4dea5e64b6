//! Writing to streams.

mod common;

use common::TestLoop;
use common::streams::{Plain, fill, plain_pair, reports};
use evergreen_io::io::{BaseStream, Endpoint, MAX_BUFFER, StreamCore, StreamError};
use evergreen_io::net::UnixStream;
use evergreen_loop::EventLoop;
use evergreen_task::{spawn, timeout, yield_now};
use evergreen_testing::{must_not_suspend, must_suspend};
use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll};

// EV-STR-13, EV-STR-17, F8
#[test]
fn what_the_peer_does_not_read_is_held_and_goes_out_in_order() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        must_not_suspend(ours.flush()).await.unwrap();
        // More than the system takes at once.
        assert!(!plain_pair().0.write(&vec![0; 8 << 20]).unwrap());
        let mut sent = Vec::new();
        for number in 0_u32.. {
            let piece = number.to_be_bytes().repeat(500);
            sent.extend_from_slice(&piece);
            if !ours.write(&piece).unwrap() {
                break;
            }
        }
        assert!(!ours.write(b"the last").unwrap());
        sent.extend_from_slice(b"the last");
        // It never reads: a flush with a limit returns.
        assert!(timeout(0.005, ours.flush()).await.is_err());
        let flush = spawn({
            let ours = ours.clone();
            async move { ours.flush().await }
        });
        assert!(theirs.read_bytes(sent.len()).await.unwrap() == sent);
        flush.await.unwrap().unwrap();
        assert!(ours.write(b"x").unwrap());
    });
}

// EV-STR-17: a flush waits for what was written until then, not for whoever goes on writing.
#[test]
fn a_flush_returns_though_another_task_writes_again_at_once() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        let rounds = Rc::new(Cell::new(0));
        let writer = spawn({
            let (ours, rounds) = (ours.clone(), Rc::clone(&rounds));
            async move {
                for round in 1..=20 {
                    rounds.set(round);
                    fill(&ours);
                    ours.flush().await.unwrap();
                }
            }
        });
        let _reader = spawn(async move { theirs.read_bytes(usize::MAX).await });
        yield_now().await;
        ours.flush().await.unwrap();
        assert_eq!(rounds.get(), 2);
        writer.await.unwrap();
    });
}

// F8, EV-STR-13: also by how many writes there are, until it is known that they may be joined.
#[test]
fn what_is_held_before_a_connection_stays_below_the_limit() {
    TestLoop::new().block_on(async {
        for (length, fit) in [(1, 11), (91, 1), (92, 0)] {
            let stream = Plain(StreamCore::new());
            stream.set_max_buffer(100).unwrap();
            let written = (0..20).take_while(|_| stream.write(&vec![7; length]).is_ok()).count();
            assert_eq!(written, fit, "of {length}");
        }
    });
}

// F8: memory is bounded by the stated limit, and `write` says so.
#[test]
fn what_is_held_has_a_limit_and_a_refused_write_writes_nothing() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        ours.set_max_buffer(5000).unwrap();
        let mut sent = fill(&ours);
        let error = loop {
            match ours.write(&[7; 1000]) {
                Ok(false) => sent += 1000,
                Ok(true) => panic!("nobody reads"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, StreamError::BufferFull { limit: 5000 }));
        assert!(error.to_string().contains("flush"), "{error}");
        assert!(!ours.is_closed());
        let reader = spawn(async move { theirs.read_bytes(usize::MAX).await });
        ours.flush().await.unwrap();
        assert!(ours.write(b"again").unwrap());
        ours.shutdown().await.unwrap();
        assert_eq!(reader.await.unwrap().unwrap().len(), sent + 5);
        let (ours, _theirs) = plain_pair();
        let too_much = vec![0; MAX_BUFFER];
        assert!(matches!(
            ours.write(&too_much),
            Err(StreamError::BufferFull { limit: MAX_BUFFER })
        ));
    });
}

// EV-STR-14
#[test]
fn what_is_written_before_it_is_connected_is_sent_first() {
    TestLoop::new().block_on(async {
        let stream = Plain::default();
        assert!(!stream.write(b"one ").unwrap());
        assert!(!stream.write(b"two ").unwrap());
        let (ours, theirs) = UnixStream::pair().unwrap();
        let flush = spawn({
            let stream = stream.clone();
            async move { stream.flush().await }
        });
        yield_now().await;
        stream.0.set_connected(ours).unwrap();
        stream.write(b"three").unwrap();
        flush.await.unwrap().unwrap();
        stream.close();
        let theirs = Plain(StreamCore::connected(theirs));
        assert_eq!(theirs.read_bytes(100).await.unwrap(), b"one two three");
    });
}

// EV-STR-15
#[test]
fn an_error_at_once_is_the_writers_and_closes_the_stream() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        theirs.close();
        let error = ours.write(b"x").unwrap_err();
        assert_eq!(error.errno(), Some(libc::EPIPE), "{error}");
        assert!(ours.is_closed());
        assert!(matches!(ours.write(b"x"), Err(StreamError::Closed)));
    });
}

// EV-STR-16
#[test]
fn an_error_later_is_reported_and_closes_the_stream() {
    TestLoop::new().block_on(async {
        let reports = reports();
        let (ours, theirs) = plain_pair();
        fill(&ours);
        let flush = spawn({
            let ours = ours.clone();
            async move { ours.flush().await }
        });
        yield_now().await;
        theirs.close();
        assert!(!ours.is_closed());
        flush.await.unwrap().unwrap();
        assert!(ours.is_closed());
        let reports = reports.borrow();
        assert_eq!(reports.len(), 1, "{reports:?}");
        assert!(reports[0].contains("could not be sent: Broken pipe"), "{reports:?}");
    });
}

// EV-STR-18
#[test]
fn a_shutdown_sends_what_is_held_and_then_the_end() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        theirs.keep_open_on_eof(true);
        let sent = fill(&ours);
        let shutdown = spawn({
            let ours = ours.clone();
            async move { ours.shutdown().await }
        });
        yield_now().await;
        assert!(!shutdown.is_finished());
        assert!(matches!(ours.write(b"late"), Err(StreamError::ShutDown)));
        assert_eq!(theirs.read_bytes(usize::MAX).await.unwrap().len(), sent);
        shutdown.await.unwrap().unwrap();
        theirs.write(b"answer").unwrap();
        assert_eq!(ours.read_bytes(6).await.unwrap(), b"answer");
    });
}

// EV-STR-19
#[test]
fn a_shutdown_that_cannot_be_says_why() {
    TestLoop::new().block_on(async {
        assert!(matches!(Plain::default().shutdown().await, Err(StreamError::NotConnected)));
        let (ours, theirs) = plain_pair();
        ours.shutdown().await.unwrap();
        assert!(matches!(ours.shutdown().await, Err(StreamError::ShutDown)));
        assert!(matches!(ours.write(b"x"), Err(StreamError::ShutDown)));
        theirs.close();
        assert!(matches!(theirs.shutdown().await, Err(StreamError::Closed)));
    });
}

// EV-STR-18: whoever gives it up leaves the direction open.
#[test]
fn a_shutdown_that_is_given_up_has_not_been() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        let sent = fill(&ours);
        assert!(timeout(0.0, must_suspend(ours.shutdown())).await.is_err());
        assert!(!ours.write(b"more").unwrap());
        let reader = spawn(async move { theirs.read_bytes(usize::MAX).await });
        ours.shutdown().await.unwrap();
        assert_eq!(reader.await.unwrap().unwrap().len(), sent + 4);
    });
}

// EV-STR-15, EV-STR-17: nobody is left to send the rest.
#[test]
fn a_stream_that_outlives_its_loop_is_closed_by_what_it_cannot_send() {
    let event_loop = TestLoop::new();
    let (ours, _theirs) = event_loop.block_on(async { plain_pair() });
    let (first, _second) = event_loop.block_on(async { UnixStream::pair() }).unwrap();
    let early = Plain::default();
    event_loop.destroy().unwrap();
    let error = loop {
        match ours.write(&[7; 1000]) {
            Ok(all) => assert!(all),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("no event loop"), "{error}");
    assert!(ours.is_closed());
    early.write(b"x").unwrap();
    let error = early.0.set_connected(first).unwrap_err();
    assert!(error.to_string().contains("no event loop"), "{error}");
    assert!(early.is_closed());
    assert!(EventLoop::try_current().is_none());
}

// EV-STR-17
#[test]
fn what_the_end_of_a_loop_leaves_unsent_closes_the_stream() {
    let event_loop = TestLoop::new();
    let (ours, _theirs) = event_loop.block_on(async { plain_pair() });
    event_loop.block_on(async { fill(&ours) });
    event_loop.destroy().unwrap();
    assert!(ours.is_closed());
}

/// Panics as soon as it is waited for.
struct Faulty;

impl Endpoint for Faulty {
    fn poll_read(&self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_write(&self, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        panic!("on purpose")
    }

    fn try_write(&self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn end(&self) -> io::Result<()> {
        Ok(())
    }
}

// EV-STR-16: nobody waits for ever, whatever goes wrong.
#[test]
fn a_panic_of_what_moves_the_bytes_is_reported_and_closes_the_stream() {
    let event_loop = TestLoop::new();
    let outcome = event_loop.try_block_on(async {
        let reports = reports();
        let stream = Plain(StreamCore::connected(Faulty));
        assert!(!stream.write(b"x").unwrap());
        stream.flush().await.unwrap();
        assert!(stream.is_closed());
        assert!(reports.borrow()[0].contains("on purpose"));
    });
    outcome.unwrap();
}
