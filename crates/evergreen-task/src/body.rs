//! What is polled as a task: the user's future, and everything that happens around it.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Weak;
use std::task::{Context, Poll};

use evergreen_loop::build::{SlowWatch, drop_payload};
use evergreen_loop::{ErrorContext, ErrorOrigin, EventLoop, Panic};
use pin_project_lite::pin_project;

use crate::failure::{Failure, Unheard};
use crate::header::Header;
use crate::kill;
use crate::local::Forget;
use crate::raw::Pointer;
use crate::registry;
use crate::state::State;
use crate::task_ref::{self, Running};

/// What a task leaves for who awaits it. The error is boxed so that outputs stay small: they are
/// moved a few times, and most tasks end well.
pub(crate) type Output<T> = Result<T, Box<Failure>>;

pin_project! {
    /// The future of a task. It never unwinds, and drops the user's future before it is ready.
    pub(crate) struct Body<F> {
        header: Pointer<Header>,
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future> Body<F> {
    pub(crate) fn new(header: Pointer<Header>, future: F) -> Self {
        Self { header, future: Some(future) }
    }
}

impl<F: Future> Future for Body<F> {
    type Output = Output<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let pointer = *this.header;
        let header = pointer.get();
        let running = Running::new(pointer, cx.waker());
        let _current = task_ref::enter(&running);
        let watch = SlowWatch::begin();
        let mut polled = match begin(header) {
            Begin::Poll => Poll::Pending,
            Begin::End => Poll::Ready(Err(Failure::Killed.into())),
        };
        let panicked = caught(|| advance(this.future.as_mut(), &mut polled, cx)).err();
        let mut output = match (polled, panicked) {
            (Poll::Pending, None) if !kill::settle(header, cx) => {
                park(header);
                watch.end(|| context(header));
                return Poll::Pending;
            },
            (Poll::Ready(output), None) => {
                watch.end(|| context(header));
                output
            },
            (Poll::Pending, None) => Err(Failure::Killed.into()),
            (Poll::Ready(output), Some(payload)) => {
                report(header, &*payload);
                drop_payload(payload);
                output
            },
            (Poll::Pending, Some(payload)) => {
                report(header, &*payload);
                Err(Failure::Panicked(Panic::new(payload)).into())
            },
        };
        if this.future.is_some() {
            guarded(header, || this.future.set(None));
        }
        end(header, &mut output);
        Poll::Ready(output)
    }
}

enum Begin {
    Poll,
    End,
}

/// Decides whether the future is polled at all.
#[inline(always)]
fn begin(header: &Header) -> Begin {
    if header.state.get() == State::Sent {
        registry::keep(header);
        // The loop may have begun to end meanwhile.
        let is_closed = || EventLoop::try_current().is_none_or(|event_loop| event_loop.is_closed());
        if header.is_recalled() || is_closed() {
            header.mark_killed();
        }
    }
    if !header.is_killed() {
        header.run();
        return Begin::Poll;
    }
    if header.state.get() != State::Initial {
        // Its destructors run, and may ask who does.
        header.state.set(State::Running);
    }
    Begin::End
}

/// Polls the future unless the outcome is known. With the outcome the future goes.
#[inline(always)]
fn advance<F: Future>(
    mut future: Pin<&mut Option<F>>,
    polled: &mut Poll<Output<F::Output>>,
    cx: &mut Context<'_>,
) {
    if polled.is_pending() {
        let future = future.as_mut().as_pin_mut().expect("not polled after it was ready");
        *polled = future.poll(cx).map(Ok);
    }
    if polled.is_ready() {
        future.set(None);
    }
}

#[inline(always)]
fn park(header: &Header) {
    if header.polls() == 1 {
        registry::keep(header);
    }
    header.park();
}

/// Ends the task. Most have nothing but an output that somebody will take.
#[inline(always)]
fn end<T>(header: &Header, output: &mut Output<T>) {
    let locals = registry::leave(header);
    header.state.set(State::Ended);
    if !header.is_plain() || header.is_detached() || !locals.is_empty() {
        clean_up(header, &locals, output);
    }
}

/// Locals go, then whoever joins the task is woken. An output that nobody can take is dropped here,
/// where a panic of its destructor can be caught.
fn clean_up<T>(header: &Header, locals: &[Weak<dyn Forget>], output: &mut Output<T>) {
    if let (Err(error), Some(reason)) = (&mut *output, header.take_reason()) {
        if matches!(**error, Failure::Killed) {
            **error = Failure::KilledWith(Unheard::new(reason, header, context(header)));
        }
    }
    for local in locals.iter().filter_map(Weak::upgrade) {
        guarded(header, || local.forget(header.id));
    }
    if let Some(interrupts) = header.take_interrupts() {
        guarded(header, || drop(interrupts));
    }
    // Behind what may have had the handle.
    if header.is_detached() {
        drop_output(header, output);
    }
    for joiner in header.take_joiners().into_wakers() {
        guarded(header, || joiner.wake());
    }
}

/// Nobody will take the output.
fn drop_output<T>(header: &Header, output: &mut Output<T>) {
    let output = std::mem::replace(output, Err(Failure::Killed.into()));
    guarded(header, || drop(output));
}

fn caught<T>(f: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(f))
}

/// Runs a destructor or waker of the task; its panic is reported and goes no further.
pub(crate) fn guarded(header: &Header, f: impl FnOnce()) {
    if let Err(payload) = caught(f) {
        report(header, &*payload);
        drop_payload(payload);
    }
}

fn report(header: &Header, payload: &(dyn Any + Send)) {
    if let Some(event_loop) = EventLoop::try_current() {
        event_loop.call_exception_handler(&context(header).panicked(payload));
    }
}

/// What the exception handler is told of a task: which one, and where it was made.
pub(crate) fn context(header: &Header) -> ErrorContext {
    ErrorContext::new(ErrorOrigin::Task).named(header.name()).at(header.location)
}
