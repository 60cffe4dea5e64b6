//! The bytes between a file and its task.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;

/// Belongs to the job while there is one, and to the task otherwise.
#[derive(Default)]
pub(super) struct Held {
    /// Grows to the longest read and stays, so that nothing is cleared twice.
    read: Vec<u8>,
    /// What was fetched and nobody has taken: the system's position is that far ahead.
    unread: Range<usize>,
    /// How the last fetch ended, until a read has heard of it.
    fetched: Option<io::Result<()>>,
    write: Vec<u8>,
    /// Of bytes that were taken and could not be written.
    pub(super) unwritten: Option<io::Error>,
    /// The file's size has been asked for, so that the system knows it.
    pub(super) sized: bool,
    /// The last job ran to its end.
    pub(super) done: bool,
}

impl Held {
    /// Gives what was fetched. `None` if something must be fetched first.
    pub(super) fn take_read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        if self.unread.is_empty() {
            return self.fetched.take().transpose().map(|end| end.map(|()| 0));
        }
        self.fetched = None;
        let length = buffer.len().min(self.unread.len());
        let (taken, rest) = (self.unread.start, self.unread.start + length);
        buffer[..length].copy_from_slice(&self.read[taken..rest]);
        self.unread.start = rest;
        Ok(Some(length))
    }

    /// Reads once. Blocks.
    pub(super) fn fetch(&mut self, mut file: &File, length: usize) {
        if self.read.len() < length {
            self.read.resize(length, 0);
        }
        let fetched = loop {
            match file.read(&mut self.read[..length]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {},
                fetched => break fetched,
            }
        };
        self.unread = 0..*fetched.as_ref().unwrap_or(&0);
        self.fetched = Some(fetched.map(drop));
    }

    /// Takes bytes to be written, as many as there may be. Tells how many.
    pub(super) fn take_write<'a>(
        &mut self,
        slices: impl Iterator<Item = &'a [u8]>,
        limit: usize,
    ) -> usize {
        self.write.clear();
        for slice in slices {
            let room = limit - self.write.len();
            self.write.extend_from_slice(&slice[..slice.len().min(room)]);
        }
        self.write.len()
    }

    /// Writes what was taken and has not been written. Blocks.
    pub(super) fn put(&mut self, mut file: &File) {
        if self.write.is_empty() {
            return;
        }
        let written = self.rewind(file).and_then(|()| file.write_all(&self.write));
        self.unwritten = written.err();
        self.write.clear();
    }

    /// Puts the system's position where the task believes it is. What has no position, such as a
    /// pipe or a terminal, keeps what was fetched.
    pub(super) fn rewind(&mut self, mut file: &File) -> io::Result<()> {
        if !self.unread.is_empty() {
            match file.seek(SeekFrom::Current(-self.ahead())) {
                Err(error) if error.kind() == ErrorKind::NotSeekable => return Ok(()),
                position => position?,
            };
        }
        self.forget_read();
        Ok(())
    }

    pub(super) fn seek(&mut self, mut file: &File, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Current(offset) => SeekFrom::Current(offset.saturating_sub(self.ahead())),
            SeekFrom::Start(_) | SeekFrom::End(_) => to,
        };
        let position = file.seek(to)?;
        self.forget_read();
        Ok(position)
    }

    fn ahead(&self) -> i64 {
        i64::try_from(self.unread.len()).expect("no buffer is longer than memory")
    }

    fn forget_read(&mut self) {
        self.unread = 0..0;
        self.fetched = None;
    }
}
