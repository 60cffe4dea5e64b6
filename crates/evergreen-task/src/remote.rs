//! Tasks that come from other threads.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use evergreen_loop::{LoopError, LoopRemote};

use crate::error::JoinError;
use crate::header::{Header, TaskId};
use crate::kill::kill;
use crate::raw::{RawTask, Reference, new_remote};
use crate::state::State;

/// Spawning on a loop of another thread.
pub trait RemoteTasks {
    /// Starts a task on the loop, from any thread. It runs, and its future is dropped, on the
    /// loop's thread; only if the loop is gone first it is dropped here.
    ///
    /// # Errors
    ///
    /// [`LoopError::Closed`] if the loop is destroyed.
    ///
    /// # Examples
    ///
    /// ```
    /// use evergreen_loop::EventLoop;
    /// use evergreen_task::RemoteTasks;
    ///
    /// let event_loop = EventLoop::new()?;
    /// let remote = event_loop.remote();
    /// let task = std::thread::spawn(move || remote.spawn_from_thread(async { 7 }))
    ///     .join()
    ///     .expect("no panic")?;
    /// assert_eq!(event_loop.block_on(task)?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    fn spawn_from_thread<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<RemoteTask<T>, LoopError>;
}

impl RemoteTasks for LoopRemote {
    #[track_caller]
    fn spawn_from_thread<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<RemoteTask<T>, LoopError> {
        if self.is_closed() {
            return Err(LoopError::Closed);
        }
        let header = Header::new(None, Location::caller(), self.id());
        let (runnable, raw) = new_remote(header, future);
        raw.header().state.set(State::Sent);
        let reference = runnable.reference();
        runnable.send();
        Ok(RemoteTask { raw, reference, remote: self.clone() })
    }
}

/// The handle to a task that came from another thread; it may be awaited anywhere.
///
/// Dropping it lets the task run on.
pub struct RemoteTask<T> {
    raw: RawTask<T>,
    reference: Reference,
    remote: LoopRemote,
}

impl<T> RemoteTask<T> {
    /// The task's id.
    pub fn id(&self) -> TaskId {
        self.raw.header().id
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        self.raw.header().state.get() == State::Ended
    }

    /// Kills the task as [`Task::kill`](crate::Task::kill) does, once the request has reached the
    /// loop's thread.
    ///
    /// # Errors
    ///
    /// [`LoopError::Closed`] if the loop is destroyed; the task has ended then.
    pub fn kill(&self) -> Result<(), LoopError> {
        let task = self.reference.clone();
        if task.header().state.get() == State::Sent {
            task.header().recall();
        }
        self.remote.call_from_thread(move || kill(&task)).map(drop)
    }
}

impl<T> Future for RemoteTask<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.raw.poll(cx)
    }
}

impl<T> Unpin for RemoteTask<T> {}

impl<T> fmt::Debug for RemoteTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = self.raw.header();
        write!(f, "RemoteTask(name: {}, state: {})", header.name(), header.state.get().public())
    }
}
