//! Pipes and FIFOs of evergreen, and socat at the other end.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use common::program::{Name, Program};
use common::{content, run};
use evergreen::pipe::{OpenOptions, Receiver, Sender, pipe};
use evergreen::process::Command;
use evergreen::spawn;
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use std::io::ErrorKind;

const LENGTH: usize = 1 << 20;

/// A FIFO, and its address for socat.
async fn fifo(test: &str) -> (Name, String) {
    let name = Name::new("UNIX", test);
    let made = Command::new("mkfifo").arg(name.path()).status().await.unwrap();
    assert!(made.success());
    let address = format!("PIPE:{}", name.as_str());
    (name, address)
}

/// A sender to a FIFO that socat alone reads from.
async fn sender_to(reader: &mut Program, name: &Name) -> Sender {
    // Opening does not wait for socat, so somebody has to read until it does.
    let first = OpenOptions::new().open_receiver(name.path()).unwrap();
    let sender = OpenOptions::new().open_sender(name.path()).unwrap();
    reader.says("starting data transfer").await;
    drop(first);
    sender
}

// The receiver waits before there is a writer, and the writer's end is that of the stream.
#[test]
fn a_fifo_carries_all_that_a_writer_sends_and_ends_when_it_has_gone() {
    run(async || {
        let (name, address) = fifo("writer").await;
        let mut receiver = OpenOptions::new().open_receiver(name.path()).unwrap();
        let mut received = Vec::new();
        let receiving = receiver.read_to_end(&mut received);
        let writer = async {
            let writer = Program::socat(&["-u", "STDIN", &address]);
            writer.finish(&content(LENGTH)).await
        };
        let (length, _) = future::zip(receiving, writer).await;
        assert_eq!(length.unwrap(), LENGTH);
        assert!(received == content(LENGTH));
    });
}

#[test]
fn a_fifo_carries_all_to_a_reader_that_ends_with_the_sender() {
    run(async || {
        let (name, address) = fifo("reader").await;
        let mut reader = Program::socat(&["-u", &address, "STDOUT"]);
        let mut sender = sender_to(&mut reader, &name).await;
        let sending = async {
            sender.write_all(&content(LENGTH)).await.unwrap();
            drop(sender);
        };
        let ((), received) = future::zip(sending, reader.finish(&[])).await;
        assert!(received == content(LENGTH));
    });
}

// F3: the reader goes while there is far more to come than the pipe holds.
#[test]
fn a_sender_whose_reader_has_left_is_told_so() {
    run(async || {
        let (name, address) = fifo("leaves").await;
        let mut reader = Program::socat(&["-u", &format!("{address},readbytes=5"), "STDOUT"]);
        let mut sender = sender_to(&mut reader, &name).await;
        let sending = spawn(async move {
            let error = sender.write_all(&content(LENGTH)).await.unwrap_err();
            (error.kind(), sender.write(b"x").await.unwrap_err().kind())
        });
        assert!(reader.finish(&[]).await == content(5));
        assert_eq!(sending.await.unwrap(), (ErrorKind::BrokenPipe, ErrorKind::BrokenPipe));
    });
}

#[test]
fn what_goes_through_pipes_without_a_name_comes_back() {
    run(async || {
        let (mut sender, theirs) = pipe().unwrap();
        let mut echo = Program::socat_with_input(
            &["STDIN!!STDOUT", "PIPE"],
            theirs.into_blocking_fd().unwrap(),
        );
        let output = echo.child.stdout.take().unwrap().into_owned_fd().unwrap();
        let mut receiver = Receiver::from_owned_fd(output).unwrap();
        let sending = async {
            sender.write_all(&content(LENGTH)).await.unwrap();
            drop(sender);
        };
        let mut received = Vec::new();
        let receiving = receiver.read_to_end(&mut received);
        let ((), length) = future::zip(sending, receiving).await;
        assert_eq!(length.unwrap(), LENGTH);
        assert!(received == content(LENGTH));
        assert!(echo.child.wait().await.unwrap().success());
    });
}
