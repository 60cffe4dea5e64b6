//! Bytes from one stream to another: what is copied, what ends it, and what is left behind.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io;

use common::{TestLoop, content, pair};
use evergreen_io::net::{TcpStream, UnixStream};
use evergreen_io::{copy, copy_bidirectional};
use evergreen_task::{spawn, timeout, yield_now};
use futures_lite::io::{BufWriter, Cursor};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};

/// A client, a server, and a task that forwards between them.
async fn forwarded() -> (TcpStream, TcpStream, evergreen_task::Task<io::Result<(u64, u64)>>) {
    let (client, mut near) = pair().await;
    let (mut far, server) = pair().await;
    let forward = spawn(async move { copy_bidirectional(&mut near, &mut far).await });
    (client, server, forward)
}

#[test]
fn all_is_copied_and_counted_however_little_is_taken_at_once() {
    const LENGTH: usize = 1 << 20;
    TestLoop::new().block_on(async {
        let (mut writer, mut reader) = UnixStream::pair().unwrap();
        let source = content(LENGTH, 5);
        let mut target = Vec::new();
        let (copied, _) = future::zip(
            async {
                let copied = copy(&mut Cursor::new(&source), &mut writer).await.unwrap();
                writer.close().await.unwrap();
                copied
            },
            copy(&mut reader, &mut target),
        )
        .await;
        assert_eq!(copied, LENGTH as u64);
        assert!(target == source);
    });
}

// tokio's `copy`: a question that lies in a buffer is sent before its answer is waited for.
#[test]
fn what_was_copied_is_flushed_before_more_is_waited_for() {
    TestLoop::new().block_on(async {
        let (mut asker, mut questions) = UnixStream::pair().unwrap();
        let (theirs, mut answerer) = UnixStream::pair().unwrap();
        let mut buffered = BufWriter::with_capacity(1 << 20, theirs);
        let _copying = spawn(async move { copy(&mut questions, &mut buffered).await });
        asker.write_all(b"question").await.unwrap();
        let mut question = [0; 8];
        timeout(20.0, answerer.read_exact(&mut question)).await.unwrap().unwrap();
        assert_eq!(&question, b"question");
    });
}

// F22
#[test]
fn the_end_of_one_side_is_passed_on_and_the_other_side_goes_on() {
    TestLoop::new().block_on(async {
        let (mut client, mut server, forward) = forwarded().await;
        client.write_all(b"all I ask").await.unwrap();
        client.close().await.unwrap();
        let mut question = String::new();
        timeout(20.0, server.read_to_string(&mut question)).await.unwrap().unwrap();
        assert_eq!(question, "all I ask");
        for part in ["first", "second", "third"] {
            server.write_all(part.as_bytes()).await.unwrap();
            let mut answer = vec![0; part.len()];
            client.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, part.as_bytes());
            assert!(!forward.is_finished());
        }
        server.close().await.unwrap();
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(forward.await.unwrap().unwrap(), (9, 16));
    });
}

// F7
#[test]
fn four_mebibytes_go_both_ways_at_once() {
    const LENGTH: usize = 4 << 20;
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (client, server, forward) = forwarded().await;
        let ends = [(client, 1), (server, 2)].map(|(stream, seed)| {
            spawn(async move {
                let (mut reader, mut writer) = stream.into_split();
                let send = async {
                    writer.write_all(&content(LENGTH, seed)).await.unwrap();
                    writer.close().await.unwrap();
                };
                let mut received = Vec::new();
                future::zip(send, async { reader.read_to_end(&mut received).await.unwrap() }).await;
                assert!(received == content(LENGTH, 3 - seed));
            })
        });
        for end in ends {
            end.await.unwrap();
        }
        let length = LENGTH as u64;
        assert_eq!(forward.await.unwrap().unwrap(), (length, length));
    });
    assert_eq!((event_loop.metrics().sources, event_loop.metrics().tasks), (0, 0));
}

// EV-TASK-11, F27
#[test]
fn a_killed_forward_leaves_nothing_behind() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (mut client, mut server, forward) = forwarded().await;
        client.write_all(b"x").await.unwrap();
        server.read_exact(&mut [0]).await.unwrap();
        forward.kill();
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
        yield_now().await;
    });
    let metrics = event_loop.metrics();
    assert_eq!((metrics.sources, metrics.tasks, metrics.timers), (0, 0, 0));
}
