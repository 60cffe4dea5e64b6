//! A descriptor in the loop's table, as the crates that do I/O hold it.

use std::fmt;
use std::future::Future;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::core::Core;
use crate::current;
use crate::error::LoopError;
use crate::remote::LoopRemote;
use crate::selector::ReadySet;
use crate::sources::{SourceKey, Ticket};

/// One of the two ways bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// In: readable, or a connection to accept.
    Read = 0,
    /// Out: writable, or a connection made.
    Write = 1,
}

impl Direction {
    pub(crate) const ALL: [Self; 2] = [Self::Read, Self::Write];

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

    /// Whether reading is watched.
    pub const fn readable(self) -> bool {
        self.readable
    }

    /// Whether writing is watched.
    pub const fn writable(self) -> bool {
        self.writable
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

    fn local(&self) -> Option<Rc<Core>> {
        self.remote.core()
    }

    /// Ready if a call is worth trying; else the waker is woken when it is.
    ///
    /// The waker takes the place of the one parked last. On another thread it is always ready.
    ///
    /// # Errors
    ///
    /// If the poller refuses, or the loop is destroyed.
    pub fn poll_ready(&self, direction: Direction, waker: &Waker) -> Poll<io::Result<()>> {
        let Some(core) = self.local() else { return Poll::Ready(Ok(self.remote.check()?)) };
        let ready = core.sources().ready(self.key);
        match ready {
            Some(ready) if ready.intersects(direction.ready()) => Poll::Ready(Ok(())),
            Some(_) => parked(core.sources().park(self.key, direction, waker)),
            None => Poll::Ready(Err(LoopError::Closed.into())),
        }
    }

    /// A call would have blocked: parks the waker until the descriptor is ready.
    ///
    /// # Errors
    ///
    /// If the poller refuses, or the loop is destroyed.
    pub fn poll_blocked(&self, direction: Direction, waker: &Waker) -> Poll<io::Result<()>> {
        let key = self.key;
        if let Some(core) = self.local() {
            core.sources().clear_ready(key, direction);
            return parked(core.sources().park(key, direction, waker));
        }
        let waker = waker.clone();
        let sent = self.remote.work(move |core| {
            let parked = core.sources().park_remote(key, direction, &waker);
            if parked.is_err() {
                waker.wake();
            }
        });
        parked(sent.map_err(io::Error::from))
    }

    /// A call on this thread would have blocked: readiness is unknown until the poller tells.
    pub fn clear_ready(&self, direction: Direction) {
        if let Some(core) = self.local() {
            core.sources().clear_ready(self.key, direction);
        }
    }

    /// A read or write on a stream moved less than it was given room for, so the next one would
    /// block. Not for other kinds of descriptor.
    pub fn clear_after_short(&self, direction: Direction) {
        if let Some(core) = self.local() {
            core.sources().clear_after_short(self.key, direction);
        }
    }

    /// Waits until the descriptor is ready, beside others who wait for the same.
    pub fn readiness(&self, direction: Direction) -> Readiness<'_> {
        Readiness { registration: self, direction, ticket: None, asked: false }
    }

    /// Ends the registration and closes the descriptor.
    pub fn close(&mut self, fd: OwnedFd) {
        let key = self.key;
        if let Some(core) = self.local() {
            let wakers = core.sources().remove_edge(key, true);
            drop(fd);
            core.wake_all(wakers);
            return;
        }
        let delete_first = self.remote.selector_traits().delete_before_close;
        let fd = delete_first.then_some(fd);
        self.remote
            .work(move |core| {
                let wakers = core.sources().remove_edge(key, true);
                drop(fd);
                core.wake_all(wakers);
            })
            .ok();
    }

    /// Ends the registration and leaves the descriptor open.
    pub fn release(&mut self) {
        let key = self.key;
        if let Some(core) = self.local() {
            let wakers = core.sources().remove_edge(key, false);
            core.wake_all(wakers);
            return;
        }
        self.remote
            .work(move |core| {
                let wakers = core.sources().remove_edge(key, false);
                core.wake_all(wakers);
            })
            .ok();
    }
}

fn parked<T>(result: io::Result<T>) -> Poll<io::Result<()>> {
    match result {
        Ok(_) => Poll::Pending,
        Err(error) => Poll::Ready(Err(error)),
    }
}

/// Waits for one direction of a [`Registration`]. Dropping it takes the interest back.
#[must_use = "futures do nothing unless they are polled"]
pub struct Readiness<'a> {
    registration: &'a Registration,
    direction: Direction,
    ticket: Option<Ticket>,
    /// On another thread: whether the loop was asked to wake us.
    asked: bool,
}

impl Future for Readiness<'_> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        match this.registration.local() {
            Some(core) => this.poll_local(&core, cx.waker()),
            None => this.poll_remote(cx.waker()),
        }
    }
}

impl Readiness<'_> {
    fn poll_local(&mut self, core: &Core, waker: &Waker) -> Poll<io::Result<()>> {
        let (key, direction) = (self.registration.key, self.direction);
        let Some(ready) = core.sources().ready(key) else {
            return Poll::Ready(Err(LoopError::Closed.into()));
        };
        if ready.intersects(direction.ready()) {
            return Poll::Ready(Ok(()));
        }
        let last = self.ticket.take().and_then(|last| core.sources().unpark(key, direction, last));
        self.ticket = Some(core.sources().park_beside(key, direction, waker)?);
        drop(last);
        Poll::Pending
    }

    /// Asks the kernel first, then the loop.
    fn poll_remote(&mut self, waker: &Waker) -> Poll<io::Result<()>> {
        if self.asked && ready_now(self.registration.fd, self.direction)? {
            return Poll::Ready(Ok(()));
        }
        self.asked = true;
        self.registration.poll_blocked(self.direction, waker)
    }
}

/// What the kernel says of a descriptor at this moment.
fn ready_now(fd: RawFd, direction: Direction) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let flags = match direction {
        Direction::Read => PollFlags::IN,
        Direction::Write => PollFlags::OUT,
    };
    let fd = crate::selector::borrow(fd)?;
    let none = Timespec { tv_sec: 0, tv_nsec: 0 };
    Ok(poll(&mut [PollFd::from_borrowed_fd(fd, flags)], Some(&none))? > 0)
}

impl Drop for Readiness<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let (key, direction) = (self.registration.key, self.direction);
        if let Some(core) = self.registration.local() {
            let waker = core.sources().unpark(key, direction, ticket);
            drop(waker);
        } else {
            self.registration
                .remote
                .work(move |core| {
                    let waker = core.sources().unpark(key, direction, ticket);
                    drop(waker);
                })
                .ok();
        }
    }
}

impl fmt::Debug for Readiness<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readiness").field("direction", &self.direction).finish_non_exhaustive()
    }
}
