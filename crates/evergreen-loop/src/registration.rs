//! A descriptor in the loop's table, as the crates that do I/O hold it.

use std::fmt;
use std::fs::File;
use std::future::Future;
use std::io;
use std::ops::BitOr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::budget::unless_spent;
use crate::current;
use crate::error::LoopError;
use crate::remote::LoopRemote;
use crate::selector::ReadySet;
use crate::sources::{Parked, SourceKey, Sources, Ticket};

/// One of the two ways bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// In: readable, or a connection to accept.
    Read = 0,
    /// Out: writable, or a connection made.
    Write = 1,
}

impl Direction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    pub(crate) const fn ready(self) -> ReadySet {
        match self {
            Self::Read => ReadySet::READABLE,
            Self::Write => ReadySet::WRITABLE,
        }
    }
}

/// Which directions of a descriptor are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    readable: bool,
    writable: bool,
}

impl Interest {
    /// Neither.
    pub const NONE: Self = Self::new(false, false);
    /// Only reading.
    pub const READABLE: Self = Self::new(true, false);
    /// Only writing.
    pub const WRITABLE: Self = Self::new(false, true);
    /// Both directions.
    pub const BOTH: Self = Self::new(true, true);

    /// The directions that are true.
    pub const fn new(readable: bool, writable: bool) -> Self {
        Self { readable, writable }
    }

    /// One direction.
    pub const fn of(direction: Direction) -> Self {
        match direction {
            Direction::Read => Self::READABLE,
            Direction::Write => Self::WRITABLE,
        }
    }

    /// Whether reading is watched.
    pub const fn is_readable(self) -> bool {
        self.readable
    }

    /// Whether writing is watched.
    pub const fn is_writable(self) -> bool {
        self.writable
    }

    /// What either of the two watches. As tokio's; also written `|`.
    #[must_use]
    pub const fn add(self, other: Self) -> Self {
        Self::new(self.readable || other.readable, self.writable || other.writable)
    }

    /// Whether a direction is watched.
    pub const fn watches(self, direction: Direction) -> bool {
        match direction {
            Direction::Read => self.readable,
            Direction::Write => self.writable,
        }
    }
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.add(other)
    }
}

/// A non-blocking descriptor, registered with the loop of the thread that made it.
///
/// It may be used from any thread. On the loop's own thread readiness is cached in plain
/// cells; elsewhere the call is tried first and the waker parked through the loop's inbox.
///
/// The owner of the descriptor ends the registration with [`Registration::close`] or
/// [`Registration::release`]; one that is only dropped stays in the table until the loop ends.
#[derive(Debug)]
pub struct Registration {
    remote: LoopRemote,
    key: SourceKey,
    fd: RawFd,
}

impl Registration {
    /// Registers a descriptor with this thread's loop. The caller keeps it open.
    ///
    /// # Errors
    ///
    /// [`LoopError::NoLoop`], [`LoopError::Busy`], [`LoopError::NotPollable`],
    /// [`LoopError::BadDescriptor`] or [`LoopError::Os`].
    pub fn new(fd: &impl AsRawFd, interest: Interest) -> Result<Self, LoopError> {
        let core = current::core_or_new()?;
        let remote = core.remote();
        remote.check()?;
        let fd = fd.as_raw_fd();
        let added = core.sources().add_edge(fd, interest);
        core.revoke_stale();
        let key = added?;
        Ok(Self { remote, key, fd })
    }

    /// The loop it is registered with.
    pub const fn remote(&self) -> &LoopRemote {
        &self.remote
    }

    /// Looks into the loop's table, on the loop's own thread. What is taken out of the table is given
    /// back, to be dropped behind it.
    fn look<R>(&self, look: impl FnOnce(&mut Sources, SourceKey) -> R) -> Option<R> {
        self.remote.with_core(|core| look(&mut core.sources(), self.key))
    }

    /// Ready if a call is worth trying; else the waker is woken when it is.
    ///
    /// The waker takes the place of the one parked last. On another thread it is always ready.
    ///
    /// # Errors
    ///
    /// If the poller refuses, or the loop is destroyed.
    pub fn poll_ready(&self, direction: Direction, waker: &Waker) -> Poll<io::Result<()>> {
        match self.poll_here(direction, || None, waker) {
            Some(polled) => polled,
            None => Poll::Ready(Ok(self.remote.check()?)),
        }
    }

    /// As [`Registration::poll_ready`], for those who do not tell whether their call has blocked:
    /// on another thread the kernel is asked, and the waker parked.
    ///
    /// # Errors
    ///
    /// If the poller refuses, or the loop is destroyed.
    pub fn poll_readiness(&self, direction: Direction, waker: &Waker) -> Poll<io::Result<()>> {
        match self.poll_here(direction, || None, waker) {
            Some(polled) => polled,
            None if ready_now(self.fd, direction)? => Poll::Ready(Ok(self.remote.check()?)),
            None => self.park_remote(direction, None, waker),
        }
    }

    /// On the loop's own thread. The ticket is made only if there is something to wait for.
    fn poll_here(
        &self,
        direction: Direction,
        ticket: impl FnOnce() -> Option<Ticket>,
        waker: &Waker,
    ) -> Option<Poll<io::Result<()>>> {
        let polled = self.remote.with_core(|core| {
            let parked = core.sources().park_unless_ready(self.key, direction, ticket, waker);
            parked.ok_or_else(|| core.may_go_on())
        });
        Some(match polled? {
            Ok(parked) => pending(parked),
            Err(may_go_on) => unless_spent(may_go_on, waker).map(Ok),
        })
    }

    fn park_here(
        &self,
        direction: Direction,
        ticket: Option<Ticket>,
        waker: &Waker,
    ) -> Option<Poll<io::Result<()>>> {
        self.look(|sources, key| sources.park(key, direction, ticket, waker)).map(pending)
    }

    /// A call would have blocked: parks the waker until the descriptor is ready.
    ///
    /// # Errors
    ///
    /// If the poller refuses, or the loop is destroyed.
    pub fn poll_blocked(&self, direction: Direction, waker: &Waker) -> Poll<io::Result<()>> {
        let parked = self.look(|sources, key| {
            sources.clear_ready(key, direction);
            sources.park(key, direction, None, waker)
        });
        match parked {
            Some(parked) => pending(parked),
            None => self.park_remote(direction, None, waker),
        }
    }

    /// Has the loop park a waker of this thread.
    fn park_remote(
        &self,
        direction: Direction,
        ticket: Option<Ticket>,
        waker: &Waker,
    ) -> Poll<io::Result<()>> {
        let (key, waiting) = (self.key, WakeOnDrop(Some(waker.clone())));
        self.remote.work(move |core| {
            let Some(waker) = waiting.disarm() else { return };
            let parked = core.sources().park_remote(key, direction, ticket, &waker);
            if parked.refused.is_some() {
                waker.wake();
            }
        })?;
        Poll::Pending
    }

    /// A call on this thread would have blocked: readiness is unknown until the poller tells.
    pub fn clear_ready(&self, direction: Direction) {
        self.look(|sources, key| sources.clear_ready(key, direction));
    }

    /// How many events there were, for [`Registration::clear_ready_of`].
    pub fn events(&self) -> u32 {
        self.look(Sources::events).unwrap_or(0)
    }

    /// As [`Registration::clear_ready`], for what was known when there were so many events. A later
    /// one stands.
    pub fn clear_ready_of(&self, direction: Direction, events: u32) {
        self.look(|sources, key| {
            if sources.events(key) == events {
                sources.clear_ready(key, direction);
            }
        });
    }

    /// A call for these directions would have blocked. Of two, the one that the kernel calls ready
    /// stays so, as the poller tells of none twice.
    pub fn clear_blocked(&self, interest: Interest) {
        let either = interest == Interest::BOTH;
        for direction in Direction::ALL.into_iter().filter(|one| interest.watches(*one)) {
            if !(either && ready_now(self.fd, direction).unwrap_or(false)) {
                self.clear_ready(direction);
            }
        }
    }

    /// A read or write on a stream moved less than it was given room for, so the next one would
    /// block. Not for other kinds of descriptor.
    pub fn clear_after_short(&self, direction: Direction) {
        self.look(|sources, key| sources.clear_after_short(key, direction));
    }

    /// Waits until the descriptor is ready, beside others who wait for the same.
    pub fn readiness(&self, direction: Direction) -> Readiness<'_> {
        Readiness { registration: self, direction, seen: None, ticket: None }
    }

    /// As [`Registration::readiness`], but also what is ready is waited for until the poller tells of
    /// the descriptor again: for those whose call would have blocked in spite of it. On another
    /// thread there is no difference.
    pub fn next_readiness(&self, direction: Direction) -> Readiness<'_> {
        let seen = self.look(Sources::events);
        Readiness { registration: self, direction, seen, ticket: None }
    }

    /// Whoever polled last waits no longer: takes the interest back. To be called by those whose
    /// future is dropped.
    pub fn unpark(&self, direction: Direction) {
        self.unpark_at(direction, None);
    }

    fn unpark_at(&self, direction: Direction, ticket: Option<Ticket>) {
        let key = self.key;
        self.remote.on_loop(move |core| {
            let waker = core.sources().unpark(key, direction, ticket);
            drop(waker);
        });
    }

    /// Ends the registration and closes the descriptor.
    pub fn close(&mut self, fd: OwnedFd) {
        // Where the poller need not hear of it first, the descriptor is closed here and now.
        let fd = self.remote.selector_traits().delete_before_close.then_some(fd);
        let key = self.key;
        self.remote.on_loop(move |core| {
            let wakers = core.sources().remove_edge(key, true);
            drop(fd);
            core.wake_all(wakers);
        });
    }

    /// Ends the registration and closes the descriptor, of which there may be duplicates. The
    /// poller is told first, as it would report those for ever. On another thread, both are left to
    /// the loop.
    pub fn close_shared(&mut self, fd: OwnedFd) {
        let key = self.key;
        self.remote.on_loop(move |core| {
            let wakers = core.sources().remove_edge(key, false);
            drop(fd);
            core.wake_all(wakers);
        });
    }

    /// Ends the registration and leaves the descriptor open.
    pub fn release(&mut self) {
        let key = self.key;
        self.remote.on_loop(move |core| {
            let wakers = core.sources().remove_edge(key, false);
            core.wake_all(wakers);
        });
    }
}

fn pending(parked: Parked) -> Poll<io::Result<()>> {
    drop(parked.replaced);
    parked.refused.map_or(Poll::Pending, |error| Poll::Ready(Err(error)))
}

/// A waker on its way to the loop. If it does not arrive, whoever waits looks again.
struct WakeOnDrop(Option<Waker>);

impl WakeOnDrop {
    fn disarm(mut self) -> Option<Waker> {
        self.0.take()
    }
}

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        if let Some(waker) = self.0.take() {
            waker.wake();
        }
    }
}

/// Waits for one direction of a [`Registration`], beside others. Dropping it takes the interest
/// back.
#[must_use = "futures do nothing unless they are polled"]
pub struct Readiness<'a> {
    registration: &'a Registration,
    direction: Direction,
    /// The events that are too old to count.
    seen: Option<u32>,
    /// Its place among the waiting, once it waits.
    ticket: Option<Ticket>,
}

impl Future for Readiness<'_> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let (registration, direction) = (this.registration, this.direction);
        let waited_before = this.ticket.is_some();
        let mut ticket = || Some(*this.ticket.get_or_insert_with(Ticket::next));
        let is_old = this.seen.is_some() && this.seen == registration.look(Sources::events);
        let here = match is_old {
            true => registration.park_here(direction, ticket(), cx.waker()),
            false => registration.poll_here(direction, &mut ticket, cx.waker()),
        };
        if let Some(polled) = here {
            return polled;
        }
        // Elsewhere the kernel knows best, once the loop has woken us.
        if waited_before && ready_now(registration.fd, direction)? {
            return Poll::Ready(Ok(()));
        }
        registration.park_remote(direction, ticket(), cx.waker())
    }
}

/// What the kernel says of a descriptor at this moment.
fn ready_now(fd: RawFd, direction: Direction) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let flags = match direction {
        // All that the poller wakes for, or the woken would find nothing and wait again, for ever.
        #[cfg(target_os = "linux")]
        Direction::Read => PollFlags::IN | PollFlags::PRI | PollFlags::RDHUP,
        #[cfg(not(target_os = "linux"))]
        Direction::Read => PollFlags::IN,
        Direction::Write => PollFlags::OUT,
    };
    let mut polled = [PollFd::from_borrowed_fd(crate::selector::borrow(fd)?, flags)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    Ok(rustix::io::retry_on_intr(|| poll(&mut polled, Some(&at_once)))? > 0)
}

/// The mode of a descriptor, which says of what kind it is.
///
/// # Errors
///
/// If it is not open, or there is none left to look through.
pub fn descriptor_mode(fd: &impl AsRawFd) -> io::Result<u32> {
    let duplicate = crate::selector::borrow(fd.as_raw_fd())?.try_clone_to_owned()?;
    Ok(File::from(duplicate).metadata()?.mode())
}

impl Drop for Readiness<'_> {
    fn drop(&mut self) {
        if self.ticket.is_some() {
            self.registration.unpark_at(self.direction, self.ticket);
        }
    }
}

impl fmt::Debug for Readiness<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readiness").field("direction", &self.direction).finish_non_exhaustive()
    }
}
