//! Lists of items, and of those who wait.

use std::collections::{HashMap, HashSet, VecDeque};
use std::marker::PhantomData;

use evergreen_sync::queue::{Fifo, Lifo, Priority, QueueError, Storage};

use crate::world::World;

/// Its rank, by which alone it is compared, and what it is called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item(pub(super) u8, #[expect(dead_code, reason = "it is told")] pub(super) u16);

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Item {}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Item {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

pub(super) trait Kind {
    type Real: Storage<Item> + Default + 'static;

    /// Where the next item is.
    fn next(items: &[(u64, Item)]) -> Option<usize>;
}

pub(super) struct Oldest;
pub(super) struct Newest;
pub(super) struct Smallest;

impl Kind for Oldest {
    type Real = Fifo<Item>;

    fn next(items: &[(u64, Item)]) -> Option<usize> {
        (0..items.len()).min_by_key(|&place| items[place].0)
    }
}

impl Kind for Newest {
    type Real = Lifo<Item>;

    fn next(items: &[(u64, Item)]) -> Option<usize> {
        (0..items.len()).max_by_key(|&place| items[place].0)
    }
}

impl Kind for Smallest {
    type Real = Priority<Item>;

    fn next(items: &[(u64, Item)]) -> Option<usize> {
        (0..items.len()).min_by_key(|&place| (items[place].1, items[place].0))
    }
}

pub(super) struct Plain<K> {
    maxsize: usize,
    items: Vec<(u64, Item)>,
    numbers: u64,
    unfinished: usize,
    getters: VecDeque<usize>,
    /// What they were given, and do not know.
    given: HashMap<usize, (u64, Item)>,
    putters: VecDeque<(usize, Item)>,
    /// Their item is in, and they do not know.
    let_in: HashSet<usize>,
    joiners: Vec<usize>,
    /// There was nothing left to do, and they do not know.
    joined: HashSet<usize>,
    /// How far those are who put or get more than one.
    counts: HashMap<usize, usize>,
    kind: PhantomData<K>,
}

impl<K: Kind> Plain<K> {
    pub(super) fn new(maxsize: usize) -> Self {
        Self {
            maxsize,
            items: Vec::new(),
            numbers: 0,
            unfinished: 0,
            getters: VecDeque::new(),
            given: HashMap::new(),
            putters: VecDeque::new(),
            let_in: HashSet::new(),
            joiners: Vec::new(),
            joined: HashSet::new(),
            counts: HashMap::new(),
            kind: PhantomData,
        }
    }

    fn is_full(&self) -> bool {
        self.maxsize > 0 && self.items.len() >= self.maxsize
    }

    fn hand_over(&mut self, item: (u64, Item), world: &mut World) {
        match self.getters.pop_front() {
            Some(getter) => {
                self.given.insert(getter, item);
                world.wake(getter);
            },
            None => self.items.push(item),
        }
    }

    fn come_in(&mut self, item: Item, world: &mut World) {
        self.numbers += 1;
        self.unfinished += 1;
        self.hand_over((self.numbers, item), world);
    }

    pub(super) fn put_now(&mut self, item: Item, world: &mut World) -> bool {
        let has_room = !self.is_full();
        if has_room {
            self.come_in(item, world);
        }
        has_room
    }

    pub(super) fn get_now(&mut self, world: &mut World) -> Option<Item> {
        let (_, item) = self.items.swap_remove(K::next(&self.items)?);
        while !self.is_full() {
            let Some((putter, item)) = self.putters.pop_front() else { break };
            self.come_in(item, world);
            self.let_in.insert(putter);
            world.wake(putter);
        }
        Some(item)
    }

    /// Counts so many more, and says how many it were before.
    pub(super) fn count(&mut self, task: usize, more: usize) -> usize {
        let count = self.counts.entry(task).or_default();
        *count += more;
        *count - more
    }

    /// An item that is put in at once, or does not stand in line yet.
    pub(super) fn feed(&mut self, task: usize, item: Item, world: &mut World) {
        if self.put_now(item, world) {
            self.let_in.insert(task);
        }
    }

    /// One turn of who puts. True if the item is in.
    pub(super) fn put(&mut self, task: usize, item: Item, world: &mut World) -> bool {
        if self.let_in.remove(&task) {
            return true;
        }
        let waits = self.putters.iter().any(|&(putter, _)| putter == task);
        if !waits && self.put_now(item, world) {
            return true;
        }
        if !waits {
            self.putters.push_back((task, item));
        }
        false
    }

    /// One turn of who gets.
    pub(super) fn get(&mut self, task: usize, world: &mut World) -> Option<Item> {
        if let Some((_, item)) = self.given.remove(&task) {
            return Some(item);
        }
        if self.getters.contains(&task) {
            return None;
        }
        let item = self.get_now(world);
        if item.is_none() {
            self.getters.push_back(task);
        }
        item
    }

    /// One turn of who joins. True if nothing is left to do.
    pub(super) fn join(&mut self, task: usize) -> bool {
        if self.joiners.contains(&task) {
            return false;
        }
        self.joined.remove(&task);
        if self.unfinished > 0 {
            self.joiners.push(task);
        }
        self.unfinished == 0
    }

    pub(super) fn task_done(&mut self, world: &mut World) -> Result<(), QueueError> {
        self.unfinished = self.unfinished.checked_sub(1).ok_or(QueueError::TaskDoneTooOften)?;
        if self.unfinished == 0 {
            self.joiners.iter().for_each(|&joiner| world.wake(joiner));
            self.joined.extend(self.joiners.drain(..));
        }
        Ok(())
    }

    /// The task waits no longer; what it was given is for the next.
    pub(super) fn leave(&mut self, task: usize, world: &mut World) {
        self.getters.retain(|&getter| getter != task);
        self.putters.retain(|&(putter, _)| putter != task);
        self.joiners.retain(|&joiner| joiner != task);
        if let Some(item) = self.given.remove(&task) {
            self.hand_over(item, world);
        }
    }

    pub(super) fn look(&self) -> String {
        let Self { maxsize, unfinished, .. } = self;
        let (len, getters, putters) = (self.items.len(), self.getters.len(), self.putters.len());
        format!(
            "Queue {{ len: {len}, maxsize: {maxsize}, unfinished: {unfinished}, \
             getters: {getters}, putters: {putters} }}"
        )
    }
}
