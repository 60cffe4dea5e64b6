use std::error::Error;
use std::fmt;

/// Why a channel gave no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelError {
    /// A sender has sent the end, which only iteration expects.
    Ended,
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("the channel has ended: `next` tells this from a value"),
        }
    }
}

impl Error for ChannelError {}
