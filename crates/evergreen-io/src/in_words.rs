//! Errors in other words, with what they were before inside.

use std::error::Error;
use std::fmt;
use std::io;

/// The same error, saying something else.
pub(crate) fn in_words(error: io::Error, text: String) -> io::Error {
    in_words_as(error.kind(), error, text)
}

/// The same, of another kind.
pub(crate) fn in_words_as(
    kind: io::ErrorKind,
    error: impl Error + Send + Sync + 'static,
    text: String,
) -> io::Error {
    io::Error::new(kind, InWords { text, error })
}

#[derive(Debug)]
struct InWords<E> {
    text: String,
    error: E,
}

impl<E> fmt::Display for InWords<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<E: Error + 'static> Error for InWords<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}
