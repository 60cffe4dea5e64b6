//! The future that stands in a wait list.

use std::cell::RefCell;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::wait_list::{State, WaitList};

/// What can be waited for.
pub(crate) trait Grants {
    /// What a waiter is granted.
    type Grant;
    /// What it brings.
    type Offer;

    fn waiters(&self) -> &RefCell<WaitList<Self::Grant, Self::Offer>>;

    /// Gives a waiter its place: behind all others.
    fn enqueue(&self, waker: Waker, offer: Self::Offer) -> usize {
        self.waiters().borrow_mut().enqueue(waker, offer)
    }

    /// A waiter is gone that had been granted this: it is for the next, or goes back.
    fn pass_on(&self, grant: Self::Grant);

    /// A waiter is gone that had been granted nothing: others may be next now.
    fn left(&self) {}

    /// Grants something to whoever has waited longest, and wakes that one.
    fn grant(&self, grant: Self::Grant) -> Result<Self::Offer, Self::Grant> {
        let (waker, offer) = self.waiters().borrow_mut().grant(grant)?;
        waker.wake();
        Ok(offer)
    }

    fn waiting(&self) -> usize {
        self.waiters().borrow().waiting()
    }
}

/// Waits from its first poll on. Dropped before it is ready, it leaves no trace, and what it was
/// granted goes to the next.
pub(crate) struct Wait<S: Deref<Target: Grants>> {
    source: S,
    stage: Stage<<S::Target as Grants>::Offer>,
}

enum Stage<O> {
    /// Not polled yet.
    New(O),
    Waiting(usize),
    Over,
}

impl<S: Deref<Target: Grants>> Wait<S> {
    pub(crate) const fn new(source: S, offer: <S::Target as Grants>::Offer) -> Self {
        Self { source, stage: Stage::New(offer) }
    }

    /// Waits no longer: what it was granted, or else what it has brought.
    pub(crate) fn give_up(
        mut self,
    ) -> Result<<S::Target as Grants>::Grant, <S::Target as Grants>::Offer> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::New(offer) => Err(offer),
            Stage::Waiting(key) => {
                let left = self.source.waiters().borrow_mut().remove(key);
                match left {
                    State::Granted(grant) => Ok(grant),
                    State::Waiting(waker, offer) => {
                        drop(waker);
                        self.source.left();
                        Err(offer)
                    },
                }
            },
            Stage::Over => panic!("a wait was given up after it was over"),
        }
    }
}

/// Nothing in it is pinned.
impl<S: Deref<Target: Grants>> Unpin for Wait<S> {}

impl<S: Deref<Target: Grants>> Future for Wait<S> {
    type Output = <S::Target as Grants>::Grant;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { source, stage } = &mut *self;
        let waiters = source.waiters();
        let key = match std::mem::replace(stage, Stage::Over) {
            Stage::New(offer) => source.enqueue(cx.waker().clone(), offer),
            Stage::Waiting(key) => {
                if let Some(grant) = waiters.borrow_mut().take(key) {
                    return Poll::Ready(grant);
                }
                let former = waiters.borrow_mut().renew(key, cx.waker());
                drop(former);
                key
            },
            Stage::Over => panic!("a wait was polled after it was over"),
        };
        *stage = Stage::Waiting(key);
        Poll::Pending
    }
}

impl<S: Deref<Target: Grants>> Drop for Wait<S> {
    fn drop(&mut self) {
        let Stage::Waiting(key) = self.stage else { return };
        let left = self.source.waiters().borrow_mut().remove(key);
        match left {
            State::Granted(grant) => self.source.pass_on(grant),
            State::Waiting(waker, offer) => {
                drop((waker, offer));
                self.source.left();
            },
        }
    }
}
