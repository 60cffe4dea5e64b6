//! A task of a group: its future lies where the group can drop it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use evergreen_loop::Panic;

use super::GroupError;
use super::members::{Members, report};
use crate::task_ref::current;

/// Where a member's future lies while it is not polled.
pub(super) trait Seat {
    /// Drops the future; one that is being polled is not put back.
    fn clear(&self);
}

struct FutureSeat<F> {
    future: RefCell<Option<Pin<Box<F>>>>,
    cleared: Cell<bool>,
}

impl<F> FutureSeat<F> {
    fn put_back(&self, future: Pin<Box<F>>) {
        if !self.cleared.get() {
            self.future.replace(Some(future));
        }
    }

    /// A future that is over goes with its task, which catches a panic of its destructor.
    fn leave_for_drop(&self, future: Pin<Box<F>>) {
        self.future.replace(Some(future));
    }
}

impl<F> Seat for FutureSeat<F> {
    fn clear(&self) {
        self.cleared.set(true);
        let future = self.future.take();
        drop(future);
    }
}

/// What is spawned for a member.
pub(super) struct Member<F, E: fmt::Debug + 'static> {
    seat: Rc<FutureSeat<F>>,
    /// Ends after the future, also if that panics when it is dropped.
    membership: Membership<E>,
}

impl<F, T, E> Member<F, E>
where
    F: Future<Output = Result<T, E>> + 'static,
    E: fmt::Debug + 'static,
{
    pub(super) fn new(group: Weak<Members<E>>, place: u64, future: F) -> (Self, Rc<dyn Seat>) {
        let future = RefCell::new(Some(Box::pin(future)));
        let seat = Rc::new(FutureSeat { future, cleared: Cell::new(false) });
        let for_group: Rc<dyn Seat> = Rc::<FutureSeat<F>>::clone(&seat);
        (Self { seat, membership: Membership { group, place } }, for_group)
    }
}

impl<F, T, E> Future for Member<F, E>
where
    F: Future<Output = Result<T, E>> + 'static,
    E: fmt::Debug + 'static,
{
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // Without a future the task waits for its kill.
        let Some(mut future) = self.seat.future.take() else { return Poll::Pending };
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => self.seat.put_back(future),
            Ok(Poll::Ready(Ok(output))) => {
                self.seat.leave_for_drop(future);
                return Poll::Ready(output);
            },
            Ok(Poll::Ready(Err(error))) => self.membership.fail(GroupError::Failed(error)),
            Err(payload) => {
                self.seat.leave_for_drop(future);
                // The group has the payload, the task's own report and handle the message.
                let panic = Panic::new(payload);
                let message = panic.to_string();
                self.membership.fail(GroupError::Panicked(panic));
                resume_unwind(Box::new(message));
            },
        }
        Poll::Pending
    }
}

impl<F, E: fmt::Debug + 'static> Drop for Member<F, E> {
    fn drop(&mut self) {
        let future = self.seat.future.take();
        drop(future);
    }
}

/// A task's place in its group.
struct Membership<E: fmt::Debug + 'static> {
    group: Weak<Members<E>>,
    place: u64,
}

impl<E: fmt::Debug + 'static> Membership<E> {
    /// The group has the error; the task ends as one that was killed.
    fn fail(&self, error: GroupError<E>) {
        let task = current();
        match self.group.upgrade() {
            Some(group) => group.fail(error, task.as_ref()),
            None => report(&error, task.as_ref()),
        }
        if let Some(task) = task {
            task.kill();
        }
    }
}

impl<E: fmt::Debug + 'static> Drop for Membership<E> {
    fn drop(&mut self) {
        if let Some(group) = self.group.upgrade() {
            group.leave(self.place);
        }
    }
}
