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
    wait: Option<(u64, Wait<S>)>,
}

impl<S: Deref<Target = Meeting<T, E>> + Clone, T, E> Receive<S, T, E> {
    pub(super) const fn new(meeting: S) -> Self {
        Self { meeting, wait: None }
    }

    fn wait(&self, number: u64) -> (u64, Wait<S>) {
        (number, Wait::new(self.meeting.clone(), number))
    }

    /// `None` if it has to wait.
    fn poll_free(&self, cx: &Context<'_>) -> Poll<Option<Message<T, E>>> {
        if !self.meeting.is_free() {
            return Poll::Ready(None);
        }
        poll_budget(cx).map(|()| self.meeting.take())
    }
}

impl<S: Deref<Target = Meeting<T, E>> + Clone, T, E> Unpin for Receive<S, T, E> {}

impl<S: Deref<Target = Meeting<T, E>> + Clone, T, E> Future for Receive<S, T, E> {
    type Output = Message<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Message<T, E>> {
        if self.wait.is_none() {
            if let Some(message) = ready!(self.poll_free(cx)) {
                return Poll::Ready(message);
            }
            self.wait = Some(self.wait(self.meeting.arrive()));
        }
        while let Some((number, wait)) = &mut self.wait {
            let (number, polled) = (*number, Pin::new(wait).poll(cx));
            self.meeting.call();
            ready!(polled);
            self.wait = None;
            match self.meeting.take_called() {
                Some(message) => return Poll::Ready(message),
                None => self.wait = Some(self.wait(number)),
            }
        }
        unreachable!("it waits until it has a message")
    }
}
