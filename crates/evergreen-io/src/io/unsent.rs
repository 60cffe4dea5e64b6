//! What is written to a stream and not out yet.

use std::collections::VecDeque;

use super::byte_queue::ByteQueue;
use super::outbox::Held;

/// What each write takes of the limit beside its bytes, where it is kept apart.
const EACH: usize = size_of::<usize>();

/// Bytes, and where each write ends, until it is known that nobody at the other end can tell.
#[derive(Default)]
pub(super) struct Unsent {
    bytes: ByteQueue,
    writes: VecDeque<usize>,
    is_joined: bool,
}

impl Unsent {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if !self.is_joined && !bytes.is_empty() {
            self.writes.push_back(bytes.len());
        }
        self.bytes.push(bytes);
    }

    /// What is sent next, in one piece.
    pub(super) fn first(&self) -> &[u8] {
        let length = self.writes.front().map_or(self.bytes.len(), |length| *length);
        &self.bytes.as_slice()[..length]
    }

    /// So much of the first piece is out.
    pub(super) fn consume(&mut self, length: usize) {
        self.bytes.consume(length);
        match self.writes.front_mut() {
            Some(first) if *first == length => drop(self.writes.pop_front()),
            Some(first) => *first -= length,
            None => {},
        }
    }

    /// All writes are one from now on.
    pub(super) fn join(&mut self) {
        self.is_joined = true;
        self.writes = VecDeque::new();
    }
}

impl Held for Unsent {
    fn size(&self) -> usize {
        self.bytes.len() + self.writes.len() * EACH
    }

    fn size_of(&self, bytes: &[u8]) -> usize {
        bytes.len() + if self.is_joined { 0 } else { EACH }
    }
}
