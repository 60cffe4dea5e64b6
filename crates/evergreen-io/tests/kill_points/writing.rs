//! Writing: EV-STR-11 to -20.

use std::cell::RefCell;
use std::rc::Rc;

use evergreen_io::io::{BaseStream, StreamCore, StreamError};
use evergreen_testing::kill_points::{Stage, every_point};
use evergreen_testing::settle;

use crate::common::streams::Plain;
use crate::common::wire::Wire;

type Wait = Result<(), StreamError>;

/// Room for three bytes.
fn connected() -> (Wire, Plain) {
    let wire = Wire::new(1);
    wire.make_room(3);
    let stream = Plain(StreamCore::connected(wire.endpoint()));
    (wire, stream)
}

fn flushed(stream: &Plain) -> impl Future<Output = ()> + use<> {
    let stream = stream.clone();
    async move { stream.flush().await.expect("open") }
}

fn shut(stream: &Plain) -> impl Future<Output = ()> + use<> {
    let stream = stream.clone();
    async move { stream.shutdown().await.expect("open, and not shut") }
}

/// Each writes twice, and waits until that is out. What was written by whoever is gone goes out, too.
async fn flush_own(stage: &Stage, flush: impl AsyncFn(&Plain) -> Wait + Copy + 'static) {
    let (wire, stream) = connected();
    let written = Rc::new(RefCell::new(Vec::new()));
    for name in [b"aaaa", b"bbbb", b"cccc"] {
        let (stream, written) = (stream.clone(), Rc::clone(&written));
        stage.role(async move {
            for _ in 0..2 {
                stream.write(name).expect("open");
                written.borrow_mut().extend(name);
                flush(&stream).await.expect("open");
                assert!(!stream.is_closed());
            }
        });
    }
    for _ in 0..8 {
        stage.settle().await;
        wire.make_room(5);
    }
    stage.rest().await;
    wire.make_room(100);
    settle().await;
    stream.write(&[b'd'; 100]).expect("open");
    stage.serves(flushed(&stream), || wire.make_room(100)).await;
    let expected = [&**written.borrow(), &[b'd'; 100]].concat();
    assert_eq!(wire.outgoing(), expected);
    stream.close();
    assert!(wire.is_let_go());
}

/// Somebody closes the stream while they wait, or one does and the others may not.
async fn closed(
    stage: &Stage,
    wait: impl AsyncFn(&Plain) -> Wait + Copy + 'static,
    is_told: impl Fn(&Wait) -> bool + Copy + 'static,
) {
    let (wire, stream) = connected();
    stream.write(b"aaaa").expect("open");
    for _ in 0..3 {
        let stream = stream.clone();
        stage.role(async move {
            let outcome = wait(&stream).await;
            let refused = matches!(outcome, Err(StreamError::ShutDown));
            assert!(if stream.is_closed() { is_told(&outcome) } else { refused }, "{outcome:?}");
        });
    }
    settle().await;
    stream.close();
    stage.rest().await;
    assert_eq!(wire.outgoing(), b"aaa");
    assert!(wire.is_let_go());
}

/// One ends the direction while the other would, and a third waits for its bytes.
async fn shut_once(stage: &Stage, shutdown: impl AsyncFn(&Plain) -> Wait + Copy + 'static) {
    let (wire, stream) = connected();
    stream.write(b"aaaa").expect("open");
    let outcomes = Rc::new(RefCell::new(Vec::new()));
    for _ in 0..2 {
        let (stream, outcomes) = (stream.clone(), Rc::clone(&outcomes));
        stage.role(async move {
            let outcome = shutdown(&stream).await;
            outcomes.borrow_mut().push(outcome.map_err(|error| error.to_string()));
        });
    }
    stage.role(flushed(&stream));
    settle().await;
    assert!(!wire.is_ended());
    wire.make_room(1);
    stage.rest().await;
    let (shut_by, refused): (Vec<_>, Vec<_>) = outcomes.take().into_iter().partition(Result::is_ok);
    assert!(refused.iter().all(|refused| refused == &Err(StreamError::ShutDown.to_string())));
    assert_eq!(shut_by.len(), usize::from(wire.is_ended()));
    if !wire.is_ended() {
        // It stays open when whoever wanted that is gone.
        assert_eq!(stage.victim(), Some(0));
        assert!(!stream.write(b"bb").expect("open"));
        stage.serves(shut(&stream), || wire.make_room(2)).await;
    }
    assert!(wire.is_ended());
    assert!(matches!(stream.write(b"c"), Err(StreamError::ShutDown)));
    assert_eq!(wire.outgoing(), &b"aaaabb"[..wire.outgoing().len()]);
    wire.send(b"answer");
    assert_eq!(stream.read_bytes(6).await.expect("open"), b"answer");
    stream.close();
    assert!(wire.is_let_go());
}

#[test]
fn flush() {
    every_point("BaseStream::flush", async |stage| {
        flush_own(stage, async |stream| stream.flush().await).await;
    });
    every_point("StreamCore::flush", async |stage| {
        flush_own(stage, async |stream| stream.0.flush().await).await;
    });
    every_point("StreamCore::flush", async |stage| {
        closed(stage, async |stream| stream.0.flush().await, Result::is_ok).await;
    });
}

#[test]
fn shutdown() {
    every_point("BaseStream::shutdown", async |stage| {
        shut_once(stage, async |stream| stream.shutdown().await).await;
    });
    every_point("StreamCore::shutdown", async |stage| {
        shut_once(stage, async |stream| stream.0.shutdown().await).await;
    });
    every_point("StreamCore::shutdown", async |stage| {
        let is_told = |outcome: &Wait| matches!(outcome, Err(StreamError::Closed));
        closed(stage, async |stream| stream.0.shutdown().await, is_told).await;
    });
}
