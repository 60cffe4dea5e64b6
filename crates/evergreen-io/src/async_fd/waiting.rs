//! Waiting for a descriptor, and calls that are made when it is ready.

use std::io;
use std::os::fd::AsRawFd;
use std::task::{Context, Poll};

use evergreen_loop::build::{Direction, Interest};

use super::{AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard};
use crate::source::readiness::{any_ready, io_for, try_io_for};

/// The ways to wait for one direction.
macro_rules! waits {
    ($call:literal, $direction:expr, $wait:ident, $wait_mut:ident, $poll:ident, $poll_mut:ident) => {
        impl<T: AsRawFd> AsyncFd<T> {
            #[doc = concat!("Waits until a ", $call, " is worth trying. Any number of tasks may.")]
            ///
            /// # Errors
            ///
            /// If the poller fails or the loop is destroyed.
            ///
            /// # Kill safety
            ///
            /// Nothing is lost.
            pub async fn $wait(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
                self.registration.readiness($direction).await?;
                Ok(AsyncFdReadyGuard::new(self, Interest::of($direction)))
            }

            #[doc = concat!("As [`AsyncFd::", stringify!($wait), "`], with a guard that lends the")]
            /// descriptor out to be changed.
            ///
            /// # Errors
            ///
            /// If the poller fails or the loop is destroyed.
            ///
            /// # Kill safety
            ///
            /// Nothing is lost.
            pub async fn $wait_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
                self.registration.readiness($direction).await?;
                Ok(AsyncFdReadyMutGuard::new(self, Interest::of($direction)))
            }

            #[doc = concat!("As [`AsyncFd::", stringify!($wait), "`], to be polled. Only the waker")]
            /// of the last poll is woken.
            ///
            /// # Errors
            ///
            /// If the poller fails or the loop is destroyed.
            pub fn $poll(
                &self,
                cx: &mut Context<'_>,
            ) -> Poll<io::Result<AsyncFdReadyGuard<'_, T>>> {
                let polled = self.registration.poll_readiness($direction, cx.waker());
                polled.map_ok(|()| AsyncFdReadyGuard::new(self, Interest::of($direction)))
            }

            #[doc = concat!("As [`AsyncFd::", stringify!($poll), "`], with a guard that lends the")]
            /// descriptor out to be changed.
            ///
            /// # Errors
            ///
            /// If the poller fails or the loop is destroyed.
            pub fn $poll_mut(
                &mut self,
                cx: &mut Context<'_>,
            ) -> Poll<io::Result<AsyncFdReadyMutGuard<'_, T>>> {
                let polled = self.registration.poll_readiness($direction, cx.waker());
                polled.map_ok(|()| AsyncFdReadyMutGuard::new(self, Interest::of($direction)))
            }
        }
    };
}

waits!("read", Direction::Read, readable, readable_mut, poll_read_ready, poll_read_ready_mut);
waits!("write", Direction::Write, writable, writable_mut, poll_write_ready, poll_write_ready_mut);

impl<T: AsRawFd> AsyncFd<T> {
    /// Waits for any of several directions. Its guard tells of none in particular: clearing it
    /// clears all of them.
    ///
    /// # Errors
    ///
    /// If the poller fails, the loop is destroyed, or `interest` is of nothing.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost.
    pub async fn ready(&self, interest: Interest) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        any_ready(&self.registration, interest).await?;
        Ok(AsyncFdReadyGuard::new(self, interest))
    }

    /// As [`AsyncFd::ready`], with a guard that lends the descriptor out to be changed.
    ///
    /// # Errors
    ///
    /// If the poller fails, the loop is destroyed, or `interest` is of nothing.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost.
    pub async fn ready_mut(
        &mut self,
        interest: Interest,
    ) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        any_ready(&self.registration, interest).await?;
        Ok(AsyncFdReadyMutGuard::new(self, interest))
    }

    /// Makes a call each time the descriptor is ready, until it does not block.
    ///
    /// # Errors
    ///
    /// Those of the call, and those of waiting.
    ///
    /// # Kill safety
    ///
    /// The call is made or it is not; nothing happens between.
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        mut call: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        io_for(&self.registration, interest, || call(self.get_ref())).await
    }

    /// As [`AsyncFd::async_io`], with a call that may change the descriptor.
    ///
    /// # Errors
    ///
    /// Those of the call, and those of waiting.
    ///
    /// # Kill safety
    ///
    /// The call is made or it is not; nothing happens between.
    pub async fn async_io_mut<R>(
        &mut self,
        interest: Interest,
        mut call: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let (inner, registration) = self.parts_mut();
        io_for(registration, interest, || call(inner)).await
    }

    /// Makes a call now. If it would have blocked, the next wait for `interest` is a true one; of
    /// two directions only for those that are not ready.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        call: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        try_io_for(&self.registration, interest, || call(self.get_ref()))
    }

    /// As [`AsyncFd::try_io`], with a call that may change the descriptor.
    ///
    /// # Errors
    ///
    /// Those of the call.
    pub fn try_io_mut<R>(
        &mut self,
        interest: Interest,
        call: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let (inner, registration) = self.parts_mut();
        try_io_for(registration, interest, || call(inner))
    }
}
