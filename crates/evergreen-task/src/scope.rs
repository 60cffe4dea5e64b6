//! A part of a task that a kill ends instead of the task (D-8).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use crate::error::TaskExit;
use crate::raw::Reference;
use crate::registry;
use crate::task_ref::{current_id, with_running};

/// Runs a future that a kill of the task ends in the task's stead.
///
/// A kill that comes while the future waits drops it, with all that it owns, and gives
/// [`TaskExit`] here; the task goes on. What has to be awaited for cleaning up goes after this: a
/// destructor cannot await. Where Python has `except TaskExit`, this is a scope.
///
/// The rules:
///
/// - Each kill is taken once, by the scope that was entered last. A task in two scopes survives two
///   kills; a third ends it. Scopes in the branches of a `join!` are entered in turn, and the others
///   are untouched.
/// - A scope that is not polled when its kill wakes the task cannot take it; then the next scope
///   outward does, and the task itself at last.
/// - It catches [`kill`](crate::Task::kill), but neither [`kill_with`](crate::Task::kill_with) nor the
///   end of the loop.
/// - It belongs to the task that polls it, whichever that is. Outside of tasks it only passes the
///   output through.
///
/// ```
/// use evergreen_task::{TaskExit, catch_kill, sleep, spawn};
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let task = spawn(async {
///     let work = catch_kill(sleep(60.0)).await;
///     assert_eq!(work, Err(TaskExit));
///     sleep(0.001).await; // say goodbye
///     "cleaned up"
/// });
/// sleep(0.001).await;
/// task.kill();
/// assert_eq!(task.await.expect("it caught the kill"), "cleaned up");
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
///
/// # Kill safety
///
/// That of the future; a kill that was on its way to this scope goes to the next one outward.
pub fn catch_kill<F: Future>(future: F) -> CatchKill<F> {
    CatchKill { future: Some(future), place: Place(None) }
}

pin_project! {
    /// See [`catch_kill`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct CatchKill<F> {
        #[pin]
        future: Option<F>,
        place: Place,
    }
}

impl<F: Future> Future for CatchKill<F> {
    type Output = Result<F::Output, TaskExit>;

    /// # Panics
    ///
    /// If it is polled after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let output = if this.place.is_hit(cx.waker()) {
            Err(TaskExit)
        } else {
            let future = this.future.as_mut().as_pin_mut();
            let future = future.expect("a scope was polled after it was ready");
            match future.poll(cx) {
                Poll::Ready(output) => Ok(output),
                Poll::Pending => return Poll::Pending,
            }
        };
        // What is over is no scope any more while its future is dropped.
        this.place.leave();
        this.future.set(None);
        Poll::Ready(output)
    }
}

impl<F: fmt::Debug> fmt::Debug for CatchKill<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CatchKill").field(&self.future).finish()
    }
}

/// Where a scope is entered: a task, and its number there.
struct Place(Option<(Reference, u64)>);

impl Place {
    /// Whether the running task's kill is this scope's to take. Enters the scope if it is new there.
    fn is_hit(&mut self, waker: &Waker) -> bool {
        let here = self.0.as_ref().filter(|(task, _)| Some(task.header().id) == current_id());
        let Some((task, scope)) = here else {
            self.leave();
            self.enter(waker);
            return false;
        };
        let mut interrupts = task.header().interrupts();
        let hit = interrupts.claim(*scope);
        let former = interrupts.renew(*scope, waker);
        drop(interrupts);
        drop(former);
        hit
    }

    fn enter(&mut self, waker: &Waker) {
        let Some(Some(task)) = with_running(registry::reference) else { return };
        let scope = task.header().interrupts().enter(waker.clone());
        self.0 = Some((task, scope));
    }

    fn leave(&mut self) {
        let Some((task, scope)) = self.0.take() else { return };
        let waker = task.header().interrupts().leave(scope);
        drop(waker);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}
