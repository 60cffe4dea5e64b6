//! A poller that knows of notifications alone, for models of races: who waits for one that never
//! comes is seen by the model checker.

use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::time::Duration;

use super::{Event, Mode, Notify, Selector, SelectorTraits};
use crate::registration::Interest;
use crate::sources::SourceKey;
use crate::sync::{Arc, Condvar, Mutex, lock, wait_while};

/// Rings, and keeps ringing until somebody has heard it, as an edge of an eventfd does.
#[derive(Debug)]
pub struct Bell {
    state: Mutex<Ringing>,
    heard: Condvar,
}

#[derive(Debug, Default)]
struct Ringing {
    rings: bool,
    times: usize,
}

impl Bell {
    /// A bell that is silent.
    #[allow(clippy::new_without_default, reason = "it belongs to a model that runs")]
    pub fn new() -> Self {
        Self { state: Mutex::new(Ringing::default()), heard: Condvar::new() }
    }

    /// Waits until it rings.
    pub fn wait(&self) {
        let state = lock(&self.state);
        let silent = |state: &mut Ringing| !state.rings;
        wait_while(&self.heard, state, Duration::MAX, silent).rings = false;
    }

    /// How often it was rung.
    pub fn times(&self) -> usize {
        lock(&self.state).times
    }
}

impl Notify for Bell {
    fn notify(&self) {
        let mut state = lock(&self.state);
        state.rings = true;
        state.times += 1;
        drop(state);
        self.heard.notify_one();
    }
}

impl std::task::Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.notify();
    }
}

/// Waits for its bell.
#[derive(Debug)]
pub struct ModelSelector(pub Arc<Bell>);

impl Selector for ModelSelector {
    fn traits(&self) -> SelectorTraits {
        SelectorTraits { edge: true, level: true, reports_end: true, delete_before_close: false }
    }

    fn add(&mut self, _: RawFd, _: SourceKey, _: Interest, _: Mode) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn modify(&mut self, _: RawFd, _: SourceKey, _: Interest, _: Mode) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn delete(&mut self, _: RawFd) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Time stands still in a model: a wait with a limit is one without, unless that is zero.
    fn wait(&mut self, timeout: Option<Duration>, _: &mut Vec<Event>) -> io::Result<()> {
        if timeout == Some(Duration::ZERO) {
            lock(&self.0.state).rings = false;
        } else {
            self.0.wait();
        }
        Ok(())
    }

    fn notifier(&self) -> Arc<dyn Notify> {
        Arc::<Bell>::clone(&self.0)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}
