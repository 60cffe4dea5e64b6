//! What it costs to look for a delimiter where nearly all looks like one.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a helper of tests, which tells what was counted"
)]

mod common;

use common::TestLoop;
use common::streams::Plain;
use evergreen_io::io::{BaseStream, Endpoint, StreamCore};
use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll};

const MIB: usize = 1024 * 1024;
const LENGTH: usize = if cfg!(debug_assertions) { MIB } else { 100 * MIB };

/// Sends one chunk over and over, so many bytes in all, and then the delimiter.
struct Adversary {
    chunk: Vec<u8>,
    delimiter: &'static [u8],
    left: Cell<usize>,
    reads: Rc<Cell<usize>>,
}

impl Endpoint for Adversary {
    fn poll_read(&self, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.reads.set(self.reads.get() + 1);
        let left = self.left.get();
        let next =
            if left == 0 { self.delimiter } else { &self.chunk[..left.min(self.chunk.len())] };
        buffer[..next.len()].copy_from_slice(next);
        self.left.set(left.saturating_sub(next.len()));
        Poll::Ready(Ok(next.len()))
    }

    fn poll_write(&self, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn end(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads until the delimiter has come, and counts the bytes that were looked at.
async fn search(chunk: Vec<u8>, delimiter: &'static [u8]) {
    let reads = Rc::new(Cell::new(0));
    let left = Cell::new(LENGTH);
    let adversary = Adversary { chunk, delimiter, left, reads: Rc::clone(&reads) };
    let stream = Plain(StreamCore::connected(adversary));
    stream.set_max_buffer(2 * LENGTH).unwrap();
    let found = stream.read_until(delimiter).await.unwrap();
    assert!(found.len() >= LENGTH && found.ends_with(delimiter));
    let searched = usize::try_from(stream.0.bytes_searched()).unwrap();
    println!("{} bytes in {} chunks: {searched} looked at", found.len(), reads.get());
    // What ends a chunk may be the beginning of the delimiter.
    assert!(searched <= found.len() + reads.get() * (delimiter.len() - 1));
}

// EV-STR-04, EV-BUF-03, F7: the delimiter is there at every place but for its last byte.
#[test]
fn what_nearly_is_a_delimiter_is_looked_at_once() {
    TestLoop::new().block_on(async {
        for length in [64 * 1024, 1021, 16] {
            search(vec![b'a'; length], b"aaaaaaaaaaaaaaab").await;
        }
    });
}

// EV-STR-04, EV-BUF-03, F7: three quarters of it stand astride every two chunks.
#[test]
fn a_delimiter_that_nearly_stands_astride_is_looked_for_from_there() {
    TestLoop::new().block_on(async {
        for length in [64 * 1024, 1021, 5] {
            let middle = vec![b'.'; length - 4];
            search([b"\rx", &*middle, b"\r\n"].concat(), b"\r\n\r\n").await;
        }
    });
}
