//! The poller's own epoll descriptor, used directly: one call to register, one to wait.
//!
//! `Poller::wait` makes five system calls and does not ask for the end of a stream. It is never
//! used here, and neither is `Poller::notify`: a notification is a write to an eventfd of ours,
//! which is edge-triggered and never read.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use polling::Poller;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;

use super::{Event, Mode, Notify, ReadySet, Selector, SelectorTraits, borrow};
use crate::registration::Interest;
use crate::sources::SourceKey;
use crate::sync::Arc;

/// Under this key stands the eventfd; `Poller` uses the same for descriptors of its own.
const WAKE: u64 = u64::MAX;
const EVENTS_PER_WAIT: usize = 1024;
const MILLISECOND: Duration = Duration::from_millis(1);

pub(super) struct EpollSelector {
    poller: Poller,
    wake: Arc<Wake>,
    buffer: Vec<epoll::Event>,
}

impl EpollSelector {
    pub(super) fn new() -> io::Result<Self> {
        let poller = Poller::new()?;
        let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let flags = EventFlags::IN | EventFlags::ET;
        epoll::add(&poller, &wake, EventData::new_u64(WAKE), flags)?;
        let buffer = Vec::with_capacity(EVENTS_PER_WAIT);
        Ok(Self { poller, wake: Arc::new(Wake(wake)), buffer })
    }

    /// `epoll_wait` counts in milliseconds. It waits for the whole ones; the fraction that is left
    /// then is a wait of its own, by `ppoll` on the epoll descriptor, which counts nanoseconds.
    fn fill(&mut self, timeout: Option<Duration>) -> Result<(), Errno> {
        self.buffer.clear();
        let whole = match timeout {
            Some(fraction) if !fraction.is_zero() && fraction < MILLISECOND => {
                let mut descriptors = [PollFd::new(&self.poller, PollFlags::IN)];
                if poll(&mut descriptors, Some(&timespec(fraction)))? == 0 {
                    return Ok(());
                }
                Some(timespec(Duration::ZERO))
            },
            Some(length) => Some(timespec(Duration::from_millis(whole_millis(length)))),
            None => None,
        };
        epoll::wait(&self.poller, spare_capacity(&mut self.buffer), whole.as_ref()).map(drop)
    }
}

/// At most what `epoll_wait` can count.
fn whole_millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX).min(i32::MAX as u64)
}

fn timespec(length: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(length.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: length.subsec_nanos().into(),
    }
}

impl Selector for EpollSelector {
    fn traits(&self) -> SelectorTraits {
        SelectorTraits { edge: true, level: true, reports_end: true, delete_before_close: false }
    }

    fn add(&mut self, fd: RawFd, key: SourceKey, interest: Interest, mode: Mode) -> io::Result<()> {
        let data = EventData::new_u64(key.to_bits());
        Ok(epoll::add(&self.poller, borrow(fd)?, data, flags(interest, mode))?)
    }

    fn modify(
        &mut self,
        fd: RawFd,
        key: SourceKey,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<()> {
        let data = EventData::new_u64(key.to_bits());
        Ok(epoll::modify(&self.poller, borrow(fd)?, data, flags(interest, mode))?)
    }

    fn delete(&mut self, fd: RawFd) -> io::Result<()> {
        Ok(epoll::delete(&self.poller, borrow(fd)?)?)
    }

    fn wait(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()> {
        match self.fill(timeout) {
            Ok(()) | Err(Errno::INTR) => {},
            Err(error) => return Err(error.into()),
        }
        events.extend(self.buffer.iter().filter(|event| event.data.u64() != WAKE).map(|event| {
            Event { key: SourceKey::from_bits(event.data.u64()), ready: ready_set(event.flags) }
        }));
        Ok(())
    }

    fn notifier(&self) -> Arc<dyn Notify> {
        Arc::<Wake>::clone(&self.wake)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.poller.as_fd())
    }
}

struct Wake(OwnedFd);

impl Notify for Wake {
    /// Each write is an edge, also while the counter stands above zero.
    fn notify(&self) {
        if rustix::io::write(&self.0, &1u64.to_ne_bytes()) == Err(Errno::AGAIN) {
            // The counter is full after 2^64 - 2 wake-ups: empty it, then write.
            rustix::io::read(&self.0, &mut [0; 8]).ok();
            rustix::io::write(&self.0, &1u64.to_ne_bytes()).ok();
        }
    }
}

impl fmt::Debug for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Wake").field(&self.0).finish()
    }
}

fn flags(interest: Interest, mode: Mode) -> EventFlags {
    let mut flags = EventFlags::empty();
    flags.set(EventFlags::IN, interest.is_readable());
    flags.set(EventFlags::OUT, interest.is_writable());
    flags.set(EventFlags::RDHUP | EventFlags::ET, mode == Mode::Edge);
    // A read stops at urgent data, so it tells nothing by being short.
    flags.set(EventFlags::PRI, mode == Mode::Edge && interest.is_readable());
    flags
}

fn ready_set(flags: EventFlags) -> ReadySet {
    let broken = flags.intersects(EventFlags::HUP | EventFlags::ERR);
    let ended = flags.intersects(EventFlags::RDHUP | EventFlags::PRI);
    let readable = broken || ended || flags.contains(EventFlags::IN);
    let writable = broken || flags.contains(EventFlags::OUT);
    ReadySet::READABLE
        .when(readable)
        .with(ReadySet::WRITABLE.when(writable))
        .with(ReadySet::CLOSED.when(broken || ended))
}
