//! The loop's timers: a hierarchical wheel that keeps the exact order of (deadline, creation).
//!
//! Insert and cancel are O(1) and a cancelled timer is freed at once. Slots are coarse, so what a
//! slot gives up is sorted before it is handed on, and what is not due yet stays.

use std::rc::Rc;
use std::task::Waker;

use crate::arena::{Arena, Key};
use crate::clock::LoopTime;
use crate::handler::Registered;
use crate::wheel::{LEVELS, Occupied, Place, SLOTS, first_tick, nanos_of, place, tick_of};

/// How many timers of a slot are searched for the first deadline. With more, the loop wakes when the
/// slot begins instead, and spreads it over the level below.
const SEARCHED: u32 = 64;

/// What an expired timer does.
pub(crate) enum Alarm {
    Wake(Waker),
    Call(Rc<Registered>),
}

/// Tells one timer from all others, also from later ones in the same memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerKey(Key);

pub(crate) struct Timers {
    nodes: Arena<Node>,
    slots: [[List; SLOTS]; LEVELS],
    occupied: Occupied,
    /// All slots before this tick have been emptied.
    tick: u64,
    created: u64,
    /// A slot with more timers than this is not searched for its first deadline.
    crowd: u32,
    /// A moment before which no timer is due; `None` if it has to be searched for.
    earliest: Option<u64>,
}

struct Node {
    deadline: u64,
    created: u64,
    place: Place,
    previous: Option<u32>,
    next: Option<u32>,
    alarm: Alarm,
}

#[derive(Clone, Copy, Default)]
struct List {
    first: Option<u32>,
    last: Option<u32>,
    length: u32,
}

/// An expired timer, on its way into the queue.
pub(crate) struct Due {
    deadline: u64,
    created: u64,
    pub(crate) alarm: Alarm,
}

impl Timers {
    pub(crate) fn new(now: LoopTime) -> Self {
        Self {
            nodes: Arena::new(),
            slots: [[List::default(); SLOTS]; LEVELS],
            occupied: Occupied::default(),
            tick: tick_of(now.as_nanos()),
            created: 0,
            crowd: SEARCHED,
            earliest: None,
        }
    }

    /// Timers whose next deadline is always exact, for time that goes where it is told to.
    pub(crate) fn exact(now: LoopTime) -> Self {
        Self { crowd: u32::MAX, ..Self::new(now) }
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn insert(&mut self, deadline: LoopTime, alarm: Alarm) -> TimerKey {
        let deadline = deadline.as_nanos();
        if self.nodes.len() == 0 {
            self.earliest = Some(deadline);
        } else {
            self.earliest = self.earliest.map(|earliest| earliest.min(deadline));
        }
        self.created += 1;
        let place = place(self.tick, tick_of(deadline));
        let created = self.created;
        let node = Node { deadline, created, place, previous: None, next: None, alarm };
        let key = self.nodes.insert(node);
        self.link(key.index, place);
        TimerKey(key)
    }

    /// Takes a timer out. `None` if it has expired or was cancelled.
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<Alarm> {
        let deadline = self.nodes.get(key.0)?.deadline;
        if self.earliest == Some(deadline) {
            self.earliest = None;
        }
        self.unlink(key.0.index);
        self.nodes.remove(key.0).map(|node| node.alarm)
    }

    /// Makes `waker` what a running timer wakes, and gives the one it replaces back. An error says
    /// that the timer has expired.
    pub(crate) fn rewake(&mut self, key: TimerKey, waker: &Waker) -> Result<Option<Alarm>, ()> {
        let node = self.nodes.get_mut(key.0).ok_or(())?;
        match &mut node.alarm {
            Alarm::Wake(old) if old.will_wake(waker) => Ok(None),
            alarm => Ok(Some(std::mem::replace(alarm, Alarm::Wake(waker.clone())))),
        }
    }

    /// When to look again: no timer is due earlier. Exact unless the first slot is a crowd.
    pub(crate) fn next_deadline(&mut self) -> Option<LoopTime> {
        if self.earliest.is_none() {
            self.earliest = self.occupied.first().map(|place| self.search(place));
        }
        self.earliest.filter(|_| self.nodes.len() > 0).map(LoopTime::from_nanos)
    }

    fn search(&self, place: Place) -> u64 {
        let list = self.list(place);
        if list.length > self.crowd {
            return nanos_of(first_tick(self.tick, place));
        }
        self.members(list).map(|index| self.nodes.at(index).deadline).min().unwrap_or(u64::MAX)
    }

    fn members(&self, list: List) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(list.first, |index| self.nodes.at(*index).next)
    }

    /// Moves what is due at `now` into `due`, by deadline, then by creation.
    pub(crate) fn expire(&mut self, now: LoopTime, due: &mut Vec<Due>) {
        let now = now.as_nanos();
        if self.nodes.len() == 0 || self.earliest.is_some_and(|earliest| now < earliest) {
            return;
        }
        self.earliest = None;
        while let Some(place) = self.occupied.first() {
            let first = first_tick(self.tick, place).max(self.tick);
            if first > tick_of(now) {
                break;
            }
            self.tick = first;
            if !self.empty(place, now, due) {
                break;
            }
        }
        self.tick = self.tick.max(tick_of(now));
        due.sort_unstable_by_key(|due| (due.deadline, due.created));
    }

    /// Takes a slot apart: what is due into `due`, the rest to where it belongs by now. False
    /// if some of it came back into the same slot, which is then the present tick's.
    fn empty(&mut self, place: Place, now: u64, due: &mut Vec<Due>) -> bool {
        let list = std::mem::take(self.list_mut(place));
        self.occupied.clear(place);
        let mut next = list.first;
        let mut moved_on = true;
        while let Some(index) = next {
            let node = self.nodes.at(index);
            next = node.next;
            if node.deadline <= now {
                due.extend(self.take(index));
            } else {
                let later = crate::wheel::place(self.tick, tick_of(node.deadline));
                moved_on &= later != place;
                self.link(index, later);
            }
        }
        moved_on
    }

    fn take(&mut self, index: u32) -> Option<Due> {
        let node = self.nodes.remove(self.nodes.key_at(index))?;
        Some(Due { deadline: node.deadline, created: node.created, alarm: node.alarm })
    }

    fn link(&mut self, index: u32, place: Place) {
        let last = self.list(place).last;
        let node = self.nodes.at_mut(index);
        (node.place, node.previous, node.next) = (place, last, None);
        match last {
            Some(last) => self.nodes.at_mut(last).next = Some(index),
            None => self.list_mut(place).first = Some(index),
        }
        let list = self.list_mut(place);
        list.last = Some(index);
        list.length += 1;
        self.occupied.set(place);
    }

    fn unlink(&mut self, index: u32) {
        let Node { place, previous, next, .. } = *self.nodes.at(index);
        match previous {
            Some(previous) => self.nodes.at_mut(previous).next = next,
            None => self.list_mut(place).first = next,
        }
        match next {
            Some(next) => self.nodes.at_mut(next).previous = previous,
            None => self.list_mut(place).last = previous,
        }
        let list = self.list_mut(place);
        list.length -= 1;
        if list.length == 0 {
            self.occupied.clear(place);
        }
    }

    fn list(&self, place: Place) -> List {
        self.slots[place.level as usize][place.slot as usize]
    }

    fn list_mut(&mut self, place: Place) -> &mut List {
        &mut self.slots[place.level as usize][place.slot as usize]
    }

    /// Takes out all timers, for the end of the loop.
    pub(crate) fn clear(&mut self) -> Vec<Alarm> {
        self.slots = [[List::default(); SLOTS]; LEVELS];
        self.occupied = Occupied::default();
        self.nodes.drain().into_iter().map(|node| node.alarm).collect()
    }
}

#[cfg(test)]
mod tests;
