//! What is polled as a task: the user's future, and everything that happens around it.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Weak;
use std::task::{Context, Poll};

use evergreen_loop::build::SlowWatch;
use evergreen_loop::{ErrorContext, ErrorOrigin, EventLoop};
use pin_project_lite::pin_project;

use crate::error::JoinError;
use crate::header::Header;
use crate::kill;
use crate::raw::Pointer;
use crate::registry;
use crate::state::State;
use crate::task_ref::{self, Running};

/// What a task gives to who awaits it.
pub(crate) type Output<T> = Result<T, JoinError>;

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
        let output = match begin(header) {
            Begin::Poll => caught(|| timed(header, || poll_inner(this.future.as_mut(), cx))),
            Begin::End => Ok(Poll::Ready(Err(JoinError::Killed))),
        };
        let output = match output {
            Ok(Poll::Pending) if !kill::settle(header, cx) => {
                park(header);
                return Poll::Pending;
            },
            Ok(Poll::Pending) => Err(JoinError::Killed),
            Ok(Poll::Ready(output)) => output,
            Err(payload) => {
                report(header, &*payload);
                Err(JoinError::Panicked(payload))
            },
        };
        guarded(header, || timed(header, || this.future.set(None)));
        Poll::Ready(end(header, output))
    }
}

enum Begin {
    Poll,
    End,
}

/// Decides whether the future is polled at all.
fn begin(header: &Header) -> Begin {
    if header.state.get() == State::Sent {
        registry::enter_running(header);
        // The loop may have begun to end meanwhile.
        if EventLoop::try_current().is_none_or(|event_loop| event_loop.is_closed()) {
            return Begin::End;
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

fn poll_inner<F: Future>(
    future: Pin<&mut Option<F>>,
    cx: &mut Context<'_>,
) -> Poll<Output<F::Output>> {
    let future = future.as_pin_mut().expect("not polled after it was ready");
    future.poll(cx).map(Ok)
}

fn park(header: &Header) {
    if header.polls() == 1 {
        registry::keep(header);
    }
    header.park();
}

/// Ends the task: its locals go, then whoever joins it is woken. An output that nobody can take is
/// dropped here, where a panic of its destructor can be caught.
fn end<T>(header: &Header, mut output: Output<T>) -> Output<T> {
    let locals = registry::leave(header);
    header.state.set(State::Ended);
    if !header.is_plain() && matches!(output, Err(JoinError::Killed)) {
        output = Err(header.take_reason().map_or(JoinError::Killed, JoinError::KilledWith));
    }
    if header.is_detached() {
        output = dropped(header, output);
    }
    for local in locals.iter().filter_map(Weak::upgrade) {
        guarded(header, || local.forget(header.id));
    }
    if !header.is_plain() {
        for joiner in header.take_joiners().into_wakers() {
            guarded(header, || joiner.wake());
        }
    }
    output
}

/// Nobody will take the output.
fn dropped<T>(header: &Header, output: Output<T>) -> Output<T> {
    if let Err(JoinError::KilledWith(reason)) = &output {
        kill::report(header, reason);
    }
    guarded(header, || drop(output));
    Err(JoinError::Killed)
}

fn caught<T>(f: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(f))
}

/// Runs a destructor or waker of the task; its panic is reported and goes no further.
fn guarded(header: &Header, f: impl FnOnce()) {
    if let Err(payload) = caught(f) {
        report(header, &*payload);
        if let Err(second) = caught(|| drop(payload)) {
            Box::leak(second);
        }
    }
}

/// Runs the user's code of the task; if that holds up the loop, the task is named.
fn timed<T>(header: &Header, f: impl FnOnce() -> T) -> T {
    let watch = SlowWatch::begin();
    let output = f();
    watch.end(|| context(header));
    output
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
