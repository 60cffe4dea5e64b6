//! Tasks whose body is a method, where Python overrides `run`.

use std::future::Future;

/// A value that is the body of a task. See [`Task::from_run`](crate::Task::from_run).
///
/// The value is gone when the task ends; what is to be read afterwards goes behind an `Rc`.
///
/// ```
/// use evergreen_task::{Run, Task};
/// use std::{cell::Cell, rc::Rc};
///
/// struct Worker {
///     done: Rc<Cell<bool>>,
/// }
///
/// impl Run for Worker {
///     type Output = ();
///
///     async fn run(self) {
///         self.done.set(true);
///     }
/// }
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// let done = Rc::new(Cell::new(false));
/// let task = Task::from_run(Worker { done: Rc::clone(&done) });
/// task.start()?;
/// event_loop.run()?;
/// assert!(done.get());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Run: Sized + 'static {
    /// What the task gives back.
    type Output;

    /// The body of the task.
    fn run(self) -> impl Future<Output = Self::Output>;
}
