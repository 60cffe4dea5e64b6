//! Pipes on one loop.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::thread;

use common::{TestLoop, content};
use evergreen_io::pipe::{Receiver, Sender, pipe};
use evergreen_task::{spawn, yield_now};
use futures_lite::future::poll_once;
use futures_lite::{AsyncReadExt, AsyncWriteExt};

/// A pipe of the smallest size there is, a page.
fn small_pipe() -> (Sender, Receiver) {
    let (sender, receiver) = pipe().unwrap();
    #[cfg(target_os = "linux")]
    assert_eq!(rustix::pipe::fcntl_setpipe_size(&sender, 1).unwrap(), 4_096);
    (sender, receiver)
}

/// Fills a pipe to the brim, and says with how many bytes.
fn fill(sender: &Sender) -> usize {
    let mut written = 0;
    loop {
        match sender.try_write(&[7; 4_096]) {
            Ok(more) => written += more,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return written;
            },
        }
    }
}

#[test]
fn what_is_sent_is_received_until_the_last_sender_is_gone() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (mut sender, mut receiver) = pipe().unwrap();
        let reader = spawn(async move {
            let mut received = String::new();
            receiver.read_to_string(&mut received).await.unwrap();
            received
        });
        yield_now().await;
        sender.write_all(b"hello, ").await.unwrap();
        yield_now().await;
        sender.write_all(b"pipe").await.unwrap();
        sender.flush().await.unwrap();
        drop(sender);
        assert_eq!(reader.await.unwrap(), "hello, pipe");
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// F7: a pipe of one page, writes that are cut, reads of odd sizes.
#[test]
fn a_mebibyte_goes_through_one_page_intact() {
    const LENGTH: usize = 1 << 20;
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (mut sender, mut receiver) = small_pipe();
        let writer = spawn(async move {
            sender.write_all(&content(LENGTH, 1)).await.unwrap();
        });
        let mut received = Vec::new();
        for size in [1, 4_095, 4_096, 4_097, 3, 65_536].into_iter().cycle() {
            let mut piece = vec![0; size];
            match receiver.read(&mut piece).await.unwrap() {
                0 => break,
                read => received.extend_from_slice(&piece[..read]),
            }
        }
        writer.await.unwrap();
        assert!(received == content(LENGTH, 1));
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// F7: the system takes 1,024 pieces at once, and that is no short write.
#[test]
fn more_pieces_than_the_system_takes_at_once_go_through() {
    TestLoop::new().block_on(async {
        let (mut sender, mut receiver) = pipe().unwrap();
        let sent = content(3_000, 2);
        let pieces: Vec<_> = sent.chunks(1).map(IoSlice::new).collect();
        let mut written = 0;
        while written < sent.len() {
            written += sender.write_vectored(&pieces[written..]).await.unwrap();
        }
        let mut received = vec![0; sent.len()];
        let mut rest = &mut received[..];
        while !rest.is_empty() {
            let mut buffers: Vec<_> = rest.chunks_mut(1).map(IoSliceMut::new).collect();
            let read = receiver.read_vectored(&mut buffers).await.unwrap();
            rest = &mut rest[read..];
        }
        assert!(received == sent);
    });
}

// F3: once, and by no signal.
#[test]
fn without_a_receiver_a_write_is_an_error() {
    TestLoop::new().block_on(async {
        let (mut sender, receiver) = pipe().unwrap();
        drop(receiver);
        let error = sender.write(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert_eq!(sender.try_write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

// F3
#[test]
fn a_writer_that_waits_is_told_that_the_receiver_has_gone() {
    TestLoop::new().block_on(async {
        let (mut sender, receiver) = small_pipe();
        fill(&sender);
        let writer = spawn(async move { sender.write(b"x").await.unwrap_err().kind() });
        yield_now().await;
        drop(receiver);
        assert_eq!(writer.await.unwrap(), ErrorKind::BrokenPipe);
    });
}

// F3: nothing is told twice of one end of a stream, and it stays ended.
#[test]
fn the_end_of_the_stream_comes_after_all_that_was_sent() {
    TestLoop::new().block_on(async {
        let (sender, mut receiver) = pipe().unwrap();
        assert!(poll_once(receiver.readable()).await.is_none());
        sender.try_write(b"last").unwrap();
        drop(sender);
        let mut word = [0; 8];
        assert_eq!(receiver.read(&mut word).await.unwrap(), 4);
        assert_eq!(receiver.read(&mut word).await.unwrap(), 0);
        receiver.readable().await.unwrap();
        assert_eq!(receiver.try_read(&mut word).unwrap(), 0);
    });
}

#[test]
fn the_try_forms_say_that_they_would_block_and_waiting_goes_on_from_there() {
    TestLoop::new().block_on(async {
        let (sender, receiver) = small_pipe();
        assert_eq!(receiver.try_read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(fill(&sender), 4_096);
        assert!(poll_once(sender.writable()).await.is_none());
        receiver.readable().await.unwrap();
        assert_eq!(receiver.try_read(&mut [0; 4_096]).unwrap(), 4_096);
        sender.writable().await.unwrap();
        let pieces = [IoSlice::new(b"two "), IoSlice::new(b"pieces")];
        assert_eq!(sender.try_write_vectored(&pieces).unwrap(), 10);
        let (mut first, mut second) = ([0; 3], [0; 16]);
        let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert_eq!(receiver.try_read_vectored(&mut buffers).unwrap(), 10);
        assert_eq!((&first, &second[..7]), (b"two", &b" pieces"[..]));
    });
}

//
#[test]
fn both_ends_may_be_used_and_dropped_on_another_thread() {
    let event_loop = TestLoop::new();
    let (mut sender, mut receiver) = small_pipe();
    common::beside(&event_loop, move || {
        let writer = thread::spawn(move || {
            futures_lite::future::block_on(sender.write_all(&content(100_000, 4))).unwrap();
        });
        let mut received = Vec::new();
        futures_lite::future::block_on(receiver.read_to_end(&mut received)).unwrap();
        writer.join().unwrap();
        assert!(received == content(100_000, 4));
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// A program that is started expects its descriptors to block.
#[test]
fn an_end_given_back_blocks_or_does_not_as_asked() {
    let event_loop = TestLoop::new();
    let (sender, receiver) = pipe().unwrap();
    let mut receiver = std::fs::File::from(receiver.into_nonblocking_fd().unwrap());
    assert_eq!(receiver.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
    let mut sender = std::fs::File::from(sender.into_blocking_fd().unwrap());
    assert_eq!(event_loop.metrics().sources, 0);
    let writer = thread::spawn(move || sender.write_all(&[1; 1 << 20]));
    let mut received = 0;
    while received < 1 << 20 {
        match receiver.read(&mut [0; 65_536]) {
            Ok(read) => received += read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
    writer.join().unwrap().unwrap();
}

/// Two descriptors of each end of a pipe of the standard kind, which block.
fn blocking_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe()?)
}

#[test]
fn a_pipe_of_others_is_taken_over_and_no_longer_blocks() {
    TestLoop::new().block_on(async {
        let (reader, writer) = blocking_pipe().unwrap();
        let receiver = Receiver::from_owned_fd(reader).unwrap();
        let sender = Sender::from_file(writer.into()).unwrap();
        assert_eq!(receiver.try_read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
        fill(&sender);
        assert!(poll_once(receiver.readable()).await.is_none());
        receiver.readable().await.unwrap();
    });
}

// of a descriptor with duplicates the poller is told when it goes, and the duplicate stays as
// it was: it can be taken over in its turn, under the number that the first one had.
#[test]
fn a_duplicate_outlives_the_receiver_and_becomes_one() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (reader, writer) = blocking_pipe().unwrap();
        let mut sender = Sender::from_owned_fd(writer).unwrap();
        for word in [b"one", b"two"] {
            let duplicate = reader.try_clone().unwrap();
            let mut receiver = Receiver::from_owned_fd(duplicate).unwrap();
            assert!(poll_once(receiver.read(&mut [0; 3])).await.is_none());
            sender.write_all(word).await.unwrap();
            let mut received = [0; 3];
            receiver.read_exact(&mut received).await.unwrap();
            assert_eq!(&received, word);
        }
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

async fn read_short(sender: Sender, mut receiver: Receiver) {
    let duplicate = receiver.as_fd().try_clone_to_owned().unwrap();
    for word in [&b"first"[..], b"second"] {
        sender.try_write(word).unwrap();
        let mut received = [0; 64];
        let read = receiver.read(&mut received).await.unwrap();
        assert_eq!(&received[..read], word);
        assert!(poll_once(receiver.read(&mut received)).await.is_none());
    }
    drop(sender);
    assert_eq!(receiver.read(&mut [0; 1]).await.unwrap(), 0);
    drop(duplicate);
}

// whatever a short read says, the next bytes are told.
#[test]
fn after_a_short_read_with_a_duplicate_alive_the_next_bytes_come() {
    TestLoop::new().block_on(async {
        let (sender, receiver) = pipe().unwrap();
        read_short(sender, receiver).await;
        let (reader, writer) = blocking_pipe().unwrap();
        let sender = Sender::from_owned_fd(writer).unwrap();
        read_short(sender, Receiver::from_owned_fd(reader).unwrap()).await;
    });
}

// in packets, a short read does not say that the pipe is empty. Whoever writes chooses them, also
// of a pipe of ours: a program that was given the sender.
#[cfg(target_os = "linux")]
#[test]
fn packets_that_wait_together_are_read_one_by_one() {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    TestLoop::new().block_on(async {
        let (reader, writer) = blocking_pipe().unwrap();
        let sender = Sender::from_owned_fd(writer).unwrap();
        let pipes = [(sender, Receiver::from_owned_fd(reader).unwrap()), pipe().unwrap()];
        for (sender, mut receiver) in pipes {
            let flags = fcntl_getfl(&sender).unwrap();
            fcntl_setfl(&sender, flags | OFlags::DIRECT).unwrap();
            sender.try_write(b"one").unwrap();
            sender.try_write(b"two").unwrap();
            let mut received = [0; 64];
            assert_eq!(receiver.read(&mut received).await.unwrap(), 3);
            let second = poll_once(receiver.read(&mut received[3..])).await;
            assert_eq!(second.expect("the pipe is not empty").unwrap(), 3);
            assert_eq!(&received[..6], b"onetwo");
        }
    });
}
