//! Any descriptor that can be polled.

mod guard;
mod refused;
mod waiting;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use evergreen_loop::build::{Interest, Registration};

pub use self::guard::{AsyncFdReadyGuard, AsyncFdReadyMutGuard, TryIoError};
pub use self::refused::AsyncFdRegisterError;
use crate::source::readiness::nothing_asked;

/// A descriptor of yours, and whether it is ready: a device, an eventfd, an inotify instance, a
/// socket of a kind of its own. As tokio's.
///
/// The descriptor must be non-blocking. It is registered in edge mode: once ready, it counts as
/// ready until a guard is told otherwise, so a call is to be repeated until it would block. When the
/// `AsyncFd` is dropped, the loop forgets the descriptor before `T` goes, which may close it;
/// [`AsyncFd::into_inner`] gives `T` back instead.
///
/// It belongs to the loop of the thread that made it. If `T` allows, it may be sent to, used and
/// dropped on any other. There nothing is remembered, and each wait asks the system; the loop forgets
/// the descriptor at its next turn, perhaps after `T` has closed it.
///
/// ```
/// use evergreen_io::AsyncFd;
/// use std::io::Read;
/// use std::os::unix::net::UnixStream;
///
/// evergreen_loop::block_on(async {
///     let (ours, theirs) = UnixStream::pair()?;
///     ours.set_nonblocking(true)?;
///     let ours = AsyncFd::new(ours)?;
///     let writer = evergreen_loop::spawn_blocking(move || {
///         std::io::Write::write_all(&mut &theirs, b"word")
///     });
///     let mut word = [0; 8];
///     let length = loop {
///         let mut guard = ours.readable().await?;
///         // Says whether it would have blocked, and then waits in earnest.
///         match guard.try_io(|ours| ours.get_ref().read(&mut word)) {
///             Ok(result) => break result?,
///             Err(_would_block) => continue,
///         }
///     };
///     assert_eq!(&word[..length], b"word");
///     writer.await.expect("no panic")
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct AsyncFd<T: AsRawFd> {
    /// Gone only while the whole goes.
    inner: Option<T>,
    registration: Registration,
}

impl<T: AsRawFd> AsyncFd<T> {
    /// Registers a descriptor, which must be non-blocking, for reading and writing.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] for regular files, directories and some devices, which are
    /// always ready and cannot be polled; [`io::ErrorKind::AlreadyExists`] if the loop knows the
    /// descriptor; if it is not open; if this thread has no loop.
    pub fn new(inner: T) -> io::Result<Self> {
        Self::with_interest(inner, Interest::BOTH)
    }

    /// As [`AsyncFd::new`], for one direction only. A wait for the other one ends when the descriptor
    /// fails, if ever.
    ///
    /// # Errors
    ///
    /// As those of [`AsyncFd::new`]; [`io::ErrorKind::InvalidInput`] if `interest` is of nothing.
    pub fn with_interest(inner: T, interest: Interest) -> io::Result<Self> {
        Self::try_with_interest(inner, interest).map_err(|refused| refused.into_parts().1)
    }

    /// As [`AsyncFd::new`], and the descriptor comes back if it is refused.
    ///
    /// # Errors
    ///
    /// As those of [`AsyncFd::new`], with the descriptor.
    pub fn try_new(inner: T) -> Result<Self, AsyncFdRegisterError<T>> {
        Self::try_with_interest(inner, Interest::BOTH)
    }

    /// As [`AsyncFd::with_interest`], and the descriptor comes back if it is refused.
    ///
    /// # Errors
    ///
    /// As those of [`AsyncFd::with_interest`], with the descriptor.
    pub fn try_with_interest(
        inner: T,
        interest: Interest,
    ) -> Result<Self, AsyncFdRegisterError<T>> {
        if interest == Interest::NONE {
            return Err(AsyncFdRegisterError::new(inner, nothing_asked()));
        }
        match Registration::new(&inner, interest) {
            Ok(registration) => Ok(Self { inner: Some(inner), registration }),
            Err(error) => {
                let cause = refused::refusal(&inner, error);
                Err(AsyncFdRegisterError::new(inner, cause))
            },
        }
    }

    /// The descriptor.
    #[expect(clippy::missing_panics_doc, reason = "the expectation cannot fail")]
    pub const fn get_ref(&self) -> &T {
        self.inner.as_ref().expect("taken out only when the whole goes")
    }

    /// The descriptor.
    #[expect(clippy::missing_panics_doc, reason = "the expectation cannot fail")]
    pub const fn get_mut(&mut self) -> &mut T {
        self.inner.as_mut().expect("taken out only when the whole goes")
    }

    fn parts_mut(&mut self) -> (&mut T, &Registration) {
        let inner = self.inner.as_mut().expect("taken out only when the whole goes");
        (inner, &self.registration)
    }

    /// Gives the descriptor back, which the loop no longer knows.
    #[expect(clippy::missing_panics_doc, reason = "the expectation cannot fail")]
    pub fn into_inner(mut self) -> T {
        self.registration.release();
        self.inner.take().expect("taken out only when the whole goes")
    }
}

impl<T: AsRawFd> Drop for AsyncFd<T> {
    /// The loop forgets the descriptor, then `T` goes.
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take() {
            self.registration.release();
            drop(inner);
        }
    }
}

impl<T: AsRawFd> AsRawFd for AsyncFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.get_ref().as_raw_fd()
    }
}

impl<T: AsRawFd + AsFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}
