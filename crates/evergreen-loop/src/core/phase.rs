//! Where a loop is in its life, and what starts and stops it.

use std::rc::Rc;

use super::Core;
use crate::error::{ErrorContext, ErrorOrigin, LoopError, SystemStop};
use crate::metrics::add_time;

/// Where a loop is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Created,
    /// Between two runs that were no `run`: `block_on` or single turns.
    Idle,
    Running,
    Ended,
    /// Destructors run; nothing new is taken.
    Closing,
    Destroyed,
}

impl Core {
    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Whether the loop is running, or running destructors.
    pub(crate) fn is_inside(&self) -> bool {
        matches!(self.phase.get(), Phase::Running | Phase::Closing)
    }

    /// Whether the loop is destroyed, or being destroyed.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.phase.get(), Phase::Closing | Phase::Destroyed)
    }

    /// Whether callbacks are still taken. They are dropped unrun while the loop is closing.
    ///
    /// # Panics
    ///
    /// If the loop is destroyed, or that of this process's parent.
    #[track_caller]
    pub(crate) fn takes_callbacks(&self) -> bool {
        assert!(self.phase.get() != Phase::Destroyed, "{}", LoopError::Closed);
        assert!(!self.is_forked(), "{}", LoopError::Forked);
        self.phase.get() != Phase::Closing
    }

    /// An error in the child of a fork.
    pub(crate) fn check_process(&self) -> Result<(), LoopError> {
        if self.is_forked() { Err(LoopError::Forked) } else { Ok(()) }
    }

    /// Begins to run, until the guard is dropped.
    pub(crate) fn enter(self: &Rc<Self>, afterwards: Phase) -> Result<Running, LoopError> {
        self.check_process()?;
        match self.phase.get() {
            Phase::Running => return Err(LoopError::InsideLoop),
            Phase::Closing | Phase::Destroyed => return Err(LoopError::Closed),
            Phase::Ended if afterwards == Phase::Ended => return Err(LoopError::Ended),
            Phase::Created | Phase::Idle | Phase::Ended => {},
        }
        let was_ended = self.phase.get() == Phase::Ended;
        self.phase.set(Phase::Running);
        self.running_since.set(Some(self.now()));
        let afterwards = if was_ended { Phase::Ended } else { afterwards };
        Ok(Running { core: Rc::clone(self), afterwards })
    }

    /// Asks the loop to end after the current pass.
    pub(crate) fn request_stop(&self, stop: Option<SystemStop>) {
        self.stopping.set(true);
        let Some(stop) = stop else { return };
        if !matches!(stop, SystemStop::Exit(_)) {
            self.report(&ErrorContext::new(ErrorOrigin::System).saying(format!("ended: {stop}")));
        }
        self.system_stop.borrow_mut().get_or_insert(stop);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    /// Whether a stop was asked for and the pass it fell into is over.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopping.get() && self.ready.at_pass_end()
    }

    pub(crate) fn take_system_stop(&self) -> Option<SystemStop> {
        self.system_stop.take()
    }
}

/// The loop runs while this exists.
pub(crate) struct Running {
    core: Rc<Core>,
    afterwards: Phase,
}

impl Drop for Running {
    fn drop(&mut self) {
        let core = &self.core;
        core.phase.set(self.afterwards);
        core.shared().inbox.fall_asleep();
        core.stopping.set(false);
        if let Some(since) = core.running_since.take() {
            add_time(&core.counters.running, core.now() - since);
        }
    }
}
