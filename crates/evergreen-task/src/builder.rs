//! Options of a task.

use std::future::Future;
use std::panic::Location;

use evergreen_loop::build::LoopId;

use crate::raw::RawRunnable;
use crate::task::Task;

/// Makes a [`Task`] with options.
///
/// ```
/// # use evergreen_loop::EventLoop;
/// # use evergreen_task::Task;
/// # let event_loop = EventLoop::new()?;
/// let task = Task::builder().name("counter").build(async { 3 });
/// task.start()?;
/// assert_eq!(task.name(), "counter");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder makes no task until `build` or `spawn` is called"]
pub struct Builder {
    name: Option<Box<str>>,
}

impl Builder {
    /// No name.
    pub const fn new() -> Self {
        Self { name: None }
    }

    /// Names the task.
    pub fn name(mut self, name: impl Into<Box<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Makes the task on this thread's loop, without starting it.
    ///
    /// # Panics
    ///
    /// If this thread has no loop.
    #[track_caller]
    pub fn build<T: 'static>(self, future: impl Future<Output = T> + 'static) -> Task<T> {
        let (task, runnable) = self.make(future);
        runnable.keep();
        task
    }

    /// Makes the task and starts it.
    ///
    /// # Panics
    ///
    /// If this thread has no loop.
    #[track_caller]
    pub fn spawn<T: 'static>(self, future: impl Future<Output = T> + 'static) -> Task<T> {
        let (task, runnable) = self.make(future);
        runnable.start();
        task
    }

    #[track_caller]
    fn make<T: 'static>(self, future: impl Future<Output = T> + 'static) -> (Task<T>, RawRunnable) {
        match LoopId::current() {
            Ok(loop_id) => Task::make(loop_id, self.name, Location::caller(), future),
            Err(error) => panic!("cannot make a task: {error}"),
        }
    }
}
