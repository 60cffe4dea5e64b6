//! Those who wait for the end of a task, in the order they came.

use std::task::Waker;

#[derive(Default)]
pub(crate) struct Joiners(Vec<(u64, Waker)>);

impl Joiners {
    /// Adds a waker, or renews the one that `ticket` stands for. What is replaced is given back, to
    /// be dropped outside of the lock.
    pub(crate) fn join(&mut self, ticket: &mut Option<u64>, waker: Waker) -> Option<Waker> {
        if let Some((_, known)) = self.0.iter_mut().find(|(other, _)| Some(*other) == *ticket) {
            return Some(std::mem::replace(known, waker));
        }
        let new = self.0.last().map_or(0, |(last, _)| last + 1);
        self.0.push((new, waker));
        *ticket = Some(new);
        None
    }

    pub(crate) fn leave(&mut self, ticket: u64) -> Option<Waker> {
        let place = self.0.iter().position(|(other, _)| *other == ticket)?;
        Some(self.0.remove(place).1)
    }

    pub(crate) fn into_wakers(self) -> impl Iterator<Item = Waker> {
        self.0.into_iter().map(|(_, waker)| waker)
    }
}
