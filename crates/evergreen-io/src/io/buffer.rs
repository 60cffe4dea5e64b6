//! What has come and was not read yet.

use std::fmt;

use memchr::memmem;
use regex::bytes::Regex;

use super::MAX_BUFFER;
use super::byte_queue::ByteQueue;
use super::error::StreamError;

/// Bytes that are fed in pieces, and read by number, delimiter or pattern.
///
/// ```
/// use evergreen_io::io::ReadBuffer;
///
/// let mut buffer = ReadBuffer::new();
/// buffer.feed(b"one\r")?;
/// assert_eq!(buffer.read_until(b"\r\n")?, None);
/// buffer.feed(b"\ntwo")?;
/// assert_eq!(buffer.read_until(b"\r\n")?.as_deref(), Some(&b"one\r\n"[..]));
/// assert_eq!(buffer.read(3)?.as_deref(), Some(&b"two"[..]));
/// # Ok::<(), evergreen_io::io::StreamError>(())
/// ```
pub struct ReadBuffer {
    held: ByteQueue,
    searched: Searched,
    limit: usize,
    is_closed: bool,
}

/// How far a delimiter was searched for in vain, so that no byte is looked at twice for it.
#[derive(Default)]
struct Searched {
    /// Of no meaning while nothing was searched.
    delimiter: Vec<u8>,
    end: usize,
    /// All bytes that were ever looked at.
    bytes: u64,
}

impl ReadBuffer {
    /// An empty buffer with the limit [`MAX_BUFFER`].
    pub fn new() -> Self {
        Self::with_limit(MAX_BUFFER)
    }

    /// An empty buffer that closes when it comes to hold `limit` bytes.
    pub fn with_limit(limit: usize) -> Self {
        Self { held: ByteQueue::default(), searched: Searched::default(), limit, is_closed: false }
    }

    /// How many bytes it holds.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether it was closed, or closed itself at its limit.
    pub const fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// How much can be fed before it closes itself.
    pub(super) fn room(&self) -> usize {
        self.limit.saturating_sub(1 + self.len())
    }

    pub(super) const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Adds bytes behind the others.
    ///
    /// # Errors
    ///
    /// [`StreamError::BufferFull`] when the limit is reached: the buffer has closed itself.
    /// [`StreamError::Closed`] afterwards.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<(), StreamError> {
        self.open()?;
        if chunk.len() > self.room() {
            self.close();
            return Err(StreamError::BufferFull { limit: self.limit });
        }
        self.held.push(chunk);
        Ok(())
    }

    /// Takes `n` bytes; `None`, and nothing is taken, if it does not hold so many.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`].
    pub fn read(&mut self, n: usize) -> Result<Option<Vec<u8>>, StreamError> {
        self.open()?;
        Ok((n <= self.len()).then(|| self.take(n)))
    }

    /// Takes all up to the first delimiter, which is part of it; `None`, and nothing is taken, if
    /// there is none. What was searched once is not searched again for the same delimiter.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`]; [`StreamError::EmptyDelimiter`].
    pub fn read_until(&mut self, delimiter: &[u8]) -> Result<Option<Vec<u8>>, StreamError> {
        self.open()?;
        if delimiter.is_empty() {
            return Err(StreamError::EmptyDelimiter);
        }
        let found = self.searched.find(self.held.as_slice(), delimiter);
        Ok(found.map(|start| self.take(start + delimiter.len())))
    }

    /// Takes all up to the end of the first match; `None`, and nothing is taken, if there is none. A
    /// match of nothing gives an empty result. One that ends where the bytes end counts, though more
    /// bytes might have made it longer. Each call searches all that is held.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`].
    pub fn read_until_regex(&mut self, regex: &Regex) -> Result<Option<Vec<u8>>, StreamError> {
        self.open()?;
        let Some(found) = regex.find(self.held.as_slice()) else { return Ok(None) };
        let end = if found.is_empty() { 0 } else { found.end() };
        Ok(Some(self.take(end)))
    }

    /// Takes all that is held.
    pub(super) fn take_all(&mut self) -> Vec<u8> {
        self.take(self.len())
    }

    /// Forgets what it holds. It can still be used.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`].
    pub fn clear(&mut self) -> Result<(), StreamError> {
        self.open()?;
        self.forget();
        Ok(())
    }

    /// Forgets what it holds, for good. Closing it again does nothing.
    pub fn close(&mut self) {
        self.forget();
        self.is_closed = true;
    }

    /// How many bytes were looked at so far in search of delimiters.
    #[doc(hidden)]
    pub const fn bytes_searched(&self) -> u64 {
        self.searched.bytes
    }

    const fn open(&self) -> Result<(), StreamError> {
        if self.is_closed { Err(StreamError::Closed) } else { Ok(()) }
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        self.searched.end = self.searched.end.saturating_sub(length);
        self.held.take(length)
    }

    fn forget(&mut self) {
        self.searched.end = 0;
        self.held.consume(self.len());
    }
}

impl Searched {
    fn find(&mut self, held: &[u8], delimiter: &[u8]) -> Option<usize> {
        if self.end > 0 && self.delimiter != delimiter {
            self.end = 0;
        }
        if self.end == held.len() {
            return None;
        }
        // The delimiter may have begun in what was searched.
        let start = self.end.saturating_sub(delimiter.len() - 1);
        let found = find(&held[start..], delimiter).map(|place| start + place);
        if found.is_none() && self.end == 0 {
            self.delimiter = delimiter.to_vec();
        }
        self.end = found.unwrap_or(held.len());
        self.bytes += (self.end - start) as u64;
        found
    }
}

fn find(held: &[u8], delimiter: &[u8]) -> Option<usize> {
    match delimiter {
        [byte] => memchr::memchr(*byte, held),
        _ => memmem::find(held, delimiter),
    }
}

impl Default for ReadBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ReadBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, limit) = (self.len(), self.limit);
        f.debug_struct("ReadBuffer").field("len", &len).field("limit", &limit).finish()
    }
}
