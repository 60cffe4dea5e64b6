//! Running a future from outside any loop (R-10).

use std::panic::Location;

use crate::current;
use crate::error::{LoopError, RunError};
use crate::event_loop::EventLoop;

/// Runs a future to its end on this thread, and gives its output.
///
/// A thread without a loop gets one for this: afterwards what is left of its tasks is dropped, and
/// the loop is destroyed. A loop that is there is used and kept.
///
/// ```
/// assert_eq!(evergreen_loop::block_on(async { 6 * 7 }), 42);
/// ```
///
/// # Panics
///
/// Inside a task or callback of the loop, or if the loop is stopped before the future is done. A
/// panic of the future is passed on.
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let place = Location::caller();
    run(future).unwrap_or_else(|error| panic!("block_on at {place} failed: {error}"))
}

/// As [`block_on`], but gives up as soon as nothing is left that could wake the future; see
/// [`EventLoop::try_block_on`].
///
/// # Errors
///
/// As [`EventLoop::try_block_on`]; [`LoopError::Os`] if no loop can be made.
///
/// # Panics
///
/// A panic of the future is passed on.
#[track_caller]
pub fn try_block_on<F: Future>(future: F) -> Result<F::Output, RunError> {
    match current::core() {
        Some(core) => EventLoop::from_core(core).try_block_on(future),
        None => Temporary(EventLoop::new()?).0.try_block_on(future),
    }
}

/// What `#[evergreen::main]` calls: [`block_on`], where a `stop_with` ends the process.
#[doc(hidden)]
#[track_caller]
pub fn run_main<F: Future>(future: F) -> F::Output {
    match run(future) {
        Ok(output) => output,
        Err(RunError::System(stop)) => std::process::exit(stop.exit_code()),
        Err(error) => panic!("the main function was not run to its end: {error}"),
    }
}

#[track_caller]
fn run<F: Future>(future: F) -> Result<F::Output, RunError> {
    match current::core() {
        Some(core) => EventLoop::from_core(core).run_until(future),
        None => Temporary(EventLoop::new()?).0.run_until(future),
    }
}

/// A loop that is destroyed when its one run is over, also by a panic.
pub(crate) struct Temporary(pub(crate) EventLoop);

impl Drop for Temporary {
    fn drop(&mut self) {
        let destroyed = self.0.destroy();
        // The future may have done so itself, or have forked.
        debug_assert!(matches!(destroyed, Ok(()) | Err(LoopError::Closed | LoopError::Forked)));
    }
}
