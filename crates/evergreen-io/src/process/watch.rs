//! A descriptor that is readable once a child has ended.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use evergreen_loop::EventLoop;
use evergreen_loop::build::Interest;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

use super::exit::Exit;
use super::reaper;
use crate::pipe::non_blocking;
use crate::source::Source;

/// How the end of a child is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By a descriptor of the child, if the kernel has such.
    Descriptor,
    /// By SIGCHLD.
    Signal,
}

/// Readable once the child has ended.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) source: Source<OwnedFd>,
    way: Way,
}

impl Watch {
    pub(super) fn new(event_loop: &EventLoop, exit: &Arc<Exit>, way: Way) -> io::Result<Self> {
        let pidfd = match way {
            Way::Descriptor => open(exit.pid()),
            Way::Signal => None,
        };
        let (descriptor, way) = match pidfd {
            Some(pidfd) => (pidfd, Way::Descriptor),
            None => (closed_at_exit(event_loop, exit)?, Way::Signal),
        };
        Ok(Self { source: Source::new(descriptor, Interest::READABLE)?, way })
    }

    /// Whether somebody takes the status of the child also if this goes.
    pub(super) fn is_looked_after(&self) -> bool {
        self.way == Way::Signal
    }

    /// Sends a signal to the child and to no other process.
    pub(super) fn signal(&self, pid: Pid, signal: Signal) -> Result<(), Errno> {
        #[cfg(target_os = "linux")]
        if self.way == Way::Descriptor {
            return rustix::process::pidfd_send_signal(self.source.io(), signal);
        }
        kill_process(pid, signal)
    }
}

/// The flag is as old as what else is needed: without it the kernel refuses.
#[cfg(all(target_os = "linux", not(evergreen_portable)))]
fn open(pid: Pid) -> Option<OwnedFd> {
    use rustix::process::{PidfdFlags, pidfd_open};
    pidfd_open(pid, PidfdFlags::NONBLOCK).ok()
}

#[cfg(not(all(target_os = "linux", not(evergreen_portable))))]
const fn open(_: Pid) -> Option<OwnedFd> {
    None
}

/// The reading end of a pipe, whose other end is closed when SIGCHLD has told of the child's end.
fn closed_at_exit(event_loop: &EventLoop, exit: &Arc<Exit>) -> io::Result<OwnedFd> {
    let (reader, writer) = non_blocking()?;
    reaper::look_after(event_loop, Arc::clone(exit), Some(writer))?;
    Ok(reader)
}
