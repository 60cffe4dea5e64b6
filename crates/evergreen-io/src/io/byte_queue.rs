//! Bytes that come in at one end and leave at the other.

/// An empty one gives back more memory than this.
const KEPT: usize = 4096;

#[derive(Default)]
pub(super) struct ByteQueue {
    bytes: Vec<u8>,
    /// Where what has not left begins.
    start: usize,
}

impl ByteQueue {
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Adds bytes behind all others. Each is moved once at most on its way, on the average.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.start > self.len() {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Lets go of the first bytes.
    pub(super) fn consume(&mut self, length: usize) {
        self.start += length;
        if self.is_empty() {
            self.start = 0;
            self.bytes.clear();
            if self.bytes.capacity() > KEPT {
                self.bytes = Vec::new();
            }
        }
    }

    /// Takes the first bytes out.
    pub(super) fn take(&mut self, length: usize) -> Vec<u8> {
        let taken = self.as_slice()[..length].to_vec();
        self.consume(length);
        taken
    }
}
