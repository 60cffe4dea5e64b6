//! What says that a descriptor is ready, and is told when it is not.

use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::AsRawFd;

use evergreen_loop::build::{Direction, Interest};

use super::AsyncFd;

/// The two kinds of guards.
macro_rules! guard {
    ($(#[$doc:meta])* $guard:ident, $fd:ty $(, $mut:ident)?) => {
        $(#[$doc])*
        #[must_use = "the descriptor stays ready until the guard is told otherwise"]
        #[derive(Debug)]
        pub struct $guard<'a, T: AsRawFd> {
            fd: $fd,
            interest: Interest,
            /// What has happened since stays true when this is cleared.
            events: u32,
        }

        impl<'a, T: AsRawFd> $guard<'a, T> {
            pub(super) fn new(fd: $fd, interest: Interest) -> Self {
                let events = fd.registration.events();
                Self { fd, interest, events }
            }

            /// The descriptor is not ready any more: a call has said that it would block. The next
            /// wait is a true one. Of what has become ready since the guard was made nothing is
            /// lost.
            pub fn clear_ready(&mut self) {
                for direction in Direction::ALL {
                    if self.interest.watches(direction) {
                        self.fd.registration.clear_ready_of(direction, self.events);
                    }
                }
            }

            /// The descriptor is as ready as before, which is so without a word as well.
            pub fn retain_ready(&mut self) {}

            /// Makes a call. If that would block, the next wait is a true one.
            ///
            /// # Errors
            ///
            /// [`TryIoError`] if it would block. Other errors are the result of the call.
            pub fn try_io<R>(
                &mut self,
                call: impl FnOnce(guard!(@lent $($mut)?)) -> io::Result<R>,
            ) -> Result<io::Result<R>, TryIoError> {
                // What happens during the call, happens after it has looked.
                match call(&$($mut)? *self.fd) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.clear_ready();
                        Err(TryIoError(()))
                    },
                    result => Ok(result),
                }
            }

            /// The descriptor's whole.
            pub const fn get_ref(&self) -> &AsyncFd<T> {
                self.fd
            }

            /// The descriptor.
            pub const fn get_inner(&self) -> &T {
                self.fd.get_ref()
            }
        }
    };
    (@lent) => { &AsyncFd<T> };
    (@lent mut) => { &mut AsyncFd<T> };
}

guard! {
    /// Says that a descriptor is ready. See [`AsyncFd::readable`].
    AsyncFdReadyGuard, &'a AsyncFd<T>
}

guard! {
    /// Says that a descriptor is ready, and lends it out. See [`AsyncFd::readable_mut`].
    AsyncFdReadyMutGuard, &'a mut AsyncFd<T>, mut
}

impl<T: AsRawFd> AsyncFdReadyMutGuard<'_, T> {
    /// The descriptor's whole.
    pub const fn get_mut(&mut self) -> &mut AsyncFd<T> {
        self.fd
    }

    /// The descriptor.
    pub const fn get_inner_mut(&mut self) -> &mut T {
        self.fd.get_mut()
    }
}

/// The call would have blocked: wait again.
#[derive(Debug)]
pub struct TryIoError(());

impl fmt::Display for TryIoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the call would have blocked: wait again")
    }
}

impl Error for TryIoError {}
