//! Waiting for the end of a task.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use evergreen_loop::Delay;

use crate::error::TaskError;
use crate::state::State;
use crate::task_ref::TaskRef;
use crate::timeout::Timeout;

/// Waits for the end of a task. See [`Task::join`](crate::Task::join).
#[must_use = "futures do nothing unless they are polled"]
pub struct Join {
    task: TaskRef,
    ticket: Option<u64>,
}

impl Join {
    pub(crate) const fn new(task: TaskRef) -> Self {
        Self { task, ticket: None }
    }
}

impl Future for Join {
    type Output = Result<bool, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { task, ticket } = &mut *self;
        let Some(task) = task.reference() else { return Poll::Ready(Ok(true)) };
        match task.header().state.get() {
            State::Initial => Poll::Ready(Err(TaskError::NotStarted)),
            State::Ended => Poll::Ready(Ok(true)),
            State::Sent | State::Started | State::Running | State::Parked => {
                let former = task.header().joiners().join(ticket, cx.waker().clone());
                drop(former);
                Poll::Pending
            },
        }
    }
}

impl Drop for Join {
    fn drop(&mut self) {
        if let (Some(ticket), Some(task)) = (self.ticket, self.task.reference()) {
            let waker = task.header().joiners().leave(ticket);
            drop(waker);
        }
    }
}

impl fmt::Debug for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Join").field(&self.task).finish()
    }
}

/// Waits with a limit; false if it is over first.
pub(crate) async fn join_timeout(task: TaskRef, limit: Delay) -> Result<bool, TaskError> {
    Timeout::after(limit).run(task.join()).await.unwrap_or(Ok(false))
}
