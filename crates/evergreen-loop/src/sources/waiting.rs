//! Who waits for a source, and in which place.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use crate::error::LoopError;

/// Who waits for one direction of an edge source.
#[derive(Default)]
pub(super) struct Waiting {
    /// The last that polled, as the stream traits want it.
    pub(super) poller: Option<Waker>,
    /// Those who wait with a future of their own, in order.
    pub(super) others: Vec<(Ticket, Waker)>,
}

/// Names a place among those who wait for readiness. Any thread may take one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

impl Ticket {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What parking has come to. It is looked at, and dropped, when the table is no longer borrowed: the
/// waker that was replaced may have a destructor.
pub(crate) struct Parked {
    pub(crate) replaced: Option<Waker>,
    pub(crate) refused: Option<io::Error>,
}

impl Parked {
    /// The source is not of this loop any more.
    pub(super) fn nowhere() -> Self {
        Self { replaced: None, refused: Some(LoopError::Closed.into()) }
    }
}

impl Waiting {
    pub(super) fn place_of(&self, ticket: Ticket) -> Option<usize> {
        self.others.iter().position(|(other, _)| *other == ticket)
    }

    /// Leaves a waker, and gives the one that stood there back.
    pub(super) fn put(&mut self, ticket: Option<Ticket>, waker: &Waker) -> Option<Waker> {
        let place = match ticket {
            None => &mut self.poller,
            Some(ticket) => {
                let Some(place) = self.place_of(ticket) else {
                    self.others.push((ticket, waker.clone()));
                    return None;
                };
                let (_, known) = &mut self.others[place];
                return (!known.will_wake(waker)).then(|| std::mem::replace(known, waker.clone()));
            },
        };
        match place {
            Some(known) if known.will_wake(waker) => None,
            place => place.replace(waker.clone()),
        }
    }

    /// Takes a waker back, if there is one.
    pub(super) fn take(&mut self, ticket: Option<Ticket>) -> Option<Waker> {
        match ticket {
            None => self.poller.take(),
            Some(ticket) => Some(self.others.remove(self.place_of(ticket)?).1),
        }
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.poller.is_some() || !self.others.is_empty()
    }

    pub(super) fn take_into(&mut self, wakers: &mut Vec<Waker>) {
        wakers.extend(self.poller.take());
        if !self.others.is_empty() {
            wakers.extend(self.others.drain(..).map(|(_, waker)| waker));
        }
    }
}
