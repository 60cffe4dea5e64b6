//! `join!` and `try_join!`: all branches, or the first error.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::Start;

/// Begins a `join!` or `try_join!`.
pub const fn all() -> All<Start> {
    All { branches: Start }
}

pin_project! {
    /// Ready when all branches are.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct All<B> {
        #[pin]
        branches: B,
    }
}

pin_project! {
    /// Ready when all branches are, or one of them has failed.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct TryAll<B, E> {
        #[pin]
        branches: B,
        error: PhantomData<fn() -> E>,
    }
}

pin_project! {
    /// A branch, after those that were written before it.
    #[derive(Debug)]
    pub struct And<B, F, T> {
        #[pin]
        earlier: B,
        #[pin]
        branch: Branch<F, T>,
    }
}

pin_project! {
    // A future until it is ready, then its output.
    #[derive(Debug)]
    #[project = BranchProjection]
    enum Branch<F, T> {
        Waiting { #[pin] future: F },
        Ready { output: Option<T> },
    }
}

impl<B> All<B> {
    /// Adds a branch.
    pub fn and<F: Future>(self, future: F) -> All<And<B, F, F::Output>> {
        let branch = Branch::Waiting { future };
        All { branches: And { earlier: self.branches, branch } }
    }

    /// Ends at the first error.
    pub fn or_error<E>(self) -> TryAll<B, E> {
        TryAll { branches: self.branches, error: PhantomData }
    }
}

impl<B: Joined> Future for All<B> {
    type Output = B::Outputs;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut branches = self.project().branches;
        branches.as_mut().poll(cx).map(|()| branches.take())
    }
}

impl<B: TryJoined<E>, E> Future for TryAll<B, E> {
    type Output = Result<B::Outputs, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut branches = self.project().branches;
        branches.as_mut().poll(cx).map_ok(|()| branches.take())
    }
}

/// The branches of a `join!`.
pub trait Joined {
    /// The outputs in order, as nested pairs.
    type Outputs;

    /// Polls in order those that are not ready yet.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;

    /// Gives the outputs away, once all are there.
    fn take(self: Pin<&mut Self>) -> Self::Outputs;
}

/// The branches of a `try_join!`, whose errors are of one type.
#[diagnostic::on_unimplemented(
    message = "the branches of `try_join!` are not futures of `Result` with one type of error"
)]
pub trait TryJoined<E> {
    /// The values in order, as nested pairs.
    type Outputs;

    /// Polls in order those that are not ready yet, as far as the first that fails.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E>>;

    /// Gives the values away, once all are there.
    fn take(self: Pin<&mut Self>) -> Self::Outputs;
}

impl Joined for Start {
    type Outputs = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn take(self: Pin<&mut Self>) {}
}

impl<E> TryJoined<E> for Start {
    type Outputs = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn take(self: Pin<&mut Self>) {}
}

impl<B: Joined, F: Future> Joined for And<B, F, F::Output> {
    type Outputs = (B::Outputs, F::Output);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let earlier = this.earlier.poll(cx);
        let own = this.branch.poll(cx);
        if earlier.is_ready() { own.map(drop) } else { Poll::Pending }
    }

    fn take(self: Pin<&mut Self>) -> Self::Outputs {
        let this = self.project();
        (this.earlier.take(), this.branch.take())
    }
}

impl<B, F, T, E> TryJoined<E> for And<B, F, Result<T, E>>
where
    B: TryJoined<E>,
    F: Future<Output = Result<T, E>>,
{
    type Outputs = (B::Outputs, T);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        let mut this = self.project();
        let earlier = this.earlier.poll(cx)?;
        let own = this.branch.as_mut().poll(cx);
        if let Poll::Ready(Err(_)) = own {
            return Poll::Ready(this.branch.take().map(drop));
        }
        if earlier.is_ready() { own.map(|_| Ok(())) } else { Poll::Pending }
    }

    fn take(self: Pin<&mut Self>) -> Self::Outputs {
        let this = self.project();
        let Ok(value) = this.branch.take() else { unreachable!("an error ends the poll") };
        (this.earlier.take(), value)
    }
}

impl<F: Future> Branch<F, F::Output> {
    /// The output, if it is there now.
    fn poll<'a>(mut self: Pin<&'a mut Self>, cx: &mut Context<'_>) -> Poll<&'a F::Output> {
        if let BranchProjection::Waiting { future } = self.as_mut().project() {
            let Poll::Ready(output) = future.poll(cx) else { return Poll::Pending };
            self.set(Self::Ready { output: Some(output) });
        }
        match self.into_ref().get_ref() {
            Self::Ready { output: Some(output) } => Poll::Ready(output),
            _ => unreachable!("polled after its output was taken"),
        }
    }

    fn take(self: Pin<&mut Self>) -> F::Output {
        match self.project() {
            BranchProjection::Ready { output } => output.take().expect("taken once"),
            BranchProjection::Waiting { .. } => unreachable!("taken before it was ready"),
        }
    }
}
