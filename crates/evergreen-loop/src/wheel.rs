//! The shape of the timer wheel: which slot of which level a moment falls into.
//!
//! A tick is 1,024 ns. Each level has 64 slots; a slot of level *n* is 64^*n* ticks wide. A moment
//! stands on the level of the highest group of six bits in which it differs from the present tick,
//! so all of a lower level comes before anything of a higher one, and slots never wrap around.

/// Nanoseconds of a tick, as a power of two.
const TICK_BITS: u32 = 10;
const SLOT_BITS: u32 = 6;
/// Slots of one level.
pub(crate) const SLOTS: usize = 1 << SLOT_BITS;
/// Enough levels for every moment that 64 bits of nanoseconds can tell.
pub(crate) const LEVELS: usize = (64 - TICK_BITS as usize).div_ceil(SLOT_BITS as usize);

/// One slot of one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) level: u8,
    pub(crate) slot: u8,
}

/// The tick that a moment, in nanoseconds, falls into.
pub(crate) const fn tick_of(nanos: u64) -> u64 {
    nanos >> TICK_BITS
}

/// Where a timer that is due in tick `when` stands while the present tick is `now`.
#[expect(clippy::cast_possible_truncation, reason = "levels and slots are below 64")]
pub(crate) const fn place(now: u64, when: u64) -> Place {
    let when = if when < now { now } else { when };
    let different = (now ^ when) | (SLOTS as u64 - 1);
    let level = (63 - different.leading_zeros()) / SLOT_BITS;
    let slot = (when >> (level * SLOT_BITS)) & (SLOTS as u64 - 1);
    Place { level: level as u8, slot: slot as u8 }
}

/// The first tick of a slot, seen from the present tick `now`.
pub(crate) const fn first_tick(now: u64, place: Place) -> u64 {
    let shift = place.level as u32 * SLOT_BITS;
    let above = now >> shift >> SLOT_BITS << SLOT_BITS;
    (above | place.slot as u64) << shift
}

/// The first nanosecond of a tick.
pub(crate) const fn nanos_of(tick: u64) -> u64 {
    tick << TICK_BITS
}

/// Which slots hold something, a bit each.
#[derive(Debug, Default)]
pub(crate) struct Occupied([u64; LEVELS]);

impl Occupied {
    pub(crate) fn set(&mut self, place: Place) {
        self.0[place.level as usize] |= 1 << place.slot;
    }

    pub(crate) fn clear(&mut self, place: Place) {
        self.0[place.level as usize] &= !(1 << place.slot);
    }

    /// The slot that comes first in time.
    #[expect(clippy::cast_possible_truncation, reason = "levels and slots are below 64")]
    pub(crate) fn first(&self) -> Option<Place> {
        let level = self.0.iter().position(|slots| *slots != 0)?;
        Some(Place { level: level as u8, slot: self.0[level].trailing_zeros() as u8 })
    }
}

#[cfg(test)]
mod tests {
    use super::{LEVELS, Occupied, Place, first_tick, place, tick_of};

    #[test]
    fn a_slot_begins_at_or_before_what_stands_in_it() {
        let moments = [0, 1, 63, 64, 4095, 4096, 1 << 20, (1 << 33) + 5, tick_of(u64::MAX)];
        for now in moments {
            for when in moments.into_iter().filter(|when| *when >= now) {
                let place = place(now, when);
                assert!((place.level as usize) < LEVELS);
                assert!(first_tick(now, place) <= when, "{now} {when} {place:?}");
            }
        }
    }

    #[test]
    fn lower_levels_come_first() {
        let mut occupied = Occupied::default();
        assert_eq!(occupied.first(), None);
        occupied.set(Place { level: 2, slot: 1 });
        occupied.set(Place { level: 1, slot: 9 });
        occupied.set(Place { level: 1, slot: 7 });
        assert_eq!(occupied.first(), Some(Place { level: 1, slot: 7 }));
        occupied.clear(Place { level: 1, slot: 7 });
        occupied.clear(Place { level: 1, slot: 9 });
        assert_eq!(occupied.first(), Some(Place { level: 2, slot: 1 }));
    }
}
