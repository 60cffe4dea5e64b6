//! The loop's timers: a hierarchical wheel that keeps the exact order of (deadline, creation).
//!
//! Insert and cancel are O(1) and a cancelled timer is freed at once. Slots are coarse, so what a
//! slot gives up is sorted before it is handed on, and what is not due yet stays. A slot is a list in
//! one piece, with all that is needed to move its timers on: in a crowd, their nodes lie far apart.

use std::rc::Rc;
use std::task::Waker;

use crate::arena::{Arena, Key};
use crate::clock::LoopTime;
use crate::handler::Registered;
use crate::wheel::{LEVELS, Occupied, Place, SLOTS, first_tick, nanos_of, place, tick_of};

/// How many timers of a slot are searched for the first deadline. With more, the loop wakes when the
/// slot begins instead, and spreads it over the level below.
const SEARCHED: usize = 64;
/// An emptied slot keeps room for so many; a burst must not hold its memory for ever.
const KEPT: usize = 64;

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
    slots: [[Vec<Entry>; SLOTS]; LEVELS],
    /// What a slot is exchanged for while it is emptied.
    spare: Vec<Entry>,
    occupied: Occupied,
    /// All slots before this tick have been emptied.
    tick: u64,
    created: u64,
    /// A slot with more timers than this is not searched for its first deadline.
    crowd: usize,
    /// A moment before which no timer is due; `None` if it has to be searched for.
    earliest: Option<u64>,
}

struct Node {
    place: Place,
    /// Where in its slot.
    position: u32,
    alarm: Alarm,
}

/// A timer as its slot knows it.
#[derive(Clone, Copy)]
struct Entry {
    deadline: u64,
    created: u64,
    node: u32,
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
            slots: no_timers(),
            spare: Vec::new(),
            occupied: Occupied::default(),
            tick: tick_of(now.as_nanos()),
            created: 0,
            crowd: SEARCHED,
            earliest: None,
        }
    }

    /// Timers whose next deadline is always exact, for time that goes where it is told to.
    pub(crate) fn exact(now: LoopTime) -> Self {
        Self { crowd: usize::MAX, ..Self::new(now) }
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
        let key = self.nodes.insert(Node { place, position: 0, alarm });
        self.link(Entry { deadline, created: self.created, node: key.index }, place);
        TimerKey(key)
    }

    /// Takes a timer out. `None` if it has expired or was cancelled.
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<Alarm> {
        let node = self.nodes.remove(key.0)?;
        let deadline = self.unlink(node.place, node.position);
        if self.earliest == Some(deadline) {
            self.earliest = None;
        }
        Some(node.alarm)
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
        let slot = &self.slots[place.level as usize][place.slot as usize];
        if slot.len() > self.crowd {
            return nanos_of(first_tick(self.tick, place));
        }
        slot.iter().map(|entry| entry.deadline).min().unwrap_or(u64::MAX)
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
        let spare = std::mem::take(&mut self.spare);
        let mut entries = std::mem::replace(self.slot_mut(place), spare);
        self.occupied.clear(place);
        let mut moved_on = true;
        for entry in entries.drain(..) {
            if entry.deadline <= now {
                due.extend(self.take(entry));
            } else {
                let later = crate::wheel::place(self.tick, tick_of(entry.deadline));
                moved_on &= later != place;
                self.link(entry, later);
            }
        }
        if entries.capacity() <= KEPT {
            self.spare = entries;
        }
        moved_on
    }

    fn take(&mut self, entry: Entry) -> Option<Due> {
        let node = self.nodes.remove(self.nodes.key_at(entry.node))?;
        Some(Due { deadline: entry.deadline, created: entry.created, alarm: node.alarm })
    }

    fn link(&mut self, entry: Entry, place: Place) {
        let slot = self.slot_mut(place);
        let position = u32::try_from(slot.len()).expect("fewer than 2^32 timers");
        slot.push(entry);
        self.occupied.set(place);
        let node = self.nodes.at_mut(entry.node);
        (node.place, node.position) = (place, position);
    }

    /// Takes an entry out of its slot, whose last one moves there. Tells when it was due.
    fn unlink(&mut self, place: Place, position: u32) -> u64 {
        let slot = self.slot_mut(place);
        let entry = slot.swap_remove(position as usize);
        let moved = slot.get(position as usize).map(|moved| moved.node);
        if slot.is_empty() {
            slot.shrink_to(KEPT);
            self.occupied.clear(place);
        }
        if let Some(moved) = moved {
            self.nodes.at_mut(moved).position = position;
        }
        entry.deadline
    }

    fn slot_mut(&mut self, place: Place) -> &mut Vec<Entry> {
        &mut self.slots[place.level as usize][place.slot as usize]
    }

    /// Takes out all timers, for the end of the loop.
    pub(crate) fn clear(&mut self) -> Vec<Alarm> {
        self.slots = no_timers();
        self.occupied = Occupied::default();
        self.nodes.drain().into_iter().map(|node| node.alarm).collect()
    }
}

fn no_timers() -> [[Vec<Entry>; SLOTS]; LEVELS] {
    std::array::from_fn(|_| std::array::from_fn(|_| Vec::new()))
}

#[cfg(test)]
mod tests;
