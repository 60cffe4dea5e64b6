//! A handle that does not let its task run on.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::JoinError;
use crate::task::Task;

/// A [`Task`] that is killed when this is dropped. Made by [`Task::kill_on_drop`].
///
/// ```
/// use evergreen_task::{sleep, spawn};
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let blinking = spawn(async { loop { sleep(0.5).await } }).kill_on_drop();
/// let task = blinking.task_ref();
/// drop(blinking);
/// assert_eq!(task.join().await, Ok(true));
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
#[must_use = "the task is killed when this is dropped"]
pub struct KillOnDrop<T>(Option<Task<T>>);

impl<T> KillOnDrop<T> {
    pub(crate) const fn new(task: Task<T>) -> Self {
        Self(Some(task))
    }

    /// Gives the task back, to run on when its handle is dropped.
    #[expect(clippy::missing_panics_doc, reason = "the task is there until this goes")]
    pub fn into_task(mut self) -> Task<T> {
        self.0.take().expect(WHOLE)
    }
}

const WHOLE: &str = "the task is taken out only when this goes";

impl<T> Deref for KillOnDrop<T> {
    type Target = Task<T>;

    fn deref(&self) -> &Task<T> {
        self.0.as_ref().expect(WHOLE)
    }
}

impl<T> Future for KillOnDrop<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(self.0.as_mut().expect(WHOLE)).poll(cx)
    }
}

impl<T> Drop for KillOnDrop<T> {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.kill();
        }
    }
}

impl<T> fmt::Debug for KillOnDrop<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KillOnDrop").field(&**self).finish()
    }
}
