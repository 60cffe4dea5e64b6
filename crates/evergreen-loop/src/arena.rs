//! Slots with stable keys; a key of a slot that was freed is told from that of its successor.

/// An index and the generation it was handed out in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) index: u32,
    generation: u32,
}

impl Key {
    pub(crate) fn to_bits(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the two halves are taken apart")]
    pub(crate) fn from_bits(bits: u64) -> Self {
        Self { index: bits as u32, generation: (bits >> 32) as u32 }
    }
}

pub(crate) struct Arena<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    /// Where the generations of new slots begin.
    first_generation: u32,
}

struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Arena<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), first_generation: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(crate) fn insert(&mut self, value: T) -> Key {
        let index = self.free.pop().unwrap_or_else(|| self.grow());
        let slot = &mut self.slots[index as usize];
        slot.value = Some(value);
        Key { index, generation: slot.generation }
    }

    fn grow(&mut self) -> u32 {
        let index = u32::try_from(self.slots.len()).expect("fewer than 2^32 timers or sources");
        self.slots.push(Slot { generation: self.first_generation, value: None });
        index
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let slot = self.slots.get_mut(key.index as usize)?;
        if slot.generation != key.generation {
            return None;
        }
        let value = slot.value.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(key.index);
        self.release_when_empty();
        Some(value)
    }

    /// A burst of a million slots must not hold its memory for ever, nor may their keys come back.
    fn release_when_empty(&mut self) {
        const KEPT: usize = 4096;
        if self.free.len() == self.slots.len() && self.slots.len() > KEPT {
            let newest = self.slots.iter().map(|slot| slot.generation).max();
            self.first_generation = newest.unwrap_or(0);
            self.slots = Vec::new();
            self.free = Vec::new();
        }
    }

    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        let slot = self.slots.get(key.index as usize)?;
        slot.value.as_ref().filter(|_| slot.generation == key.generation)
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.index as usize)?;
        slot.value.as_mut().filter(|_| slot.generation == key.generation)
    }

    /// The value in a slot that is known to be taken.
    pub(crate) fn at_mut(&mut self, index: u32) -> &mut T {
        self.slots[index as usize].value.as_mut().expect("a linked slot is taken")
    }

    /// The key of a slot that is known to be taken.
    pub(crate) fn key_at(&self, index: u32) -> Key {
        Key { index, generation: self.slots[index as usize].generation }
    }

    /// Takes all values out, in the order of their slots.
    pub(crate) fn drain(&mut self) -> Vec<T> {
        let keys: Vec<Key> = (0..self.slots.len())
            .filter_map(|index| u32::try_from(index).ok())
            .map(|index| self.key_at(index))
            .collect();
        keys.into_iter().filter_map(|key| self.remove(key)).collect()
    }
}
