//! What goes wrong with streams.

use std::error::Error;
use std::fmt;
use std::io;

use super::errno;
use crate::resolve::ResolveError;

/// What went wrong with a stream, of whatever class. Each class has its own face of it, such as
/// [`TcpError`].
#[derive(Debug)]
#[non_exhaustive]
pub enum StreamError {
    /// It is closed: by somebody here, because the peer's end was reached, or by an error before.
    Closed,
    /// It is not connected yet.
    NotConnected,
    /// It is connected already.
    AlreadyConnected,
    /// It is not bound yet.
    NotBound,
    /// It is bound already.
    AlreadyBound,
    /// It serves already.
    AlreadyServing,
    /// The direction to the peer was ended here.
    ShutDown,
    /// It can only be written to.
    NotReadable,
    /// It can only be read from.
    NotWritable,
    /// It was to be a terminal.
    NotATerminal,
    /// It would hold more than it may.
    BufferFull {
        /// What it may hold, in bytes.
        limit: usize,
    },
    /// A delimiter of no bytes would be found everywhere.
    EmptyDelimiter,
    /// A read of no bytes, or a limit of none.
    Zero,
    /// The pattern is none.
    Regex(regex::Error),
    /// What the system said.
    Os(io::Error),
}

impl StreamError {
    /// The number of [`errno`](super::errno), if it was the system or its resolver that said so.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Os(error) => errno_of_io(error),
            _ => None,
        }
    }
}

/// The number of an error, or of one inside.
fn errno_of(error: &(dyn Error + 'static)) -> Option<i32> {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return errno_of_io(error);
    }
    let of_resolver = error.downcast_ref().map(ResolveError::code).and_then(errno::of_resolver);
    of_resolver.or_else(|| errno_of(error.source()?))
}

fn errno_of_io(error: &io::Error) -> Option<i32> {
    match error.get_ref() {
        Some(inside) => errno_of(inside),
        None if error.kind() == io::ErrorKind::UnexpectedEof => Some(errno::EOF),
        None => error.raw_os_error(),
    }
}

/// Whether an error of whatever class says that a stream is closed, itself or inside.
pub(super) fn is_closed(error: &(dyn Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return error.get_ref().is_some_and(|inside| is_closed(inside));
    }
    let kind = error
        .downcast_ref()
        .or_else(|| error.downcast_ref().map(TcpError::kind))
        .or_else(|| error.downcast_ref().map(PipeError::kind));
    matches!(kind, Some(StreamError::Closed)) || error.source().is_some_and(is_closed)
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed"),
            Self::NotConnected => f.write_str("not connected: await `connect` before"),
            Self::AlreadyConnected => f.write_str("connected already: each is for one connection"),
            Self::NotBound => f.write_str("not bound: call `bind` before"),
            Self::AlreadyBound => f.write_str("bound already"),
            Self::AlreadyServing => f.write_str("serving already"),
            Self::ShutDown => f.write_str("shut down: nothing more can be written"),
            Self::NotReadable => f.write_str("can only be written to"),
            Self::NotWritable => f.write_str("can only be read from"),
            Self::NotATerminal => f.write_str(
                "not a terminal: use `PipeStream`, or open `/dev/tty` for that of the process",
            ),
            Self::BufferFull { limit } => write!(
                f,
                "would hold {limit} bytes or more: await `flush` between writes, read smaller \
                 pieces, or raise the limit by `set_max_buffer`"
            ),
            Self::EmptyDelimiter => f.write_str("an empty delimiter is found everywhere"),
            Self::Zero => f.write_str("zero bytes: a number above zero is needed"),
            Self::Regex(error) => write!(f, "not a pattern: {error}"),
            Self::Os(error) => error.fmt(f),
        }
    }
}

impl Error for StreamError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Regex(error) => Some(error),
            // It is shown in full; what is behind it is not.
            Self::Os(error) => error.source(),
            _ => None,
        }
    }
}

impl From<io::Error> for StreamError {
    fn from(error: io::Error) -> Self {
        Self::Os(error)
    }
}

impl From<StreamError> for io::Error {
    fn from(error: StreamError) -> Self {
        let kind = match error {
            StreamError::Os(error) => return error,
            StreamError::Closed | StreamError::NotConnected | StreamError::NotBound => {
                io::ErrorKind::NotConnected
            },
            StreamError::ShutDown => io::ErrorKind::BrokenPipe,
            StreamError::BufferFull { .. } => io::ErrorKind::QuotaExceeded,
            _ => io::ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}

/// The errors of one class of streams.
macro_rules! face {
    ($face:ident, $class:literal) => {
        #[doc = concat!("What went wrong, of the class ", $class, ". As Python evergreen's.")]
        #[derive(Debug)]
        pub struct $face(StreamError);

        impl $face {
            /// What it was.
            pub const fn kind(&self) -> &StreamError {
                &self.0
            }

            /// The number of [`errno`], if it was the system or its resolver that said so.
            pub fn errno(&self) -> Option<i32> {
                self.0.errno()
            }
        }

        impl fmt::Display for $face {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($class, ": {}"), self.0)
            }
        }

        impl Error for $face {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                self.0.source()
            }
        }

        impl From<StreamError> for $face {
            fn from(error: StreamError) -> Self {
                Self(error)
            }
        }

        impl From<io::Error> for $face {
            fn from(error: io::Error) -> Self {
                Self(error.into())
            }
        }

        impl From<$face> for StreamError {
            fn from(error: $face) -> Self {
                error.0
            }
        }

        impl From<$face> for io::Error {
            fn from(error: $face) -> Self {
                error.0.into()
            }
        }
    };
}

face!(TcpError, "TCP");
face!(PipeError, "pipe");
face!(TtyError, "terminal");
face!(UdpError, "UDP");
