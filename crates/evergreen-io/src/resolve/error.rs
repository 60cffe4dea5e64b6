//! Why a name was not resolved.

use std::error::Error;
use std::fmt;
use std::io;

use dns_lookup::{LookupError, LookupErrorKind};

/// What the system's resolver said, with what it was asked. It is inside an [`io::Error`].
///
/// ```
/// use evergreen_io::resolve::{Query, ResolveError, getaddrinfo};
///
/// let query = Query { flags: libc::AI_NUMERICHOST, ..Query::stream("example.com", 80) };
/// let error = evergreen_loop::block_on(getaddrinfo(query)).unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
/// let inside = error.get_ref().and_then(|error| error.downcast_ref::<ResolveError>());
/// assert_eq!(inside.map(ResolveError::code), Some(libc::EAI_NONAME));
/// ```
#[derive(Debug)]
pub struct ResolveError {
    asked: String,
    code: i32,
    reason: io::Error,
}

impl ResolveError {
    pub(super) fn of(asked: String, error: LookupError) -> io::Error {
        let (code, kind) = (error.error_num(), kind(&error));
        let reason = error.into();
        let kind = kind.unwrap_or_else(|| io::Error::kind(&reason));
        io::Error::new(kind, Self { asked, code, reason })
    }

    /// The number of the error: one of `EAI_NONAME` and others of the C library.
    pub const fn code(&self) -> i32 {
        self.code
    }

    /// What was asked for.
    pub fn asked(&self) -> &str {
        &self.asked
    }
}

/// The kind that says most, where there is one.
fn kind(error: &LookupError) -> Option<io::ErrorKind> {
    match error.kind() {
        LookupErrorKind::NoName | LookupErrorKind::NoData => Some(io::ErrorKind::NotFound),
        LookupErrorKind::Badflags
        | LookupErrorKind::Family
        | LookupErrorKind::Socktype
        | LookupErrorKind::Service => Some(io::ErrorKind::InvalidInput),
        LookupErrorKind::Memory => Some(io::ErrorKind::OutOfMemory),
        _ => None,
    }
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason.to_string();
        let reason =
            reason.strip_prefix("failed to lookup address information: ").unwrap_or(&reason);
        write!(f, "cannot resolve `{}`: {reason}", self.asked)
    }
}

impl Error for ResolveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.reason)
    }
}
