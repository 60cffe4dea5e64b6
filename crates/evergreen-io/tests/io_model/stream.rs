//! A stream beside its model.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use evergreen_io::io::{BaseStream, StreamCore, StreamError};
use evergreen_task::{Task, spawn};
use evergreen_testing::settle;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::agree;
use crate::asks::{Ask, asks, bytes};
use crate::common::TestLoop;
use crate::common::streams::Plain as Stream;
use crate::common::wire::Wire;
use crate::plain::Plain;

#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// What the stream may hold of each direction.
    pub(crate) limit: usize,
    /// How much a read of the system gives.
    pub(crate) grain: usize,
    pub(crate) keep_open: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send(Vec<u8>),
    End,
    Room(usize),
    Write(Vec<u8>),
    Read(Ask),
    Flush,
    Shutdown,
    /// The task of this number, counted around from the last.
    Kill(usize),
    Take,
    Close,
}

fn setups() -> impl Strategy<Value = Setup> {
    let limits = prop_oneof![2..20_usize, Just(1000)];
    let grains = prop_oneof![1..6_usize, Just(1000)];
    let all = (limits, grains, any::<bool>());
    all.prop_map(|(limit, grain, keep_open)| Setup { limit, grain, keep_open })
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => bytes(9).prop_map(Step::Send),
        1 => Just(Step::End),
        10 => (1..9_usize).prop_map(Step::Room),
        15 => bytes(9).prop_map(Step::Write),
        20 => asks().prop_map(Step::Read),
        5 => Just(Step::Flush),
        2 => Just(Step::Shutdown),
        10 => (0..4_usize).prop_map(Step::Kill),
        1 => Just(Step::Take),
        1 => Just(Step::Close),
    ]
}

/// What became of each task.
type Told = Rc<RefCell<BTreeMap<usize, String>>>;

struct Real {
    wire: Wire,
    has_peer_ended: bool,
    stream: Stream,
    tasks: Vec<Task<()>>,
    told: Told,
}

impl Real {
    fn new(setup: &Setup) -> Self {
        let wire = Wire::new(setup.grain);
        let stream = Stream(StreamCore::connected(wire.endpoint()));
        stream.set_max_buffer(setup.limit).expect("above zero");
        stream.keep_open_on_eof(setup.keep_open);
        Self { wire, has_peer_ended: false, stream, tasks: Vec::new(), told: Told::default() }
    }

    fn step(&mut self, step: &Step) -> Option<String> {
        match step {
            Step::Send(bytes) if !self.has_peer_ended => self.wire.send(bytes),
            Step::Send(_) => {},
            Step::End => {
                self.has_peer_ended = true;
                self.wire.end();
            },
            Step::Room(length) => self.wire.make_room(*length),
            Step::Write(bytes) => return Some(told(self.stream.write(bytes))),
            Step::Read(ask) => self.start(read(self.stream.clone(), ask.clone())),
            Step::Flush => {
                let stream = self.stream.clone();
                self.start(async move { word(stream.flush().await, "flushed") });
            },
            Step::Shutdown => {
                let stream = self.stream.clone();
                self.start(async move { word(stream.shutdown().await, "shut") });
            },
            Step::Kill(back) if !self.tasks.is_empty() => self.kill(*back),
            Step::Kill(_) => {},
            Step::Take => return Some(format!("{:?}", self.stream.take_buffered())),
            Step::Close => self.stream.close(),
        }
        None
    }

    fn start(&mut self, act: impl Future<Output = String> + 'static) {
        let (number, told) = (self.tasks.len(), Rc::clone(&self.told));
        self.tasks.push(spawn(async move {
            let word = act.await;
            told.borrow_mut().insert(number, word);
        }));
    }

    fn kill(&self, back: usize) {
        let number = self.tasks.len() - 1 - back % self.tasks.len();
        self.tasks[number].kill();
        self.told.borrow_mut().entry(number).or_insert_with(|| "killed".to_owned());
    }

    /// What the stream shows of itself.
    fn look(&self) -> (bool, usize, usize) {
        let shown = format!("{:?}", self.stream);
        let number = |name: &str| {
            let (_, rest) = shown.split_once(name).expect("it is shown");
            rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse().ok())
        };
        let [input, output] = ["len: ", "unwritten: "].map(|name| number(name).expect("a number"));
        (self.stream.is_closed(), input, output)
    }
}

fn told<T: ToString>(result: Result<T, StreamError>) -> String {
    result.map_or_else(|error| error.to_string(), |value| value.to_string())
}

fn word(result: Result<(), StreamError>, word: &str) -> String {
    told(result.map(|()| word))
}

async fn read(stream: Stream, ask: Ask) -> String {
    let read = match ask {
        Ask::Bytes(n) => stream.read_bytes(n).await,
        Ask::Some(n) => stream.read_some(n).await,
        Ask::Until(delimiter) => stream.read_until(delimiter).await,
        Ask::Regex(pattern, _) => stream.read_until_regex(pattern).await,
    };
    read.map_or_else(|error| error.to_string(), |bytes| format!("{bytes:?}"))
}

async fn play(setup: &Setup, schedule: &[Step]) -> TestCaseResult {
    let (mut real, mut plain) = (Real::new(setup), Plain::new(setup));
    for step in schedule {
        let answer = real.step(step);
        settle_down().await;
        prop_assert_eq!(answer, plain.step(step));
        prop_assert_eq!(&*real.told.borrow(), &plain.told);
        prop_assert_eq!(real.look(), plain.look());
        prop_assert_eq!(real.wire.outgoing(), &*plain.outgoing);
        prop_assert_eq!(real.wire.is_ended(), plain.is_direction_ended);
    }
    Ok(())
}

/// Of a crowd, each lets the next have its turn.
async fn settle_down() {
    for _ in 0..8 {
        settle().await;
    }
}

// EV-STR-03 to -10, EV-STR-12 to -21, EV-STR-23, EV-STR-25
#[test]
fn the_stream_is_two_lists_of_bytes() {
    agree((setups(), prop::collection::vec(steps(), 1..60)), |(setup, schedule)| {
        TestLoop::with_virtual_time().block_on(play(setup, schedule))
    });
}
