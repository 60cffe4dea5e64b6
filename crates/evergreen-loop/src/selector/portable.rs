//! `polling` as it is documented, for every system that it carries.

use std::fmt;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::time::Duration;

use polling::{Events, PollMode, Poller};

use super::{Event, Mode, Notify, ReadySet, Selector, SelectorTraits, borrow};
use crate::registration::Interest;
use crate::sources::SourceKey;
use crate::sync::Arc;

/// A selector that makes `polling`'s own calls.
pub struct PortableSelector {
    poller: Arc<Poller>,
    events: Events,
}

impl PortableSelector {
    /// A selector with nothing to watch.
    ///
    /// # Errors
    ///
    /// If the system has no descriptor left for it.
    pub fn new() -> io::Result<Self> {
        Ok(Self { poller: Arc::new(Poller::new()?), events: Events::new() })
    }

    fn poll_mode(&self, mode: Mode) -> PollMode {
        match mode {
            Mode::Edge if self.poller.supports_edge() => PollMode::Edge,
            Mode::Level if self.poller.supports_level() => PollMode::Level,
            Mode::Edge | Mode::Level => PollMode::Oneshot,
        }
    }
}

impl Selector for PortableSelector {
    fn traits(&self) -> SelectorTraits {
        SelectorTraits {
            edge: self.poller.supports_edge(),
            level: self.poller.supports_level(),
            reports_end: false,
            delete_before_close: true,
        }
    }

    fn add(&mut self, fd: RawFd, key: SourceKey, interest: Interest, mode: Mode) -> io::Result<()> {
        let fd = borrow(fd)?;
        rustix::io::fcntl_getfd(fd)?;
        // SAFETY: sources delete a descriptor before they close it where `delete_before_close`
        // says so; one closed behind the loop's back is a number that the kernel refuses.
        #[expect(unsafe_code, reason = "the poller wants a promise that sources keep")]
        unsafe {
            self.poller.add_with_mode(&fd, interest_of(key, interest), self.poll_mode(mode))
        }
    }

    fn modify(
        &mut self,
        fd: RawFd,
        key: SourceKey,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<()> {
        let interest = interest_of(key, interest);
        self.poller.modify_with_mode(borrow(fd)?, interest, self.poll_mode(mode))
    }

    fn delete(&mut self, fd: RawFd) -> io::Result<()> {
        self.poller.delete(borrow(fd)?)
    }

    fn wait(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()> {
        self.events.clear();
        self.poller.wait(&mut self.events, timeout)?;
        events.extend(self.events.iter().map(|event| Event {
            key: SourceKey::from_bits(event.key as u64),
            ready: ready_set(&event),
        }));
        Ok(())
    }

    fn notifier(&self) -> Arc<dyn Notify> {
        Arc::new(Wake(Arc::clone(&self.poller)))
    }

    #[cfg(not(polling_test_poll_backend))]
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(std::os::fd::AsFd::as_fd(&*self.poller))
    }

    /// The plain `poll` back end, which `polling` can be made to use for tests, has none.
    #[cfg(polling_test_poll_backend)]
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl fmt::Debug for PortableSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortableSelector").field("poller", &self.poller).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Wake(Arc<Poller>);

impl Notify for Wake {
    fn notify(&self) {
        // It fails only if the poller is broken, and then the wait fails too.
        self.0.notify().ok();
    }
}

#[expect(clippy::cast_possible_truncation, reason = "keys fit: the crate is for 64 bits")]
fn interest_of(key: SourceKey, interest: Interest) -> polling::Event {
    polling::Event::new(key.to_bits() as usize, interest.is_readable(), interest.is_writable())
}

fn ready_set(event: &polling::Event) -> ReadySet {
    let broken = event.is_interrupt() || event.is_err() == Some(true);
    ReadySet::READABLE
        .when(event.readable || broken)
        .with(ReadySet::WRITABLE.when(event.writable || broken))
        .with(ReadySet::CLOSED.when(broken))
}
