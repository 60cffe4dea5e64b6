//! Datagrams that wait until there is room for them.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::io::outbox::Held;

/// What each takes of the limit beside its bytes: its address and its place. So the empty ones are
/// bounded, too.
const EACH: usize = 64;

#[derive(Default)]
pub(super) struct Datagrams {
    waiting: VecDeque<(Vec<u8>, SocketAddr)>,
    size: usize,
}

const fn size_of(bytes: &[u8]) -> usize {
    bytes.len() + EACH
}

impl Datagrams {
    pub(super) fn push(&mut self, bytes: &[u8], to: SocketAddr) {
        self.size += size_of(bytes);
        self.waiting.push_back((bytes.to_vec(), to));
    }

    pub(super) fn first(&self) -> Option<(&[u8], SocketAddr)> {
        self.waiting.front().map(|(bytes, to)| (&**bytes, *to))
    }

    /// The first one is out.
    pub(super) fn remove_first(&mut self) {
        if let Some((bytes, _)) = self.waiting.pop_front() {
            self.size -= size_of(&bytes);
        }
    }
}

impl Held for Datagrams {
    fn size(&self) -> usize {
        self.size
    }

    fn size_of(&self, bytes: &[u8]) -> usize {
        size_of(bytes)
    }
}
