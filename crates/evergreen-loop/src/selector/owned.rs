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

/// Refuses in the child of a fork, whose poller is its parent's. There it is not dropped either:
/// a poller takes its own descriptors out of the kernel's table when it goes.
pub(crate) struct OwnedSelector {
    selector: Option<Box<dyn Selector>>,
    owner: Process,
}

impl OwnedSelector {
    pub(crate) fn new(selector: Box<dyn Selector>, owner: Process) -> Self {
        Self { selector: Some(selector), owner }
    }

    fn get(&self) -> &dyn Selector {
        self.selector.as_deref().expect("there until it is dropped")
    }

    fn ours(&mut self) -> io::Result<&mut dyn Selector> {
        if self.owner.is_forked() {
            return Err(LoopError::Forked.into());
        }
        Ok(&mut **self.selector.as_mut().expect("there until it is dropped"))
    }

    pub(crate) fn traits(&self) -> SelectorTraits {
        self.get().traits()
    }

    pub(crate) fn notifier(&self) -> Arc<dyn Notify> {
        self.get().notifier()
    }

    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.get().descriptor()
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

impl Drop for OwnedSelector {
    fn drop(&mut self) {
        if self.owner.is_forked() {
            self.selector.take().map(Box::leak);
        }
    }
}
