//! Several futures in one task: what `select!`, `join!` and `try_join!` expand to.
//!
//! The macros only arrange. They build a list whose last branch is outermost, and name what comes
//! out of it; everything that is polled, pinned and dropped is here, as ordinary types. Each list
//! polls the earlier branches first, so branches have their turns in the order in which they are
//! written, and all of them with the waker of the task. Whatever woke the task, every branch that
//! is still waited for is polled: a scope within one of them can take what was meant for it (D-8).

use std::future::IntoFuture;

mod all;
mod first;
mod join;
mod select;

pub use all::{All, And, Joined, TryAll, TryJoined, all};
pub use first::{Chosen, First, Or, Selected, first};

/// The list before its first branch.
#[derive(Clone, Copy, Debug)]
pub struct Start;

/// A branch as a future. A call of its own, so that the error for what is none stands there.
pub fn branch<F: IntoFuture>(future: F) -> F::IntoFuture {
    future.into_future()
}
