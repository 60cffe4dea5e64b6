//! How the actor comes to act, and where it waits.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use evergreen_loop::{ErrorContext, ErrorOrigin, LoopError};
use evergreen_task::{LoopTasks, Task};

use super::{Stage, here};
use crate::act::{Wait, by_remote_task, by_task};
use crate::{Action, Actor, Kind, State};

impl Stage {
    /// Gives the actor its turn: an entry of the queue, or the word on another thread.
    pub(super) fn cue(&self) {
        match self.cell.actor {
            Actor::Task => drop(self.event_loop.spawn(act_as_task())),
            Actor::Callback => drop(self.event_loop.call_soon(|| here().act_as_entry())),
            Actor::Thread if self.cell.is_direct() => self.act_on_thread(),
            Actor::Thread => {
                let remote = self.event_loop.remote();
                let call = move || remote.call_from_thread(|| here().act_as_entry());
                thread::spawn(call).join().unwrap().unwrap();
            },
        }
    }

    /// The subject is being polled, with this context.
    pub(crate) fn act_below_the_poll(&self, cx: &mut Context<'_>) {
        match self.cell.actor {
            Actor::Task => {
                self.act();
                self.poll_wait(cx);
            },
            Actor::Callback => {
                let context = ErrorContext::new(ErrorOrigin::System);
                self.event_loop.call_exception_handler(&context);
            },
            Actor::Thread => self.cue(),
        }
    }

    fn act_as_entry(&self) {
        self.count_entry();
        self.act_by_hand();
    }

    pub(super) fn act_by_hand(&self) {
        self.act();
        self.poll_wait(&mut Context::from_waker(&self.shared.waiter));
    }

    /// On the loop's thread. Nothing is borrowed while the runtime is called.
    fn act(&self) {
        let what = (self.cell.state, self.cell.action);
        self.found.set(self.local.borrow().as_ref().map(Task::state));
        let acting = self.cell.actor == Actor::Task && self.cell.state != State::Running;
        self.live.set(Some(self.event_loop.metrics().tasks - usize::from(acting)));
        if self.cell.action == Action::Destroy {
            let refused = matches!(self.event_loop.destroy(), Err(LoopError::AlreadyRunning));
            self.refused.set(refused);
        } else if self.cell.kind == Kind::Remote {
            let wait = by_remote_task(&self.shared, what);
            self.wait.replace(wait.map(|wait| wait as Wait));
        } else {
            let task = self.local.take().expect("the cell has its handle");
            let (task, wait) = by_task(&self.shared, task, what);
            self.local.replace(task);
            self.wait.replace(wait);
        }
    }

    /// The other thread acts by itself; if it waits, then for one poll. The rest is done here: a
    /// remote task may be awaited on two threads, one after the other.
    fn act_on_thread(&self) {
        let (shared, cell) = (Arc::clone(&self.shared), self.cell);
        let thread = thread::spawn(move || {
            let mut wait = by_remote_task(&shared, (cell.state, cell.action));
            let cx = &mut Context::from_waker(&shared.waiter);
            let polled = wait.as_mut().map(|wait| wait.as_mut().poll(cx));
            (wait, polled)
        });
        match thread.join().unwrap() {
            (_, Some(Poll::Ready(answer))) => self.answer.set(Some(answer)),
            (wait, _) => drop(self.wait.replace(wait.map(|wait| wait as Wait))),
        }
    }

    pub(super) fn poll_wait(&self, cx: &mut Context<'_>) {
        let Some(mut wait) = self.wait.take() else { return };
        match wait.as_mut().poll(cx) {
            Poll::Ready(answer) => self.answer.set(Some(answer)),
            Poll::Pending => drop(self.wait.replace(Some(wait))),
        }
    }

    fn count_entry(&self) {
        self.own_entries.set(self.own_entries.get() + 1);
    }
}

/// The actor is a task, and waits as tasks do.
async fn act_as_task() {
    here().act();
    let mut wait = here().wait.take();
    poll_fn(|cx| {
        let stage = here();
        stage.count_entry();
        let Some(wait) = &mut wait else { return Poll::Ready(()) };
        wait.as_mut().poll(cx).map(|answer| stage.answer.set(Some(answer)))
    })
    .await;
}
