//! What is asked for, and where it ends in plain bytes.

use proptest::prelude::*;

/// What a read looks for.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Bytes(usize),
    Some(usize),
    Until(&'static [u8]),
    Regex(&'static str, fn(&[u8]) -> Option<usize>),
}

impl Ask {
    /// How much of what is held it takes.
    pub(crate) fn end(&self, held: &[u8]) -> Option<usize> {
        match *self {
            Self::Bytes(n) => (n <= held.len()).then_some(n),
            Self::Some(n) => (!held.is_empty()).then(|| n.min(held.len())),
            Self::Until(delimiter) => {
                let place = held.windows(delimiter.len()).position(|bytes| bytes == delimiter);
                place.map(|place| place + delimiter.len())
            },
            Self::Regex(_, end) => end(held),
        }
    }

    /// Whether the end of the peer gives what is left.
    pub(crate) fn takes_rest(&self) -> bool {
        matches!(self, Self::Bytes(_) | Self::Some(_))
    }
}

fn behind_newline(held: &[u8]) -> Option<usize> {
    held.iter().position(|&byte| byte == b'\n').map(|place| place + 1)
}

/// The first of either.
fn behind_b_or_newline(held: &[u8]) -> Option<usize> {
    held.iter().position(|byte| b"b\n".contains(byte)).map(|place| place + 1)
}

const fn nothing(_: &[u8]) -> Option<usize> {
    Some(0)
}

pub(crate) fn asks() -> impl Strategy<Value = Ask> {
    prop_oneof![
        (1..12_usize).prop_map(Ask::Bytes),
        (1..12_usize).prop_map(Ask::Some),
        prop::sample::select(vec![&b"\n"[..], b"a\n", b"aba", b"aabaab"]).prop_map(Ask::Until),
        Just(Ask::Regex("(?s-u)^.*?\n", behind_newline)),
        Just(Ask::Regex("[b\n]", behind_b_or_newline)),
        Just(Ask::Regex("c*", nothing)),
    ]
}

/// Few kinds of bytes, so that delimiters are met, also half of them.
pub(crate) fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(&b"aab\n"[..]), 1..=most)
}
