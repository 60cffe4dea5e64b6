//! Descriptors that cannot be polled, and why.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, RawFd};

use evergreen_loop::LoopError;
use evergreen_loop::build::descriptor_mode;
use rustix::fs::FileType;

use crate::in_words::in_words_as;
use crate::kind::in_words;

/// A descriptor was refused; here it is, and the reason.
pub struct AsyncFdRegisterError<T> {
    inner: T,
    cause: io::Error,
}

impl<T> AsyncFdRegisterError<T> {
    pub(super) const fn new(inner: T, cause: io::Error) -> Self {
        Self { inner, cause }
    }

    /// The descriptor, and the reason.
    pub fn into_parts(self) -> (T, io::Error) {
        (self.inner, self.cause)
    }
}

impl<T> fmt::Debug for AsyncFdRegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFdRegisterError").field("cause", &self.cause).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for AsyncFdRegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl<T> Error for AsyncFdRegisterError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

impl<T> From<AsyncFdRegisterError<T>> for io::Error {
    fn from(error: AsyncFdRegisterError<T>) -> Self {
        error.cause
    }
}

/// The loop's error, with what kind of descriptor it was and the way out.
pub(super) fn refusal(fd: &impl AsRawFd, error: LoopError) -> io::Error {
    let (kind, reason) = match error {
        LoopError::NotPollable(number) => (ErrorKind::Unsupported, not_pollable(fd, number)),
        LoopError::Busy(number) => (
            ErrorKind::AlreadyExists,
            format!("the loop watches descriptor {number} already: share it, or use a duplicate"),
        ),
        error => return error.into(),
    };
    in_words_as(kind, error, reason)
}

fn not_pollable(fd: &impl AsRawFd, number: RawFd) -> String {
    let kind = descriptor_mode(fd).map_or(FileType::Unknown, FileType::from_raw_mode);
    let way_out = match kind {
        FileType::RegularFile | FileType::Directory => "use `fs` or `spawn_blocking`",
        _ => "it never has you wait, so make the calls without an AsyncFd",
    };
    let kind = in_words(kind);
    format!("descriptor {number} is {kind}, which cannot be polled: {way_out}")
}
