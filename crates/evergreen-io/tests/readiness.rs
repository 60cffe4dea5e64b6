//! Waiting until a call is worth trying, and trying it: what streams have beside the traits.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net;

use common::{TestLoop, beside, pair_with_std};
use evergreen_io::net::UnixStream;
use evergreen_io::{Interest, Ready};
use evergreen_task::{spawn, yield_now};
use evergreen_testing::Trace;
use futures_lite::future::{self, block_on, poll_once};

const BOTH: Interest = Interest::BOTH;

#[test]
fn a_stream_says_what_it_is_ready_for() {
    TestLoop::new().block_on(async {
        let (stream, mut peer) = pair_with_std();
        assert_eq!(stream.ready(BOTH).await.unwrap(), Ready::WRITABLE);
        assert!(poll_once(stream.ready(Interest::READABLE)).await.is_none());
        peer.write_all(b"four").unwrap();
        assert_eq!(stream.ready(Interest::READABLE).await.unwrap(), Ready::READABLE);
        assert_eq!(stream.ready(BOTH).await.unwrap(), Ready::READABLE | Ready::WRITABLE);
        assert_eq!(stream.try_read(&mut [0; 8]).unwrap(), 4);
        peer.shutdown(std::net::Shutdown::Write).unwrap();
        let ended = stream.ready(Interest::READABLE).await.unwrap();
        assert_eq!(ended, Ready::READABLE | Ready::READ_CLOSED);
        assert!(!stream.ready(BOTH).await.unwrap().is_write_closed());
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(stream.ready(Interest::WRITABLE).await.unwrap().is_write_closed());
    });
}

// F5: what the loop believes may be wrong, and then it is no end of asking.
#[test]
fn who_waits_for_readiness_that_has_passed_waits_for_the_next() {
    TestLoop::new().block_on(async {
        let (stream, mut peer) = pair_with_std();
        peer.write_all(b"x").unwrap();
        stream.readable().await.unwrap();
        // Read behind the loop's back.
        let mut back = std::net::TcpStream::from(stream.as_fd().try_clone_to_owned().unwrap());
        assert_eq!(back.read(&mut [0; 8]).unwrap(), 1);
        assert!(poll_once(stream.readable()).await.is_some(), "it is believed");
        assert!(poll_once(stream.ready(Interest::READABLE)).await.is_none(), "it is known");
        assert!(poll_once(poll_fn(|cx| stream.poll_read_ready(cx))).await.is_none());
        peer.write_all(b"x").unwrap();
        assert!(stream.ready(Interest::READABLE).await.unwrap().is_readable());
    });
}

#[test]
fn nothing_to_wait_for_is_an_error() {
    TestLoop::new().block_on(async {
        let (stream, _peer) = pair_with_std();
        let error = stream.ready(Interest::NONE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn readiness_may_be_polled() {
    let event_loop = TestLoop::new();
    let trace = Trace::new();
    event_loop.block_on(async {
        let (stream, mut peer) = pair_with_std();
        poll_fn(|cx| stream.poll_write_ready(cx)).await.unwrap();
        let reader = spawn({
            let mut note = trace.noting("readable");
            async move {
                poll_fn(|cx| stream.poll_read_ready(cx)).await.unwrap();
                note();
                stream.try_read(&mut [0; 8]).unwrap()
            }
        });
        yield_now().await;
        assert_eq!(trace.take(), [""; 0]);
        peer.write_all(b"four").unwrap();
        assert_eq!(reader.await.unwrap(), 4);
    });
    assert_eq!(trace.take(), ["readable"]);
}

#[test]
fn calls_of_the_users_own_are_made_when_it_is_worth_it() {
    TestLoop::new().block_on(async {
        let (stream, mut peer) = pair_with_std();
        let read = || rustix::io::read(&stream, &mut [0; 8]).map_err(io::Error::from);
        let error = stream.try_io(Interest::READABLE, read).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        let calls = Cell::new(0);
        let reading = stream.async_io(Interest::READABLE, || {
            calls.set(calls.get() + 1);
            // The first time somebody else was quicker.
            if calls.get() == 1 { Err(ErrorKind::WouldBlock.into()) } else { read() }
        });
        let writing = async {
            peer.write_all(b"x").unwrap();
            while calls.get() == 0 {
                yield_now().await;
            }
            peer.write_all(b"x").unwrap();
        };
        assert_eq!(future::zip(reading, writing).await.0.unwrap(), 2);
        assert_eq!(calls.get(), 2);
        peer.write_all(b"x").unwrap();
        stream.readable().await.unwrap();
        stream.try_io(Interest::READABLE, || io::Result::Ok(())).unwrap();
        stream.readable().await.unwrap();
    });
}

// F5: the poller tells of no direction twice.
#[test]
fn a_call_that_would_block_leaves_the_direction_that_is_ready() {
    TestLoop::new().block_on(async {
        let (stream, mut peer) = pair_with_std();
        peer.write_all(b"x").unwrap();
        stream.readable().await.unwrap();
        assert_eq!(stream.try_read(&mut [0; 1]).unwrap(), 1);
        let refused = || io::Result::<()>::Err(ErrorKind::WouldBlock.into());
        stream.try_io(BOTH, refused).unwrap_err();
        assert!(poll_once(stream.writable()).await.is_some());
        assert!(poll_once(stream.readable()).await.is_none());
        stream.try_io(Interest::WRITABLE, refused).unwrap_err();
        assert!(poll_once(stream.writable()).await.is_none(), "it is believed");
    });
}

// F5: nor does it wait for what is ready, or call in vain until something happens.
#[test]
fn a_call_that_waits_for_either_direction_leaves_the_one_that_is_ready() {
    TestLoop::new().block_on(async {
        let (stream, mut peer) = pair_with_std();
        let calls = Cell::new(0);
        let read = || {
            calls.set(calls.get() + 1);
            rustix::io::read(&stream, &mut [0; 8]).map_err(io::Error::from)
        };
        let mut reading = Box::pin(stream.async_io(BOTH, read));
        assert!(poll_once(&mut reading).await.is_none());
        assert!(poll_once(stream.writable()).await.is_some(), "others write");
        assert!(poll_once(&mut reading).await.is_none());
        assert_eq!(calls.get(), 1);
        peer.write_all(b"x").unwrap();
        assert_eq!(reading.await.unwrap(), 1);
        assert!(poll_once(stream.async_io(BOTH, read)).await.is_none());
        assert!(poll_once(stream.writable()).await.is_some(), "the killed has taken nothing");
        assert!(poll_once(stream.readable()).await.is_none());
    });
}

#[test]
fn several_buffers_may_be_tried_at_once() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let parts = [IoSlice::new(b"two "), IoSlice::new(b"parts")];
        assert_eq!(ours.try_write_vectored(&parts).unwrap(), 9);
        let (mut first, mut second) = ([0; 4], [0; 16]);
        let mut parts = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert_eq!(theirs.try_read_vectored(&mut parts).unwrap(), 9);
        let error = theirs.try_read_vectored(&mut parts).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert_eq!((&first, &second[..5]), (b"two ", b"parts".as_slice()));
    });
}

#[test]
fn halves_can_be_waited_for_and_tried() {
    TestLoop::new().block_on(async {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (reader, _) = ours.into_split();
        let (_, writer) = theirs.into_split();
        writer.writable().await.unwrap();
        assert!(writer.ready(Interest::WRITABLE).await.unwrap().is_writable());
        assert_eq!(writer.try_write(b"four").unwrap(), 4);
        reader.readable().await.unwrap();
        assert!(reader.ready(Interest::READABLE).await.unwrap().is_readable());
        assert_eq!(reader.try_read(&mut [0; 8]).unwrap(), 4);
        assert!(reader.peer_addr().unwrap().is_unnamed());

        let (stream, mut peer) = pair_with_std();
        let (reader, _) = stream.into_split();
        peer.write_all(b"four").unwrap();
        assert_eq!(reader.peek(&mut [0; 8]).await.unwrap(), 4);
        assert_eq!(reader.try_read(&mut [0; 8]).unwrap(), 4);
    });
}

// there nothing is cached, and yet a poll that says "ready" must not be a spin.
#[test]
fn readiness_is_true_on_another_thread() {
    let event_loop = TestLoop::new();
    let (ours, mut theirs) = net::UnixStream::pair().unwrap();
    let ours = event_loop.block_on(async { UnixStream::from_std(ours).unwrap() });
    beside(&event_loop, move || {
        block_on(async {
            poll_fn(|cx| ours.poll_write_ready(cx)).await.unwrap();
            assert!(poll_once(poll_fn(|cx| ours.poll_read_ready(cx))).await.is_none());
            theirs.write_all(b"x").unwrap();
            poll_fn(|cx| ours.poll_read_ready(cx)).await.unwrap();
            assert!(ours.ready(BOTH).await.unwrap().contains(Ready::READABLE));
            assert_eq!(ours.try_read(&mut [0; 8]).unwrap(), 1);
            let read = || rustix::io::read(&ours, &mut [0; 8]).map_err(io::Error::from);
            drop(theirs);
            assert_eq!(ours.async_io(Interest::READABLE, read).await.unwrap(), 0);
            assert!(ours.ready(BOTH).await.unwrap().is_read_closed());
        });
    });
    assert_eq!(event_loop.metrics().sources, 0);
}
