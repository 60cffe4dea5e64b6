//! Reading from streams.

mod common;

use common::TestLoop;
use common::streams::{Plain, plain_pair};
use evergreen_io::io::{BaseStream, Endpoint, Pattern, StreamCore, StreamError};
use evergreen_task::{sleep, spawn, yield_now};
use evergreen_testing::{Trace, must_not_suspend, must_suspend};
use regex::bytes::Regex;
use std::borrow::Borrow;
use std::cell::Cell;
use std::io::{self, Write};
use std::ptr;
use std::rc::Rc;
use std::task::{Context, Poll};

// EV-STR-03
#[test]
fn a_read_of_a_number_waits_for_it_or_for_the_end() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        let reader = spawn({
            let theirs = theirs.clone();
            async move { theirs.read_bytes(6).await }
        });
        ours.write(b"abc").unwrap();
        yield_now().await;
        ours.write(b"defgh").unwrap();
        assert_eq!(reader.await.unwrap().unwrap(), b"abcdef");
        ours.close();
        assert_eq!(theirs.read_bytes(6).await.unwrap(), b"gh");
        assert!(!theirs.is_closed());
        assert_eq!(theirs.read_bytes(6).await.unwrap(), b"");
        assert!(theirs.is_closed());
        assert!(matches!(theirs.read_bytes(6).await, Err(StreamError::Closed)));
        assert!(matches!(plain_pair().0.read_bytes(0).await, Err(StreamError::Zero)));
        assert!(matches!(plain_pair().0.read_some(0).await, Err(StreamError::Zero)));
    });
}

// EV-STR-03: "whatever is there"
#[test]
fn a_read_of_some_takes_what_is_there() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        ours.write(b"abcde").unwrap();
        assert_eq!(theirs.read_some(2).await.unwrap(), b"ab");
        assert_eq!(theirs.read_some(100).await.unwrap(), b"cde");
        ours.close();
        assert_eq!(theirs.read_some(1).await.unwrap(), b"");
    });
}

// EV-STR-04, EV-STR-05, EV-STR-06
#[test]
fn what_is_held_is_given_at_once_and_the_rest_is_kept() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        ours.write(b"one\ntwo\nx=3;4").unwrap();
        assert_eq!(must_suspend(theirs.read_until(b"\n")).await.unwrap(), b"one\n");
        assert_eq!(must_not_suspend(theirs.read_until(b"\n")).await.unwrap(), b"two\n");
        assert_eq!(must_not_suspend(theirs.read_until_regex("[a-z]=[0-9]")).await.unwrap(), b"x=3");
        assert_eq!(must_not_suspend(theirs.read_bytes(1)).await.unwrap(), b";");
        assert_eq!(theirs.take_buffered(), b"4");
        assert!(matches!(theirs.read_until(b"").await, Err(StreamError::EmptyDelimiter)));
        let error = theirs.read_until_regex("(").await.unwrap_err();
        assert!(matches!(error, StreamError::Regex(_)));
        assert!(error.to_string().contains("unclosed group"), "{error}");
        assert!(!theirs.is_closed());
    });
}

// EV-STR-07
#[test]
fn the_end_is_told_once_and_an_unfinished_line_is_kept() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        ours.write(b"line\nrest").unwrap();
        ours.close();
        assert_eq!(theirs.read_until(b"\n").await.unwrap(), b"line\n");
        assert_eq!(theirs.read_until(b"\n").await.unwrap(), b"");
        assert!(matches!(theirs.read_until(b"\n").await, Err(StreamError::Closed)));
        assert!(matches!(theirs.write(b"x"), Err(StreamError::Closed)));
        assert_eq!(theirs.take_buffered(), b"rest");
        let (ours, theirs) = plain_pair();
        ours.write(b"rest").unwrap();
        ours.close();
        assert_eq!(theirs.read_until_regex("x").await.unwrap(), b"");
        assert_eq!(theirs.take_buffered(), b"rest");
    });
}

// EV-STR-08
#[test]
fn a_stream_may_stay_open_behind_the_end() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        theirs.keep_open_on_eof(true);
        ours.write(b"question").unwrap();
        ours.shutdown().await.unwrap();
        assert_eq!(theirs.read_bytes(100).await.unwrap(), b"question");
        assert_eq!(theirs.read_bytes(100).await.unwrap(), b"");
        assert_eq!(theirs.read_until(b"\n").await.unwrap(), b"");
        theirs.write(b"answer").unwrap();
        theirs.shutdown().await.unwrap();
        assert_eq!(ours.read_bytes(100).await.unwrap(), b"answer");
    });
}

// EV-STR-09
#[test]
fn readers_are_served_in_the_order_of_their_calls() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        let trace = Trace::new();
        let readers = [3, 1, 2].map(|n| {
            let (theirs, trace) = (theirs.clone(), trace.clone());
            spawn(async move {
                let read = theirs.read_bytes(n).await.unwrap();
                trace.note(String::from_utf8(read).unwrap());
            })
        });
        yield_now().await;
        for byte in *b"abcdef" {
            ours.write(&[byte]).unwrap();
            sleep(0.001).await;
        }
        for reader in readers {
            reader.await.unwrap();
        }
        trace.assert_eq(["abc", "d", "ef"]);
    });
}

// EV-STR-09, R-17: who gives way in the middle of what is held keeps the turn.
#[test]
fn a_reader_that_gives_way_is_served_before_who_comes_meanwhile() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        let numbers: Vec<u8> = (0..200).collect();
        ours.write(&numbers).unwrap();
        // All others are held from now on.
        assert_eq!(theirs.read_bytes(1).await.unwrap(), [0]);
        let served = Rc::new(Cell::new(0));
        let first = spawn({
            let (theirs, served) = (theirs.clone(), Rc::clone(&served));
            async move {
                for number in 1..190 {
                    served.set(number);
                    theirs.read_bytes(1).await.unwrap();
                }
            }
        });
        let second = spawn({
            let served = Rc::clone(&served);
            async move {
                let asked_for_by_the_first = served.get();
                assert!(asked_for_by_the_first > 0);
                assert_eq!(theirs.read_bytes(1).await.unwrap(), [asked_for_by_the_first + 1]);
            }
        });
        second.await.unwrap();
        first.await.unwrap();
    });
}

// EV-STR-05: a clone of one would have to grow caches of its own.
#[test]
fn a_compiled_pattern_is_used_as_it_is() {
    let compiled = Regex::new("a+").unwrap();
    let used = Pattern::regex(&compiled).unwrap();
    assert!(ptr::eq::<Regex>(used.borrow(), &raw const compiled));
    let error = Pattern::regex("(").map(drop).unwrap_err();
    assert!(matches!(error, StreamError::Regex(_)), "{error}");
}

// EV-STR-11
#[test]
fn a_reset_is_told_to_the_reader_and_closes_the_stream() {
    TestLoop::new().block_on(async {
        let (stream, peer) = common::pair_with_std();
        let stream = Plain(StreamCore::connected(stream));
        socket2::SockRef::from(&peer).set_linger(Some(std::time::Duration::ZERO)).unwrap();
        drop(peer);
        let error = stream.read_bytes(1).await.unwrap_err();
        assert_eq!(error.errno(), Some(libc::ECONNRESET), "{error}");
        assert!(stream.is_closed());
    });
}

// EV-STR-11, EV-STR-15: an error ends the stream; what had come by then is not lost by it.
#[test]
fn what_has_come_before_an_error_can_be_taken() {
    TestLoop::new().block_on(async {
        let (stream, mut peer) = common::pair_with_std();
        let stream = Plain(StreamCore::connected(stream));
        peer.write_all(b"said before").unwrap();
        assert_eq!(stream.read_bytes(5).await.unwrap(), b"said ");
        socket2::SockRef::from(&peer).set_linger(Some(std::time::Duration::ZERO)).unwrap();
        drop(peer);
        let error = stream.read_until(b"\n").await.unwrap_err();
        assert_eq!(error.errno(), Some(libc::ECONNRESET), "{error}");
        assert_eq!(stream.take_buffered(), b"before");
        let (ours, theirs) = plain_pair();
        theirs.write(b"said before").unwrap();
        assert_eq!(ours.read_bytes(5).await.unwrap(), b"said ");
        theirs.close();
        let error = ours.write(b"x").unwrap_err();
        assert_eq!(error.errno(), Some(libc::EPIPE), "{error}");
        assert_eq!(ours.take_buffered(), b"before");
        assert!(ours.is_closed() && ours.take_buffered().is_empty());
    });
}

// EV-STR-12
#[test]
fn a_stream_that_would_hold_too_much_is_closed() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        theirs.set_max_buffer(100).unwrap();
        assert!(matches!(theirs.set_max_buffer(0), Err(StreamError::Zero)));
        ours.write(&[0; 99]).unwrap();
        let reader = spawn({
            let theirs = theirs.clone();
            async move { theirs.read_until(b"\n").await }
        });
        sleep(0.001).await;
        ours.write(&[0]).unwrap();
        let error = reader.await.unwrap().unwrap_err();
        assert!(matches!(error, StreamError::BufferFull { limit: 100 }), "{error}");
        assert!(theirs.is_closed());
        theirs.close();
        assert!(matches!(theirs.read_bytes(1).await, Err(StreamError::Closed)));
        assert_eq!(ours.read_bytes(1).await.unwrap(), b"");
    });
}

// EV-STR-12: what is asked for is given, however much waits behind it.
#[test]
fn a_small_limit_is_for_what_is_asked_and_not_for_what_is_sent() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        theirs.set_max_buffer(40).unwrap();
        ours.write(&b"a line of twenty two..\n".repeat(10)).unwrap();
        for _ in 0..10 {
            assert_eq!(theirs.read_until(b"\n").await.unwrap(), b"a line of twenty two..\n");
        }
    });
}

/// Counts the reads; there is always one byte.
struct Counting(Rc<Cell<usize>>);

impl Endpoint for Counting {
    fn poll_read(&self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.set(self.0.get() + 1);
        buffer[0] = b'.';
        Poll::Ready(Ok(1))
    }

    fn poll_write(&self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn end(&self) -> io::Result<()> {
        Ok(())
    }
}

// EV-STR-23, EV-STR-22
#[test]
fn nothing_is_read_from_the_system_unless_somebody_reads() {
    TestLoop::new().block_on(async {
        let reads = Rc::new(Cell::new(0));
        let stream = Plain::default();
        assert!(matches!(stream.read_bytes(1).await, Err(StreamError::NotConnected)));
        stream.0.set_connected(Counting(Rc::clone(&reads))).unwrap();
        let again = stream.0.set_connected(Counting(Rc::clone(&reads)));
        assert!(matches!(again, Err(StreamError::AlreadyConnected)));
        for _ in 0..10 {
            yield_now().await;
        }
        assert_eq!(reads.get(), 0);
        assert_eq!(stream.read_bytes(3).await.unwrap(), b"...");
        assert_eq!(reads.get(), 3);
        stream.close();
        assert!(matches!(stream.0.set_connected(Counting(reads)), Err(StreamError::Closed)));
    });
}

// EV-STR-25
#[test]
fn what_a_killed_reader_has_waited_for_is_the_next_ones() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = plain_pair();
        let reader = |n| {
            let theirs = theirs.clone();
            spawn(async move { theirs.read_bytes(n).await.unwrap() })
        };
        let (killed, next) = (reader(4), reader(3));
        ours.write(b"ab").unwrap();
        sleep(0.001).await;
        killed.kill();
        ours.write(b"cd").unwrap();
        assert_eq!(next.await.unwrap(), b"abc");
        assert_eq!(must_not_suspend(theirs.read_bytes(1)).await.unwrap(), b"d");
        assert!(!theirs.is_closed());
    });
}
