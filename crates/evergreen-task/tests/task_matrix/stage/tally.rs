//! What is seen of a cell when it has been played.

use std::cell::Cell as Slot;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use evergreen_task::{LoopTasks, TaskState};

use super::Stage;
use crate::Action;
use crate::act::Answer;
use crate::common::TestLoop;
use crate::subject::lock;

/// What was seen in a cell.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    /// The state that the actor found, if the handle tells.
    pub(crate) found: Option<TaskState>,
    /// The tasks that the loop counts then, but for the actor; unknown to another thread.
    pub(crate) live: Option<usize>,
    pub(crate) polls: u32,
    /// The subject's turns in the queue, and the entries of kills. Not those of the actor.
    pub(crate) entries: u64,
    /// Tasks and entries that the loop still has.
    pub(crate) left: usize,
    /// How often the future was dropped, on the loop's thread and elsewhere.
    pub(crate) futures: (usize, usize),
    pub(crate) outputs: (usize, usize),
    /// What the actor's join gave.
    pub(crate) answer: Option<Answer>,
    /// How often an actor that joins by hand was woken.
    pub(crate) wakes: usize,
    pub(crate) ended: Option<bool>,
    /// What awaiting the handle gives at last.
    pub(crate) awaited: Option<Answer>,
    pub(crate) reports: usize,
    /// A panic of the output's destructor has reached the actor.
    pub(crate) caught: bool,
    /// `destroy` was refused inside the loop.
    pub(crate) refused: bool,
    pub(crate) goes_on: bool,
}

impl Stage {
    pub(super) fn tally(&self) -> Tally {
        drop(self.wait.take());
        let (metrics, shared) = (self.event_loop.metrics(), &self.shared);
        let goes_on = self.goes_on();
        let (ended, awaited) = self.take_handle();
        Tally {
            found: self.found.get(),
            live: self.live.get(),
            polls: shared.polls.load(Ordering::SeqCst),
            entries: metrics.entries - self.own_entries.get(),
            left: metrics.tasks + metrics.queued,
            futures: shared.futures.at(shared.home),
            outputs: shared.outputs.at(shared.home),
            answer: self.answer.get(),
            wakes: shared.wakes.count(),
            ended,
            awaited,
            reports: self.reports.get(),
            caught: shared.caught.load(Ordering::SeqCst),
            refused: self.refused.get(),
            goes_on,
        }
    }

    /// Whether the loop still runs what it is given; where it is destroyed, whether the thread's
    /// next one does.
    fn goes_on(&self) -> bool {
        let next = (self.cell.action == Action::Destroy).then(TestLoop::new);
        let event_loop = next.as_ref().unwrap_or(&self.event_loop);
        let called = Rc::new(Slot::new(false));
        let calling = Rc::clone(&called);
        event_loop.call_soon(move || calling.set(true));
        matches!(event_loop.try_block_on(event_loop.spawn(async { 7 })), Ok(Ok(7))) && called.get()
    }

    /// What the handle says, if there is one: whether the task has ended, and what awaiting it
    /// gives, unless that was given before. Then the handle goes.
    fn take_handle(&self) -> (Option<bool>, Option<Answer>) {
        let cx = &mut Context::from_waker(Waker::noop());
        let answer = |polled| match polled {
            Poll::Ready(output) => Answer::of_await(output),
            Poll::Pending => Answer::Other,
        };
        if let Some(mut task) = self.local.take() {
            let ended = task.state() == TaskState::Ended;
            return (Some(ended), Some(answer(Pin::new(&mut task).poll(cx))));
        }
        let Some(mut task) = lock(&self.shared.remote).take() else { return (None, None) };
        let given = self.answer.get().is_some_and(|answer| answer != Answer::TimedOut);
        let awaited = (!given).then(|| answer(Pin::new(&mut task).poll(cx)));
        (Some(task.is_finished()), awaited)
    }
}
