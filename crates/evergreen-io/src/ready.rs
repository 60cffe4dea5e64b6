//! What a descriptor is ready for.

use std::fmt;
use std::io;
use std::ops::{BitOr, BitOrAssign};
use std::os::fd::AsFd;

use evergreen_loop::build::Interest;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// What a socket is ready for, as its `ready` tells. As tokio's.
///
/// ```
/// use evergreen_io::{Interest, net::UnixStream};
///
/// evergreen_loop::block_on(async {
///     let (ours, theirs) = UnixStream::pair()?;
///     let ready = ours.ready(Interest::READABLE | Interest::WRITABLE).await?;
///     assert!(ready.is_writable() && !ready.is_readable());
///     drop(theirs);
///     assert!(ours.ready(Interest::READABLE).await?.is_read_closed());
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ready(u8);

impl Ready {
    /// Nothing.
    pub const EMPTY: Self = Self(0);
    /// A read is worth trying.
    pub const READABLE: Self = Self(1);
    /// A write is worth trying.
    pub const WRITABLE: Self = Self(2);
    /// The peer sends no more: what has come may still be read.
    pub const READ_CLOSED: Self = Self(4);
    /// The peer takes no more, or the connection has failed.
    pub const WRITE_CLOSED: Self = Self(8);
    /// All of it.
    pub const ALL: Self = Self(15);

    /// Whether it is ready for nothing.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a read is worth trying: also to be told of the end.
    pub const fn is_readable(self) -> bool {
        self.0 & (Self::READABLE.0 | Self::READ_CLOSED.0) != 0
    }

    /// Whether a write is worth trying: also to be told of the end.
    pub const fn is_writable(self) -> bool {
        self.0 & (Self::WRITABLE.0 | Self::WRITE_CLOSED.0) != 0
    }

    /// Whether the peer sends no more.
    pub const fn is_read_closed(self) -> bool {
        self.contains(Self::READ_CLOSED)
    }

    /// Whether the peer takes no more, or the connection has failed.
    pub const fn is_write_closed(self) -> bool {
        self.contains(Self::WRITE_CLOSED)
    }

    /// Whether all of `other` is in it.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    const fn when(self, it_is: bool) -> Self {
        if it_is { self } else { Self::EMPTY }
    }

    /// What the kernel says at this moment, of what is asked.
    pub(crate) fn of(io: &impl AsFd, interest: Interest) -> io::Result<Self> {
        let mut asked = PollFlags::empty();
        asked.set(PollFlags::IN, interest.is_readable());
        asked.set(PollFlags::OUT, interest.is_writable());
        // As the poller: a read has to pass urgent data by.
        #[cfg(target_os = "linux")]
        asked.set(PollFlags::RDHUP | PollFlags::PRI, interest.is_readable());
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        let mut polled = [PollFd::new(io, asked)];
        rustix::io::retry_on_intr(|| poll(&mut polled, Some(&at_once)))?;
        Ok(Self::told(polled[0].revents(), interest))
    }

    fn told(flags: PollFlags, interest: Interest) -> Self {
        // A descriptor that was closed behind our back is ready: the call says so.
        let failed = flags.intersects(PollFlags::ERR | PollFlags::NVAL);
        let gone = failed || flags.contains(PollFlags::HUP);
        #[cfg(target_os = "linux")]
        let ended = gone || flags.contains(PollFlags::RDHUP);
        #[cfg(not(target_os = "linux"))]
        let ended = gone;
        let incoming = PollFlags::IN | PollFlags::PRI;
        let read = Self::READABLE.when(gone || flags.intersects(incoming));
        let write = Self::WRITABLE.when(gone || flags.contains(PollFlags::OUT));
        let read = (read | Self::READ_CLOSED.when(ended)).when(interest.is_readable());
        read | (write | Self::WRITE_CLOSED.when(gone)).when(interest.is_writable())
    }
}

impl BitOr for Ready {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Ready {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready")
            .field("readable", &self.is_readable())
            .field("writable", &self.is_writable())
            .field("read_closed", &self.is_read_closed())
            .field("write_closed", &self.is_write_closed())
            .finish()
    }
}
