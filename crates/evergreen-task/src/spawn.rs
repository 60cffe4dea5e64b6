//! Making and starting a task in one.

use std::future::Future;
use std::panic::Location;

use evergreen_loop::EventLoop;

use crate::builder::Builder;
use crate::task::Task;

/// Starts a task on this thread's loop. It has its first turn after what is queued already; the
/// caller goes on.
///
/// It may be called before the loop runs, in callbacks and in tasks.
///
/// # Panics
///
/// If this thread has no loop. On the main thread one is made.
#[track_caller]
pub fn spawn<T: 'static>(future: impl Future<Output = T> + 'static) -> Task<T> {
    Builder::new().spawn(future)
}

/// Spawning on a loop that is at hand.
pub trait LoopTasks {
    /// Starts a task on this loop, as [`spawn`] does on the current one. On a loop that is
    /// destroyed the task ends at once, killed.
    #[track_caller]
    fn spawn<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> Task<T>;
}

impl LoopTasks for EventLoop {
    #[track_caller]
    fn spawn<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> Task<T> {
        let (task, runnable) = Task::make(self.id(), None, Location::caller(), future);
        runnable.start();
        task
    }
}
