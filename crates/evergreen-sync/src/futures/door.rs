//! Whether an executor takes work, and how many still are at it.

use std::cell::Cell;

use super::error::ExecutorError;
use crate::event::Event;

#[derive(Default)]
pub(super) struct Door {
    is_shut: Cell<bool>,
    inside: Cell<usize>,
    /// Shut, and nobody inside.
    is_over: Event,
}

impl Door {
    /// Whether more may come in.
    pub(super) fn check(&self) -> Result<(), ExecutorError> {
        if self.is_shut.get() { Err(ExecutorError::Shutdown) } else { Ok(()) }
    }

    pub(super) fn inside(&self) -> usize {
        self.inside.get()
    }

    pub(super) fn enter(&self) {
        self.inside.set(self.inside.get() + 1);
    }

    /// True for the last one, if nobody can come any more.
    pub(super) fn leave(&self) -> bool {
        self.inside.set(self.inside.get() - 1);
        self.look()
    }

    /// True if nobody is inside.
    pub(super) fn shut(&self) -> bool {
        self.is_shut.set(true);
        self.look()
    }

    fn look(&self) -> bool {
        let is_over = self.is_shut.get() && self.inside() == 0;
        if is_over {
            self.is_over.set();
        }
        is_over
    }

    /// Waits until it is shut and nobody is inside.
    pub(super) async fn over(&self) {
        self.is_over.wait().await;
    }
}

/// A handle to an executor that can be shut down.
pub(super) trait Shut: Clone {
    fn door(&self) -> &Door;

    /// Takes no more calls.
    fn shut(&self) {
        self.door().shut();
    }
}

pub(super) async fn shutdown(executor: &impl Shut, wait: bool) {
    executor.shut();
    if wait {
        executor.door().over().await;
    }
}

/// Shuts the executor down however `f` ends, and waits if it ends well.
pub(super) async fn scope<E: Shut, F: Future>(executor: E, f: impl FnOnce(E) -> F) -> F::Output {
    let shuts = Shuts(executor.clone());
    let output = f(executor).await;
    shutdown(&shuts.0, true).await;
    output
}

struct Shuts<E: Shut>(E);

impl<E: Shut> Drop for Shuts<E> {
    fn drop(&mut self) {
        self.0.shut();
    }
}
