//! The buffer beside a list of bytes.

use evergreen_io::io::{ReadBuffer, StreamError};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use regex::bytes::Regex;

use crate::agree;
use crate::asks::{Ask, asks, bytes};

#[derive(Clone, Debug)]
enum Step {
    Feed(Vec<u8>),
    Read(Ask),
    Clear,
    Close,
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => bytes(6).prop_map(Step::Feed),
        10 => asks().prop_map(Step::Read),
        1 => Just(Step::Clear),
        1 => Just(Step::Close),
    ]
}

/// The plain one; `None` when it is closed.
struct Plain {
    held: Option<Vec<u8>>,
    limit: usize,
}

impl Plain {
    fn step(&mut self, step: &Step) -> String {
        let Some(held) = &mut self.held else {
            return if matches!(step, Step::Close) { "done" } else { "closed" }.to_owned();
        };
        match step {
            Step::Feed(bytes) if held.len() + bytes.len() >= self.limit => {
                self.held = None;
                StreamError::BufferFull { limit: self.limit }.to_string()
            },
            Step::Feed(bytes) => {
                held.extend(bytes);
                "done".to_owned()
            },
            Step::Read(ask) => {
                format!("{:?}", ask.end(held).map(|end| held.drain(..end).collect::<Vec<_>>()))
            },
            Step::Clear => {
                held.clear();
                "done".to_owned()
            },
            Step::Close => {
                self.held = None;
                "done".to_owned()
            },
        }
    }
}

fn step(buffer: &mut ReadBuffer, step: &Step) -> Result<String, StreamError> {
    let done = |()| "done".to_owned();
    Ok(match step {
        Step::Feed(bytes) => buffer.feed(bytes).map(done)?,
        Step::Read(ask) => format!("{:?}", read(buffer, ask)?),
        Step::Clear => buffer.clear().map(done)?,
        Step::Close => {
            buffer.close();
            done(())
        },
    })
}

fn read(buffer: &mut ReadBuffer, ask: &Ask) -> Result<Option<Vec<u8>>, StreamError> {
    match *ask {
        Ask::Bytes(n) => buffer.read(n),
        // The stream makes it of the others.
        Ask::Some(_) if buffer.is_empty() && !buffer.is_closed() => Ok(None),
        Ask::Some(n) => buffer.read(n.min(buffer.len())),
        Ask::Until(delimiter) => buffer.read_until(delimiter),
        Ask::Regex(pattern, _) => buffer.read_until_regex(&Regex::new(pattern).expect("a pattern")),
    }
}

fn play((limit, schedule): &(usize, Vec<Step>)) -> TestCaseResult {
    let mut plain = Plain { held: Some(Vec::new()), limit: *limit };
    let mut buffer = ReadBuffer::with_limit(*limit);
    for next in schedule {
        let told = step(&mut buffer, next).unwrap_or_else(|error| error.to_string());
        prop_assert_eq!(told, plain.step(next));
        let held = plain.held.as_ref().map_or(0, Vec::len);
        prop_assert_eq!((buffer.len(), buffer.is_closed()), (held, plain.held.is_none()));
    }
    Ok(())
}

// EV-BUF-01 to -06
#[test]
fn the_buffer_is_a_list_of_bytes() {
    agree((5..40_usize, prop::collection::vec(steps(), 1..40)), play);
}
