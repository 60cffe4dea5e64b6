//! Killing a task (D-8).

use std::task::Context;

use evergreen_loop::EventLoop;

use crate::body;
use crate::header::{Header, Reason};
use crate::interrupt::Target;
use crate::raw::Reference;
use crate::state::State;

/// Kills a task that has begun by an entry of the queue, and any other by a mark.
pub(crate) fn kill(task: &Reference) {
    match task.header().state.get() {
        State::Ended => {},
        State::Initial | State::Sent | State::Started => task.header().mark_killed(),
        State::Running | State::Parked => {
            let task = task.clone();
            queue(move || deliver(&task, strike(task.header())));
        },
    }
}

/// As [`kill`], for a reason that no scope catches.
pub(crate) fn kill_with(task: &Reference, reason: Reason) {
    let end = |task: &Reference, reason| {
        if task.header().state.get() == State::Ended {
            return;
        }
        drop(task.header().give_reason(reason));
        task.header().mark_killed();
    };
    match task.header().state.get() {
        State::Ended => {},
        State::Initial | State::Sent | State::Started => end(task, reason),
        State::Running | State::Parked => {
            let task = task.clone();
            queue(move || {
                end(&task, reason);
                deliver(&task, None);
            });
        },
    }
}

/// A loop that is gone has ended all its tasks, so there is one.
fn queue(f: impl FnOnce() + 'static) {
    if let Some(event_loop) = EventLoop::try_current() {
        event_loop.call_soon(f);
    }
}

/// The kill's turn has come: chooses who takes it. `None` if that is the task.
fn strike(header: &Header) -> Option<Target> {
    let target = header.known_interrupts().map(|mut interrupts| interrupts.strike());
    match target {
        None | Some(Target::Task) => {
            header.mark_killed();
            None
        },
        scope => scope,
    }
}

/// A parked task takes its kill in this very entry; one that is queued already does so in its own.
fn deliver(task: &Reference, target: Option<Target>) {
    if task.header().state.get() == State::Ended {
        return;
    }
    let Some(event_loop) = EventLoop::try_current() else { return };
    match target {
        Some(Target::Later) => {},
        // The task has its turn also if that waker leads nowhere: its poll settles the kill.
        Some(Target::Scope(waker)) => {
            let tell = || body::guarded(task.header(), || waker.wake());
            event_loop.run_now(|| task.wake(), tell);
        },
        Some(Target::Task) | None => event_loop.run_now(|| task.wake(), || ()),
    }
}

/// The task waits again after a poll: whether a kill that no scope took ends it now.
#[inline(always)]
pub(crate) fn settle(header: &Header, cx: &Context<'_>) -> bool {
    !header.is_plain() && settle_interrupts(header, cx)
}

fn settle_interrupts(header: &Header, cx: &Context<'_>) -> bool {
    let target = header.known_interrupts().and_then(|mut interrupts| interrupts.settle());
    match target {
        Some(Target::Task) => return true,
        Some(Target::Scope(waker)) => {
            body::guarded(header, || waker.wake());
            cx.waker().wake_by_ref();
        },
        Some(Target::Later) | None => {},
    }
    false
}
