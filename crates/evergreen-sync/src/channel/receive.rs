//! The future that takes a message.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use evergreen_loop::build::poll_budget;

use super::meeting::{Meeting, Message};
use crate::wait::Wait;

/// May be polled again after it was ready: for the next message.
pub(super) struct Receive<S: Deref<Target = Meeting<T, E>>, T, E> {
    meeting: S,
    wait: Option<Wait<S>>,
}

impl<S: Deref<Target = Meeting<T, E>> + Clone, T, E> Receive<S, T, E> {
    pub(super) const fn new(meeting: S) -> Self {
        Self { meeting, wait: None }
    }

    fn wait(meeting: &S, number: u64) -> Wait<S> {
        Wait::new(meeting.clone(), number)
    }
}

impl<S: Deref<Target = Meeting<T, E>> + Clone, T, E> Unpin for Receive<S, T, E> {}

impl<S: Deref<Target = Meeting<T, E>> + Clone, T, E> Future for Receive<S, T, E> {
    type Output = Message<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Message<T, E>> {
        let Self { meeting, wait } = &mut *self;
        if wait.is_none() && meeting.is_free() {
            ready!(poll_budget(cx));
            if let Some(message) = meeting.take() {
                return Poll::Ready(message);
            }
        }
        loop {
            let place = wait.get_or_insert_with(|| Self::wait(meeting, meeting.arrive()));
            let number = ready!(meeting.poll_wait(place, cx));
            *wait = None;
            if let Some(message) = meeting.take_called(number) {
                return Poll::Ready(message);
            }
            // Its sender is gone.
            *wait = Some(Self::wait(meeting, number));
        }
    }
}
