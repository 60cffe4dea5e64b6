//! A selector that only the process that made it uses.

use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::time::Duration;

use super::{Event, Mode, Notify, Selector, SelectorTraits};
use crate::error::LoopError;
use crate::fork::Process;
use crate::registration::Interest;
use crate::sources::SourceKey;
use crate::sync::Arc;

/// Refuses in the child of a fork, whose poller is its parent's.
pub(crate) struct OwnedSelector {
    selector: Box<dyn Selector>,
    /// They do not change: every read and write asks for them.
    traits: SelectorTraits,
    owner: Process,
}

impl OwnedSelector {
    pub(crate) fn new(selector: Box<dyn Selector>, owner: Process) -> Self {
        Self { traits: selector.traits(), selector, owner }
    }

    fn ours(&mut self) -> io::Result<&mut dyn Selector> {
        if self.owner.is_forked() { Err(LoopError::Forked.into()) } else { Ok(&mut *self.selector) }
    }

    pub(crate) const fn traits(&self) -> SelectorTraits {
        self.traits
    }

    pub(crate) fn notifier(&self) -> Arc<dyn Notify> {
        self.selector.notifier()
    }

    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.selector.descriptor()
    }

    pub(crate) fn add(
        &mut self,
        fd: RawFd,
        key: SourceKey,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<()> {
        self.ours()?.add(fd, key, interest, mode)
    }

    pub(crate) fn modify(
        &mut self,
        fd: RawFd,
        key: SourceKey,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<()> {
        self.ours()?.modify(fd, key, interest, mode)
    }

    pub(crate) fn delete(&mut self, fd: RawFd) -> io::Result<()> {
        self.ours()?.delete(fd)
    }

    pub(crate) fn wait(
        &mut self,
        timeout: Option<Duration>,
        events: &mut Vec<Event>,
    ) -> io::Result<()> {
        self.ours()?.wait(timeout, events)
    }
}
