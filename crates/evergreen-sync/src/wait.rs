//! The future that stands in a wait list.

use std::cell::RefCell;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use evergreen_loop::build::guarded;
use evergreen_loop::{ErrorContext, ErrorOrigin};

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
        self.grant_at(0, grant)
    }

    /// As [`grant`](Self::grant), to the one before whom so many others wait.
    fn grant_at(&self, rank: usize, grant: Self::Grant) -> Result<Self::Offer, Self::Grant> {
        let (waker, offer) = self.waiters().borrow_mut().grant_at(rank, grant)?;
        wake(waker);
        Ok(offer)
    }

    fn waiting(&self) -> usize {
        self.waiters().borrow().waiting()
    }
}

/// A waker may be anything. One that panics is reported, and stands in nobody's way.
pub(crate) fn wake(waker: Waker) {
    guarded(|| ErrorContext::new(ErrorOrigin::Waker), || waker.wake());
}

/// Wakes when it is dropped: also where what was to be done before panics.
pub(crate) struct Wakes(Option<Waker>);

impl Wakes {
    pub(crate) const fn new(waker: Waker) -> Self {
        Self(Some(waker))
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(wake);
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
        if let Stage::Waiting(key) = *stage {
            if let Some(grant) = waiters.borrow_mut().take(key) {
                *stage = Stage::Over;
                return Poll::Ready(grant);
            }
            if waiters.borrow().wakes(key, cx.waker()) {
                return Poll::Pending;
            }
        }
        // It may be anything: what it does when it is cloned finds nothing half done.
        let waker = cx.waker().clone();
        match std::mem::replace(stage, Stage::Over) {
            Stage::New(offer) => *stage = Stage::Waiting(source.enqueue(waker, offer)),
            Stage::Waiting(key) => {
                *stage = Stage::Waiting(key);
                let renewed = waiters.borrow_mut().renew(key, waker);
                renewed.map_or_else(wake, drop);
            },
            Stage::Over => panic!("a wait was polled after it was over"),
        }
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
