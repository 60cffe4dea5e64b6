//! Why a task has no output, until somebody hears of it.

use evergreen_loop::build::LoopId;
use evergreen_loop::{ErrorContext, EventLoop, Panic};

use crate::error::JoinError;
use crate::header::{Header, Reason};

/// A [`JoinError`] on its way from the task to its handle.
pub(crate) enum Failure {
    Killed,
    KilledWith(Unheard),
    Panicked(Panic),
}

impl Failure {
    /// Somebody hears of it.
    pub(crate) fn heard(self) -> JoinError {
        match self {
            Self::Killed => JoinError::Killed,
            Self::KilledWith(unheard) => unheard.heard(),
            Self::Panicked(panic) => JoinError::Panicked(panic),
        }
    }
}

/// A reason for a kill. Wherever it is dropped unheard, the exception handler of the task's loop is
/// told of it (EV-TASK-13).
pub(crate) struct Unheard {
    reason: Option<Reason>,
    loop_id: LoopId,
    context: ErrorContext,
}

impl Unheard {
    pub(crate) const fn new(reason: Reason, header: &Header, context: ErrorContext) -> Self {
        Self { reason: Some(reason), loop_id: header.loop_id, context }
    }

    fn heard(mut self) -> JoinError {
        self.reason.take().map_or(JoinError::Killed, JoinError::KilledWith)
    }
}

impl Drop for Unheard {
    fn drop(&mut self) {
        let Some(reason) = self.reason.take() else { return };
        let context = self.context.clone().saying(format!("was killed: {reason}"));
        match EventLoop::try_current().filter(|event_loop| event_loop.id() == self.loop_id) {
            Some(event_loop) => event_loop.call_exception_handler(&context),
            None => drop(LoopId::remote(self.loop_id).map(|remote| {
                remote.call_from_thread(move || {
                    if let Some(event_loop) = EventLoop::try_current() {
                        event_loop.call_exception_handler(&context);
                    }
                })
            })),
        }
    }
}
