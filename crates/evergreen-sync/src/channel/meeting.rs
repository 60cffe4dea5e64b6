//! Where senders and receivers meet.
//!
//! A value stays with its sender until a receiver takes it, in one step and with nobody in between.
//! While there are both, receivers are called: so many as there are values, in the order of their
//! coming. The first that came takes the first value, the second the second, in whatever order
//! their turns are. One that is called and gone leaves its value to the next. One that is called and
//! finds that the sender is gone waits on, at its old place.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::wait::{Grants, Wait};
use crate::wait_list::WaitList;

pub(super) struct Meeting<T, E> {
    senders: Senders<T, E>,
    /// Each brings the number of its arrival, and is called by it.
    receivers: RefCell<WaitList<u64, u64>>,
    arrivals: Cell<u64>,
    /// Receivers that were called and have not come yet, in the order of their arrival.
    called: RefCell<VecDeque<u64>>,
}

/// Each brings a message, and is granted that it was taken.
struct Senders<T, E>(RefCell<WaitList<(), Message<T, E>>>);

pub(super) enum Message<T, E> {
    Value(T),
    Error(E),
    End,
}

impl<T, E> Message<T, E> {
    /// What it is for who iterates.
    pub(super) fn into_item(self) -> Option<Result<T, E>> {
        match self {
            Self::Value(value) => Some(Ok(value)),
            Self::Error(error) => Some(Err(error)),
            Self::End => None,
        }
    }
}

impl<T, E> Meeting<T, E> {
    pub(super) const fn new() -> Self {
        Self {
            senders: Senders(RefCell::new(WaitList::new())),
            receivers: RefCell::new(WaitList::new()),
            arrivals: Cell::new(0),
            called: RefCell::new(VecDeque::new()),
        }
    }

    /// Waits until the message was taken.
    pub(super) async fn send(&self, message: Message<T, E>) {
        let mut wait = Wait::new(&self.senders, message);
        poll_fn(|cx| self.poll_wait(&mut wait, cx)).await;
    }

    /// Polls a wait of either side; who has come may be whom the other side waits for.
    pub(super) fn poll_wait<W: Future + Unpin>(
        &self,
        wait: &mut W,
        cx: &mut Context<'_>,
    ) -> Poll<W::Output> {
        let polled = Pin::new(wait).poll(cx);
        if polled.is_pending() {
            self.call();
        }
        polled
    }

    /// Whether a message is there, and nobody who came before is to have it.
    pub(super) fn is_free(&self) -> bool {
        self.called.borrow().is_empty() && self.senders.waiting() > 0
    }

    /// Takes the first message.
    pub(super) fn take(&self) -> Option<Message<T, E>> {
        self.senders.grant(()).ok()
    }

    /// A number for one who will wait.
    pub(super) fn arrive(&self) -> u64 {
        let number = self.arrivals.get();
        self.arrivals.set(number + 1);
        number
    }

    /// Takes the message of one that was called, if it is still there.
    pub(super) fn take_called(&self, number: u64) -> Option<Message<T, E>> {
        let rank = self.forget(number);
        self.senders.grant_at(rank, ()).ok()
    }

    /// Calls receivers, as long as there are messages that none was called for.
    fn call(&self) {
        while self.senders.waiting() > self.called.borrow().len() {
            let Some(number) = self.receivers.borrow().first().copied() else { return };
            let rank = self.rank(number);
            self.called.borrow_mut().insert(rank, number);
            self.grant(number).ok();
        }
    }

    /// How many were called that came before.
    fn rank(&self, number: u64) -> usize {
        self.called.borrow().partition_point(|&other| other < number)
    }

    fn forget(&self, number: u64) -> usize {
        let rank = self.rank(number);
        self.called.borrow_mut().remove(rank);
        rank
    }
}

impl<T, E> Grants for Meeting<T, E> {
    type Grant = u64;
    type Offer = u64;

    fn waiters(&self) -> &RefCell<WaitList<u64, u64>> {
        &self.receivers
    }

    fn enqueue(&self, waker: Waker, number: u64) -> usize {
        self.receivers.borrow_mut().enqueue_before(waker, number, |&other| other > number)
    }

    fn pass_on(&self, number: u64) {
        self.forget(number);
        self.call();
    }
}

impl<T, E> Grants for Senders<T, E> {
    type Grant = ();
    type Offer = Message<T, E>;

    fn waiters(&self) -> &RefCell<WaitList<(), Message<T, E>>> {
        &self.0
    }

    /// Its message was taken.
    fn pass_on(&self, (): ()) {}
}

impl<T, E> fmt::Debug for Meeting<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let receivers = self.waiting() + self.called.borrow().len();
        f.debug_struct("Channel")
            .field("senders", &self.senders.waiting())
            .field("receivers", &receivers)
            .finish()
    }
}
