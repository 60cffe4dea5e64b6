//! The modules that can be patched.

use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

/// A module of the standard library with functions that block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Module {
    /// Sockets: [`lib::net`](crate::lib::net).
    Net,
    /// Sleeping, which Python has in `time`: [`lib::thread`](crate::lib::thread).
    Thread,
}

static PATCHED: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];

impl Module {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Net, Self::Thread];

    pub(super) fn patch(self) {
        PATCHED[self as usize].store(true, Ordering::Relaxed);
    }

    pub(super) fn is_patched(self) -> bool {
        PATCHED[self as usize].load(Ordering::Relaxed)
    }
}

impl AsRef<str> for Module {
    /// Its name.
    fn as_ref(&self) -> &str {
        match self {
            Self::Net => "net",
            Self::Thread => "thread",
        }
    }
}

impl FromStr for Module {
    type Err = PatchError;

    fn from_str(name: &str) -> Result<Self, PatchError> {
        let mut all = Self::ALL.into_iter();
        all.find(|module| module.as_ref() == name).ok_or_else(|| PatchError(name.to_owned()))
    }
}

/// A name of no module that can be patched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchError(String);

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot be patched: only net and thread can", self.0)
    }
}

impl Error for PatchError {}
