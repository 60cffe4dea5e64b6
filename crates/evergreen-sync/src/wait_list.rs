//! Who waits, in the order of coming, and what each was granted (D-12).
//!
//! ```text
//!             enqueue              grant               take
//!  (outside) ---------> Waiting ----------> Granted ----------> (outside)
//!                          |                   |
//!                          +------ remove -----+  the waiter is gone; what it was
//!                                                 granted is for another
//! ```
//!
//! Those who wait are linked by number within one piece of memory: a wait allocates nothing once
//! the list has been as long before.

use std::task::Waker;

use slab::Slab;

/// `G` is what a waiter is granted, `O` what it brings.
pub(crate) struct WaitList<G, O = ()> {
    places: Slab<Place<G, O>>,
    first: usize,
    last: usize,
    waiting: usize,
}

struct Place<G, O> {
    state: State<G, O>,
    before: usize,
    after: usize,
}

pub(crate) enum State<G, O> {
    Waiting(Waker, O),
    Granted(G),
}

/// Before the first, and behind the last.
const NOBODY: usize = usize::MAX;
/// A crowd must not hold its places for ever.
const KEPT: usize = 1024;

impl<G, O> WaitList<G, O> {
    pub(crate) const fn new() -> Self {
        Self { places: Slab::new(), first: NOBODY, last: NOBODY, waiting: 0 }
    }

    /// How many have been granted nothing yet.
    pub(crate) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// What whoever has waited longest has brought.
    pub(crate) fn first(&self) -> Option<&O> {
        self.offer(self.first)
    }

    /// Adds a waiter behind all others, and gives its number.
    pub(crate) fn enqueue(&mut self, waker: Waker, offer: O) -> usize {
        self.link(State::Waiting(waker, offer), self.last, NOBODY)
    }

    /// Adds a waiter in front of all those who are behind it.
    pub(crate) fn enqueue_before(
        &mut self,
        waker: Waker,
        offer: O,
        is_behind: impl Fn(&O) -> bool,
    ) -> usize {
        let (mut before, mut after) = (self.last, NOBODY);
        while self.offer(before).is_some_and(&is_behind) {
            (before, after) = (self.places[before].before, before);
        }
        self.link(State::Waiting(waker, offer), before, after)
    }

    /// Grants something to the one before whom so many others wait, and gives what that one has
    /// brought. `Err` if there is none. The waker is to be called when the list is not borrowed any
    /// more.
    pub(crate) fn grant_at(&mut self, rank: usize, grant: G) -> Result<(Waker, O), G> {
        let behind = |key| self.places.get(key).map_or(NOBODY, |place| place.after);
        let key = (0..rank).fold(self.first, |key, _| behind(key));
        if key == NOBODY {
            return Err(grant);
        }
        self.unlink(key);
        match std::mem::replace(&mut self.places[key].state, State::Granted(grant)) {
            State::Waiting(waker, offer) => Ok((waker, offer)),
            State::Granted(_) => unreachable!("only those who wait are linked"),
        }
    }

    /// What the waiter was granted, if it was. It has no number any more then.
    pub(crate) fn take(&mut self, key: usize) -> Option<G> {
        if matches!(self.places[key].state, State::Waiting(..)) {
            return None;
        }
        match self.remove(key) {
            State::Granted(grant) => Some(grant),
            State::Waiting(..) => None,
        }
    }

    /// Whether that is whom to wake for the waiter.
    pub(crate) fn wakes(&self, key: usize, waker: &Waker) -> bool {
        matches!(&self.places[key].state, State::Waiting(known, _) if known.will_wake(waker))
    }

    /// Notes whom to wake for the waiter. What comes back is to be dropped, or woken if the waiter
    /// was granted something meanwhile, when the list is not borrowed any more.
    pub(crate) fn renew(&mut self, key: usize, waker: Waker) -> Result<Waker, Waker> {
        match &mut self.places[key].state {
            State::Waiting(known, _) => Ok(std::mem::replace(known, waker)),
            State::Granted(_) => Err(waker),
        }
    }

    /// Takes a waiter out. What is left of it is to be dropped, or granted to another, when the list
    /// is not borrowed any more.
    pub(crate) fn remove(&mut self, key: usize) -> State<G, O> {
        if matches!(self.places[key].state, State::Waiting(..)) {
            self.unlink(key);
        }
        let place = self.places.remove(key);
        if self.places.is_empty() && self.places.capacity() > KEPT {
            self.places = Slab::new();
        }
        place.state
    }

    /// What a waiter has brought; `None` for nobody.
    fn offer(&self, key: usize) -> Option<&O> {
        match &self.places.get(key)?.state {
            State::Waiting(_, offer) => Some(offer),
            State::Granted(_) => None,
        }
    }

    fn link(&mut self, state: State<G, O>, before: usize, after: usize) -> usize {
        let key = self.places.insert(Place { state, before, after });
        *self.after(before) = key;
        *self.before(after) = key;
        self.waiting += 1;
        key
    }

    fn unlink(&mut self, key: usize) {
        let Place { before, after, .. } = self.places[key];
        *self.after(before) = after;
        *self.before(after) = before;
        self.waiting -= 1;
    }

    fn after(&mut self, key: usize) -> &mut usize {
        if key == NOBODY { &mut self.first } else { &mut self.places[key].after }
    }

    fn before(&mut self, key: usize) -> &mut usize {
        if key == NOBODY { &mut self.last } else { &mut self.places[key].before }
    }
}

impl<G, O> Default for WaitList<G, O> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_does_not_hold_its_places_for_ever() {
        let mut waiters = WaitList::<(), ()>::new();
        let crowd: Vec<_> =
            (0..=KEPT).map(|_| waiters.enqueue(Waker::noop().clone(), ())).collect();
        crowd.into_iter().for_each(|key| drop(waiters.remove(key)));
        assert_eq!((waiters.waiting(), waiters.places.capacity()), (0, 0));
    }
}
