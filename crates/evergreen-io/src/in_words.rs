//! Errors of the system in other words, which keep their numbers.

use std::error::Error;
use std::fmt;
use std::io;

pub(crate) fn in_words(error: io::Error, text: String) -> io::Error {
    in_words_as(error.kind(), error, text)
}

/// The same, of another kind.
pub(crate) fn in_words_as(kind: io::ErrorKind, error: io::Error, text: String) -> io::Error {
    io::Error::new(kind, InWords { text, error })
}

#[derive(Debug)]
struct InWords {
    text: String,
    error: io::Error,
}

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for InWords {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}
