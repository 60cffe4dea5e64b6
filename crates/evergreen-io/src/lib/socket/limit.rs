//! How long a call may take.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use evergreen_loop::Delay;

/// Of sockets that are made from now on.
static DEFAULT: Mutex<Option<Duration>> = Mutex::new(None);

/// How long each call of a new socket may take: as long as it needs at first.
#[doc(alias = "getdefaulttimeout")]
pub fn default_timeout() -> Option<Duration> {
    *DEFAULT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets how long each call may take, for the sockets of the whole process that are made from now on.
/// As [`Socket::set_timeout`](super::Socket::set_timeout) says it for one.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidInput`] if it is negative.
#[doc(alias = "setdefaulttimeout")]
pub fn set_default_timeout(limit: Option<Delay>) -> io::Result<()> {
    *DEFAULT.lock().unwrap_or_else(PoisonError::into_inner) = checked(limit)?;
    Ok(())
}

pub(super) fn checked(limit: Option<Delay>) -> io::Result<Option<Duration>> {
    let Some(limit) = limit else { return Ok(None) };
    limit.length().map(Some).ok_or_else(|| {
        let message = "a timeout below zero: use `None` to wait as long as it takes";
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })
}
