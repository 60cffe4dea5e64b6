//! The errors of what takes a path.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What could not be done to which path, and why.
///
/// It is found inside the [`io::Error`] of the functions that take a path, whose kind is that of the
/// cause.
///
/// ```
/// use evergreen_io::fs::{self, PathError};
/// use std::io::ErrorKind;
///
/// let error = evergreen_loop::block_on(fs::read("/there/is/no/such")).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// assert!(error.to_string().starts_with("cannot read \"/there/is/no/such\": "));
///
/// let inside = PathError::of(&error).expect("it names the path");
/// assert_eq!(inside.path().to_str(), Some("/there/is/no/such"));
/// assert!(inside.cause().raw_os_error().is_some());
/// ```
#[derive(Debug)]
pub struct PathError {
    doing: &'static str,
    path: PathBuf,
    /// The other one of two, which the operation was to bring about.
    target: Option<PathBuf>,
    cause: io::Error,
}

impl PathError {
    /// The one inside an error, if there is one.
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    pub(super) fn wrap(
        doing: &'static str,
        path: PathBuf,
        target: Option<PathBuf>,
        cause: io::Error,
    ) -> io::Error {
        io::Error::new(cause.kind(), Self { doing, path, target, cause })
    }

    /// The path as it was given; of two the first.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The second path, of what takes two.
    pub fn target(&self) -> Option<&Path> {
        self.target.as_deref()
    }

    /// What the system said.
    pub const fn cause(&self) -> &io::Error {
        &self.cause
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Quoted and escaped: a path may hold anything, also what cannot be seen.
        write!(f, "cannot {} {:?}", self.doing, self.path)?;
        if let Some(target) = &self.target {
            write!(f, " to {target:?}")?;
        }
        write!(f, ": {}", self.cause)
    }
}

impl Error for PathError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}
