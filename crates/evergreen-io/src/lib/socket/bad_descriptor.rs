//! The error of a socket that is not there any more.

use std::error::Error;
use std::fmt;
use std::io;

/// Why a socket has no descriptor for a call: `EBADF`, and who is behind it. It is inside an
/// [`io::Error`].
///
/// ```
/// use evergreen_io::lib::socket::{self, BadDescriptor, Socket};
///
/// let socket = Socket::new(socket::AF_INET, socket::SOCK_STREAM, 0)?;
/// socket.close();
/// let error = socket.listen(1).unwrap_err();
/// let inside = error.get_ref().and_then(|error| error.downcast_ref::<BadDescriptor>());
/// assert_eq!(inside, Some(&BadDescriptor::Closed));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadDescriptor {
    /// It was closed before.
    Closed,
    /// Another task closed it while this one waited.
    ClosedMeanwhile,
    /// Another task shut this direction down while this one waited.
    ShutDownMeanwhile,
}

impl BadDescriptor {
    /// The number of the error, `EBADF`.
    pub const fn errno(self) -> i32 {
        libc::EBADF
    }
}

impl fmt::Display for BadDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "bad file descriptor: the socket is closed",
            Self::ClosedMeanwhile => "bad file descriptor: another task closed the socket",
            Self::ShutDownMeanwhile => "bad file descriptor: another task shut the socket down",
        })
    }
}

impl Error for BadDescriptor {}

impl From<BadDescriptor> for io::Error {
    fn from(error: BadDescriptor) -> Self {
        Self::new(io::ErrorKind::NotConnected, error)
    }
}
