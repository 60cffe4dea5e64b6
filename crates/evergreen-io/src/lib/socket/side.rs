//! Waiting for one direction of a socket: one task at a time.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;

use evergreen_loop::LoopError;
use evergreen_loop::build::Direction;
use evergreen_sync::Event;

use super::bad_descriptor::BadDescriptor;
use crate::lib::watch::Watch;

/// One direction, and the task that waits for it.
#[derive(Default)]
pub(super) struct Side {
    waiter: RefCell<Option<Rc<Waiter>>>,
    /// Why nobody is to wait for it any more.
    over: Cell<Option<BadDescriptor>>,
}

struct Waiter {
    told: Rc<Event>,
    watch: Cell<Option<Watch>>,
}

impl Side {
    /// Waits until the descriptor is ready, or somebody ends the wait.
    pub(super) async fn ready(&self, fd: RawFd, direction: Direction) -> io::Result<()> {
        // The poller would say "ready" of what says "not yet" for ever.
        self.check()?;
        let told = Rc::new(Event::new());
        let tell = Rc::clone(&told);
        let watch = Watch::new(fd, direction, move || tell.set());
        let watch = watch.map_err(|error| in_words(error, direction))?;
        let waiter = Rc::new(Waiter { told, watch: Some(watch).into() });
        self.waiter.replace(Some(Rc::clone(&waiter)));
        let _waiting = Waiting(self);
        waiter.told.wait().await;
        self.check()
    }

    fn check(&self) -> io::Result<()> {
        self.over.get().map_or(Ok(()), |why| Err(why.into()))
    }

    /// What was shut down begins anew.
    pub(super) fn renew(&self) {
        self.over.set(self.over.get().filter(|why| *why != BadDescriptor::ShutDownMeanwhile));
    }

    /// The task that waits is told why it does so in vain. From now on nothing is watched.
    pub(super) fn end(&self, why: BadDescriptor) {
        self.over.set(Some(why));
        if let Some(waiter) = self.waiter.take() {
            drop(waiter.watch.take());
            waiter.told.set();
        }
    }
}

/// Makes room for the next when the wait is over, or given up.
struct Waiting<'a>(&'a Side);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        drop(self.0.waiter.take());
    }
}

/// The second who waits has no place in a line: the bytes would be torn between the two.
fn in_words(error: LoopError, direction: Direction) -> io::Error {
    let what = match (&error, direction) {
        (LoopError::Busy(_), Direction::Read) => "read from",
        (LoopError::Busy(_), Direction::Write) => "write to",
        _ => return error.into(),
    };
    let message = format!("something waits to {what} this socket already: one task at a time may");
    io::Error::new(io::ErrorKind::ResourceBusy, message)
}
