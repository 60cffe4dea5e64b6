//! `select!`: the first branch that is ready and fits its pattern.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::Start;

/// Begins a `select!`.
pub const fn first() -> First<Start> {
    First { branches: Start }
}

pin_project! {
    /// Ready with the output of the first branch that fits, or with nothing when none is left.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct First<B> {
        #[pin]
        branches: B,
    }
}

pin_project! {
    /// A branch, after those that were written before it.
    #[derive(Debug)]
    pub struct Or<B, F, P> {
        #[pin]
        earlier: B,
        #[pin]
        future: F,
        fits: P,
        enabled: bool,
    }
}

/// Whose output it is.
#[derive(Debug)]
pub enum Chosen<E, T> {
    /// That of a branch written earlier.
    Earlier(E),
    /// That of this one.
    This(T),
}

impl<B> First<B> {
    /// Adds a branch. `fits` gives the output back if it matches the pattern.
    pub fn or<F, P>(self, enabled: bool, future: F, fits: P) -> First<Or<B, F, P>>
    where
        F: Future,
        P: Fn(F::Output) -> Option<F::Output>,
    {
        First { branches: Or { earlier: self.branches, future, fits, enabled } }
    }
}

impl<B: Selected> Future for First<B> {
    type Output = Option<B::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().branches.poll(cx)
    }
}

/// The branches of a `select!`.
pub trait Selected {
    /// What one of them gives.
    type Output;

    /// Polls them in order. Nothing comes out when all are disabled.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Output>>;
}

impl Selected for Start {
    type Output = Infallible;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Infallible>> {
        Poll::Ready(None)
    }
}

impl<B, F, P> Selected for Or<B, F, P>
where
    B: Selected,
    F: Future,
    P: Fn(F::Output) -> Option<F::Output>,
{
    type Output = Chosen<B::Output, F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Output>> {
        let this = self.project();
        let earlier = this.earlier.poll(cx);
        if let Poll::Ready(Some(output)) = earlier {
            return Poll::Ready(Some(Chosen::Earlier(output)));
        }
        if *this.enabled {
            let Poll::Ready(output) = this.future.poll(cx) else { return Poll::Pending };
            if let Some(output) = (this.fits)(output) {
                return Poll::Ready(Some(Chosen::This(output)));
            }
            *this.enabled = false;
        }
        earlier.map(|_| None)
    }
}
