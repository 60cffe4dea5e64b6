//! How long one entry of the queue may go on without waiting.
//!
//! A task that only awaits what is ready never gives way by itself. So ready results are counted,
//! and one that has had its share is sent to the back of the queue once.

use std::cell::Cell;
use std::task::{Context, Poll, Waker};

use crate::core::Core;
use crate::current;

/// Ready results for one turn of a task.
const SHARE: u32 = 128;

pub(crate) struct Budget(Cell<u32>);

impl Budget {
    pub(crate) const fn new() -> Self {
        Self(Cell::new(SHARE))
    }

    /// An entry begins.
    #[inline]
    pub(crate) fn refill(&self) {
        self.0.set(SHARE);
    }

    /// Takes one; false if none is left.
    fn take(&self) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left > 0
    }
}

impl Core {
    /// Whether the running entry may have one more ready result.
    #[inline]
    pub(crate) fn may_go_on(&self) -> bool {
        !self.is_inside() || self.budget.take()
    }
}

/// Ready if there is some of the budget left. If not, the waker is woken, so that its task goes to the
/// back of the queue.
pub(crate) fn unless_spent(may_go_on: bool, waker: &Waker) -> Poll<()> {
    if may_go_on {
        return Poll::Ready(());
    }
    waker.wake_by_ref();
    Poll::Pending
}

/// Ready if the running task may have one more ready result; else it is woken at once, to go on when
/// its turn comes again. For what may be ready many times in a row: channels, queues, streams.
pub fn poll_budget(cx: &Context<'_>) -> Poll<()> {
    unless_spent(current::with(Core::may_go_on).unwrap_or(true), cx.waker())
}
