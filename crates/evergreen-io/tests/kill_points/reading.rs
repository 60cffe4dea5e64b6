//! Reading, from a connection that the test moves: EV-STR-02 to -10.

use std::cell::RefCell;
use std::rc::Rc;

use evergreen_io::io::{BaseStream, StreamCore, StreamError};
use evergreen_testing::kill_points::{Stage, every_point};
use evergreen_testing::settle;
use regex::bytes::Regex;

use crate::common::streams::Plain;
use crate::common::wire::Wire;

type Read = Result<Vec<u8>, StreamError>;

/// What those who read were given, in that order.
#[derive(Clone, Default)]
struct Given(Rc<RefCell<Vec<Read>>>);

impl Given {
    fn note(&self, read: Read) {
        self.0.borrow_mut().push(read);
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.borrow().iter().flatten().flatten().copied().collect()
    }

    fn outcomes(&self) -> Vec<String> {
        let show = |read: &Read| match read {
            Ok(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Err(error) => error.to_string(),
        };
        self.0.borrow().iter().map(show).collect()
    }
}

/// Three who read once each.
fn readers(
    stage: &Stage,
    stream: &Plain,
    read: impl AsyncFn(&Plain) -> Read + Copy + 'static,
) -> Given {
    let given = Given::default();
    for _ in 0..3 {
        let (stream, given) = (stream.clone(), given.clone());
        stage.role(async move { given.note(read(&stream).await) });
    }
    given
}

fn connected() -> (Wire, Plain) {
    let wire = Wire::new(usize::MAX);
    let stream = Plain(StreamCore::connected(wire.endpoint()));
    (wire, stream)
}

/// What they read comes in pieces that begin and end in the middle of it.
async fn pieces(stage: &Stage, read: impl AsyncFn(&Plain) -> Read + Copy + 'static) {
    let (wire, stream) = connected();
    let given = readers(stage, &stream, read);
    for piece in [&b"on"[..], b"e\ntw", b"o\n", b"six\n"] {
        settle().await;
        wire.send(piece);
    }
    stage.rest_in_order().await;
    let rest = stage.serves(all_of(&stream), || wire.send(b"end")).await;
    assert_eq!([given.bytes(), rest].concat(), b"one\ntwo\nsix\nend");
    stage.serves(is_told(&stream), || stream.close()).await;
    assert!(wire.is_let_go());
}

/// All that has come, up to the last piece.
fn all_of(stream: &Plain) -> impl Future<Output = Vec<u8>> + use<> {
    let stream = stream.clone();
    async move { stream.read_until(b"end").await.expect("open") }
}

/// Waits for what never comes.
fn is_told(stream: &Plain) -> impl Future<Output = ()> + use<> {
    let stream = stream.clone();
    async move {
        let read = stream.read_bytes(1).await;
        assert!(matches!(read, Err(StreamError::Closed)), "{read:?}");
    }
}

/// The peer ends while they wait. Each is given what is left of the list, in order.
async fn the_end(
    stage: &Stage,
    expected: [&str; 3],
    read: impl AsyncFn(&Plain) -> Read + Copy + 'static,
) {
    let (wire, stream) = connected();
    let given = readers(stage, &stream, read);
    settle().await;
    wire.send(b"x");
    settle().await;
    wire.end();
    stage.rest_in_order().await;
    let outcomes = given.outcomes();
    assert_eq!(outcomes, expected[..outcomes.len()]);
    assert_eq!(outcomes.len(), 3 - usize::from(stage.victim().is_some()));
    assert_eq!([given.bytes(), stream.take_buffered()].concat(), b"x");
    assert!(stream.is_closed() && wire.is_let_go());
}

/// Somebody closes the stream while they wait.
async fn closed(stage: &Stage, read: impl AsyncFn(&Plain) -> Read + Copy + 'static) {
    let (wire, stream) = connected();
    let given = readers(stage, &stream, read);
    settle().await;
    stream.close();
    assert!(wire.is_let_go());
    stage.rest_in_order().await;
    assert_eq!(given.outcomes(), ["closed"; 3][usize::from(stage.victim().is_some())..]);
}

const REST: [&str; 3] = ["x", "", "closed"];
/// What is behind the last delimiter is for whoever takes it.
const NO_REST: [&str; 3] = ["", "closed", "closed"];

fn line() -> Regex {
    Regex::new("[a-z]+\n").expect("a pattern")
}

#[test]
fn read_bytes() {
    every_point("BaseStream::read_bytes", async |stage| {
        pieces(stage, async |stream| stream.read_bytes(4).await).await;
    });
    every_point("BaseStream::read_bytes", async |stage| {
        the_end(stage, REST, async |stream| stream.read_bytes(4).await).await;
    });
    every_point("StreamCore::read_bytes", async |stage| {
        pieces(stage, async |stream| stream.0.read_bytes(4).await).await;
    });
    every_point("StreamCore::read_bytes", async |stage| {
        closed(stage, async |stream| stream.0.read_bytes(4).await).await;
    });
}

#[test]
fn read_until() {
    every_point("BaseStream::read_until", async |stage| {
        pieces(stage, async |stream| stream.read_until(b"\n").await).await;
    });
    every_point("BaseStream::read_until", async |stage| {
        the_end(stage, NO_REST, async |stream| stream.read_until(b"\n").await).await;
    });
    every_point("StreamCore::read_until", async |stage| {
        pieces(stage, async |stream| stream.0.read_until(b"\n").await).await;
    });
    every_point("StreamCore::read_until", async |stage| {
        closed(stage, async |stream| stream.0.read_until(b"\n").await).await;
    });
}

#[test]
fn read_until_regex() {
    every_point("BaseStream::read_until_regex", async |stage| {
        pieces(stage, async |stream| stream.read_until_regex(&line()).await).await;
    });
    every_point("BaseStream::read_until_regex", async |stage| {
        the_end(stage, NO_REST, async |stream| stream.read_until_regex(&line()).await).await;
    });
    every_point("StreamCore::read_until_regex", async |stage| {
        pieces(stage, async |stream| stream.0.read_until_regex(&line()).await).await;
    });
    every_point("StreamCore::read_until_regex", async |stage| {
        closed(stage, async |stream| stream.0.read_until_regex(&line()).await).await;
    });
}

#[test]
fn read_some() {
    every_point("BaseStream::read_some", async |stage| {
        pieces(stage, async |stream| stream.read_some(3).await).await;
    });
    every_point("BaseStream::read_some", async |stage| {
        the_end(stage, REST, async |stream| stream.read_some(3).await).await;
    });
    every_point("StreamCore::read_some", async |stage| {
        pieces(stage, async |stream| stream.0.read_some(3).await).await;
    });
    every_point("StreamCore::read_some", async |stage| {
        closed(stage, async |stream| stream.0.read_some(3).await).await;
    });
}
