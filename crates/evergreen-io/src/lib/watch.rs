//! A descriptor that is watched while somebody waits for it.

use std::os::fd::RawFd;

use evergreen_loop::build::Direction;
use evergreen_loop::{EventLoop, Handler, LoopError};

/// Calls something in each turn in which a descriptor is ready, until it is dropped.
///
/// Nobody owns the descriptor by it, so whoever has the number may wait: R-5 keeps the edges of a
/// [`Source`](crate::source::Source) apart from that.
#[derive(Debug)]
pub(super) struct Watch(Handler);

impl Watch {
    pub(super) fn new(
        fd: RawFd,
        direction: Direction,
        f: impl FnMut() + 'static,
    ) -> Result<Self, LoopError> {
        let event_loop = EventLoop::current()?;
        let handler = match direction {
            Direction::Read => event_loop.add_reader(fd, f),
            Direction::Write => event_loop.add_writer(fd, f),
        };
        Ok(Self(handler?))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
