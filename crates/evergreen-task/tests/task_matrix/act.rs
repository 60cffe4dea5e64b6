//! The actions, as the two kinds of handles have them.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Context;

use evergreen_task::{JoinError, Task, TaskError, timeout};

use crate::subject::{Next, Output, Shared, lock};
use crate::{Action, State};

/// What somebody who waits is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    NotStarted,
    /// It has ended, in whatever way.
    Joined,
    /// The limit was over first.
    TimedOut,
    Value,
    Killed,
    Panicked,
    /// Nothing that the cells should come to.
    Other,
}

impl Answer {
    fn of_join(joined: Result<bool, TaskError>) -> Self {
        match joined {
            Ok(true) => Self::Joined,
            Ok(false) => Self::TimedOut,
            Err(TaskError::NotStarted) => Self::NotStarted,
            Err(_) => Self::Other,
        }
    }

    pub(crate) fn of_await(output: Result<Output, JoinError>) -> Self {
        match output {
            Ok(_) => Self::Value,
            Err(JoinError::NotStarted) => Self::NotStarted,
            Err(error) if error.is_panic() => Self::Panicked,
            Err(JoinError::Killed) => Self::Killed,
            Err(_) => Self::Other,
        }
    }
}

/// Somebody waits for the end of the subject.
pub(crate) type Wait = Pin<Box<dyn Future<Output = Answer>>>;
pub(crate) type RemoteWait = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Acts through the handle of a task of this thread. Gives the handle back, unless it is dropped.
pub(crate) fn by_task(
    shared: &Shared,
    task: Task<Output>,
    (state, action): (State, Action),
) -> (Option<Task<Output>>, Option<Wait>) {
    let mut wait: Option<Wait> = None;
    match action {
        Action::Kill => task.kill(),
        Action::KillTwice => {
            task.kill();
            task.kill();
        },
        Action::Join => {
            let join = task.join();
            wait = Some(Box::pin(async { Answer::of_join(join.await) }));
        },
        Action::JoinWithLimit => {
            let task = task.task_ref();
            wait = Some(Box::pin(async move { Answer::of_join(task.join_timeout(0.0).await) }));
        },
        Action::Wake => task.task_ref().wake(),
        Action::DropHandle => return (None, None),
        Action::Panic if state == State::Finished => {
            drop_bomb(shared, task);
            return (None, None);
        },
        Action::Panic => {
            if state == State::Unstarted {
                task.start().unwrap();
            }
            panic_next(shared, state);
        },
        Action::Destroy => unreachable!("that is done to the loop"),
    }
    (Some(task), wait)
}

/// Acts through the handle of a remote task, on whatever thread.
pub(crate) fn by_remote_task(
    shared: &Arc<Shared>,
    (state, action): (State, Action),
) -> Option<RemoteWait> {
    let handle = || lock(&shared.remote);
    let kill = || handle().as_ref().expect("the cell has its handle").kill().unwrap();
    match action {
        Action::Kill => kill(),
        Action::KillTwice => {
            kill();
            kill();
        },
        Action::Join => return Some(Box::pin(awaited(Arc::clone(shared)))),
        Action::JoinWithLimit => {
            let limited = timeout(0.0, Box::pin(awaited(Arc::clone(shared))));
            return Some(Box::pin(async { limited.await.unwrap_or(Answer::TimedOut) }));
        },
        Action::Wake => shared.wake(),
        Action::DropHandle => {
            let task = handle().take();
            drop(task);
        },
        Action::Panic if state == State::Finished => {
            let task = handle().take();
            drop_bomb(shared, task);
        },
        Action::Panic => panic_next(shared, state),
        Action::Destroy => unreachable!("that is done to the loop"),
    }
    None
}

/// Awaits a remote task that stays where it is.
async fn awaited(shared: Arc<Shared>) -> Answer {
    let poll = |cx: &mut Context<'_>| {
        let mut place = lock(&shared.remote);
        Pin::new(place.as_mut().expect("the cell has its handle")).poll(cx)
    };
    Answer::of_await(poll_fn(poll).await)
}

fn panic_next(shared: &Shared, state: State) {
    shared.set_next(Next::Panic);
    if state == State::Parked {
        shared.wake();
    }
}

/// Drops a handle with an output whose destructor panics.
fn drop_bomb<T>(shared: &Shared, handle: T) {
    shared.bomb.store(true, Ordering::SeqCst);
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(handle)));
    shared.caught.store(dropped.is_err(), Ordering::SeqCst);
}
