//! The poller behind a seam: the only room that registers descriptors or waits.

#[cfg(all(target_os = "linux", not(evergreen_portable)))]
mod epoll;
#[cfg(evergreen_loom)]
mod model;
mod owned;
mod portable;

use std::fmt;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::time::Duration;

#[cfg(evergreen_loom)]
pub use self::model::{Bell, ModelSelector};
pub(crate) use self::owned::OwnedSelector;
pub use self::portable::PortableSelector;
use crate::registration::Interest;
use crate::sources::SourceKey;
use crate::sync::Arc;

/// How a descriptor reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Once for each change. A selector that cannot do this reports once and is armed again with
    /// [`Selector::modify`].
    Edge,
    /// At every wait for as long as it is so.
    Level,
}

/// What a descriptor was seen to be ready for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadySet(u8);

impl ReadySet {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// A read would not block.
    pub const READABLE: Self = Self(1);
    /// A write would not block.
    pub const WRITABLE: Self = Self(2);
    /// The peer hung up, closed its side or sent urgent data, or the descriptor has an error: only
    /// reading until it would block tells all.
    pub const CLOSED: Self = Self(4);

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Without what is in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// `self` if `condition`, else nothing.
    #[must_use]
    pub const fn when(self, condition: bool) -> Self {
        if condition { self } else { Self::NONE }
    }

    /// Whether they share anything.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A descriptor became ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The key it was added under.
    pub key: SourceKey,
    /// What it is ready for.
    pub ready: ReadySet,
}

/// What a selector can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectorTraits {
    /// [`Mode::Edge`] needs no arming.
    pub edge: bool,
    /// [`Mode::Level`] needs no arming.
    pub level: bool,
    /// The end of a stream is reported on its own, so that a short read on a stream proves that
    /// nothing is left.
    pub reports_end: bool,
    /// A descriptor must be deleted before it is closed.
    pub delete_before_close: bool,
}

/// Interrupts a wait, from any thread and from signal handlers.
pub trait Notify: Send + Sync + fmt::Debug {
    /// Makes the present or next [`Selector::wait`] return.
    fn notify(&self);
}

/// Waits for descriptors.
pub trait Selector {
    /// What it can do.
    fn traits(&self) -> SelectorTraits;

    /// Watches a descriptor that is not watched yet.
    ///
    /// # Errors
    ///
    /// What the system says: `EBADF`, `EPERM` for what cannot be polled, `EEXIST`.
    fn add(&mut self, fd: RawFd, key: SourceKey, interest: Interest, mode: Mode) -> io::Result<()>;

    /// Changes what is watched, or arms it again; what is ready already is reported anew.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn modify(
        &mut self,
        fd: RawFd,
        key: SourceKey,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<()>;

    /// Watches a descriptor no longer.
    ///
    /// # Errors
    ///
    /// What the system says, if the descriptor was closed before.
    fn delete(&mut self, fd: RawFd) -> io::Result<()>;

    /// Waits until something is ready, a notification comes or the time is over, and appends
    /// what is ready. A wait that a signal cuts short has seen nothing.
    ///
    /// # Errors
    ///
    /// What the system says; the loop then ends.
    fn wait(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()>;

    /// What interrupts the wait.
    fn notifier(&self) -> Arc<dyn Notify>;

    /// A descriptor that is readable when a wait would not block, for a loop that hosts this one;
    /// `None` if this kind of poller has none.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;
}

/// The best selector that this system has.
///
/// # Errors
///
/// If the system has no descriptor left for it.
pub fn system_selector() -> io::Result<Box<dyn Selector>> {
    #[cfg(all(target_os = "linux", not(evergreen_portable)))]
    return Ok(Box::new(epoll::EpollSelector::new()?));
    #[cfg(not(all(target_os = "linux", not(evergreen_portable))))]
    Ok(Box::new(PortableSelector::new()?))
}

/// Lends out a number that a caller says is a descriptor.
pub(crate) fn borrow(fd: RawFd) -> io::Result<BorrowedFd<'static>> {
    if fd < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: not -1, and lent to a system call that watches or polls the number, or to a host for
    // as long as the poller lives. Whether a watched number is open is its owner's matter; if it
    // is not, the kernel says so, and nothing is read, written or closed through it.
    #[expect(unsafe_code, reason = "watchers are keyed by number, as in Python")]
    Ok(unsafe { BorrowedFd::borrow_raw(fd) })
}
