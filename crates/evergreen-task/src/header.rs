//! What stands in front of a task's future, in the same allocation.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;

use evergreen_loop::LoopRemote;

use crate::state::StateCell;

/// Tells one task of the process from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(u64);

impl TaskId {
    /// Threads take numbers from the process's counter by the block, to spare an atomic operation
    /// for each task.
    fn next() -> Self {
        const BLOCK: u64 = 1024;
        static BLOCKS: AtomicU64 = AtomicU64::new(0);
        thread_local! {
            static TAKEN: Cell<u64> = const { Cell::new(0) };
        }
        let taken = match TAKEN.get() {
            used_up if used_up % BLOCK == 0 => BLOCKS.fetch_add(BLOCK, Ordering::Relaxed),
            taken => taken,
        };
        TAKEN.set(taken + 1);
        Self(taken + 1)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Shared by the task and all its handles. The loop's thread writes; the atomics are for handles
/// on other threads to read, and cost that thread no more than plain cells.
pub(crate) struct Header {
    pub(crate) id: TaskId,
    pub(crate) location: &'static Location<'static>,
    pub(crate) remote: LoopRemote,
    pub(crate) state: StateCell,
    killed: AtomicBool,
    detached: AtomicBool,
    slot: AtomicU32,
    extra: OnceLock<Box<Extra>>,
}

/// What most tasks do without.
#[derive(Default)]
struct Extra {
    name: Option<Box<str>>,
    joiners: Mutex<Vec<(u64, Waker)>>,
}

/// The task stands in no slot of the registry.
const NO_SLOT: u32 = u32::MAX;

impl Header {
    pub(crate) fn new(
        name: Option<Box<str>>,
        location: &'static Location<'static>,
        remote: LoopRemote,
    ) -> Self {
        let extra = OnceLock::new();
        if name.is_some() {
            extra.get_or_init(|| Box::new(Extra { name, joiners: Mutex::default() }));
        }
        Self {
            id: TaskId::next(),
            location,
            remote,
            state: StateCell::new(),
            killed: AtomicBool::new(false),
            detached: AtomicBool::new(false),
            slot: AtomicU32::new(NO_SLOT),
            extra,
        }
    }

    /// The name it was given, or one made of its number.
    pub(crate) fn name(&self) -> String {
        let name = self.extra.get().and_then(|extra| extra.name.as_deref());
        name.map_or_else(|| format!("Task-{}", self.id), str::to_owned)
    }

    /// The next poll ends the task instead.
    pub(crate) fn mark_killed(&self) {
        self.killed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }

    /// Nobody will take the output.
    pub(crate) fn mark_detached(&self) {
        self.detached.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_detached(&self) -> bool {
        self.detached.load(Ordering::Relaxed)
    }

    pub(crate) fn slot(&self) -> Option<usize> {
        let slot = self.slot.load(Ordering::Relaxed);
        (slot != NO_SLOT).then_some(slot as usize)
    }

    pub(crate) fn set_slot(&self, slot: usize) {
        let slot = u32::try_from(slot).expect("fewer than 2^32 tasks");
        self.slot.store(slot, Ordering::Relaxed);
    }

    fn joiners(&self) -> MutexGuard<'_, Vec<(u64, Waker)>> {
        let extra = self.extra.get_or_init(Box::default);
        extra.joiners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a waker to be woken at the end, or renews the one that `ticket` stands for.
    pub(crate) fn join(&self, ticket: &mut Option<u64>, waker: &Waker) {
        let waker = waker.clone();
        let mut joiners = self.joiners();
        let known = joiners.iter_mut().find(|(other, _)| Some(*other) == *ticket);
        let former = match known {
            Some((_, former)) => Some(std::mem::replace(former, waker)),
            None => {
                let new = joiners.last().map_or(0, |(last, _)| last + 1);
                joiners.push((new, waker));
                *ticket = Some(new);
                None
            },
        };
        drop(joiners);
        drop(former);
    }

    pub(crate) fn unjoin(&self, ticket: u64) {
        let mut joiners = self.joiners();
        let place = joiners.iter().position(|(other, _)| *other == ticket);
        let former = place.map(|place| joiners.remove(place));
        drop(joiners);
        drop(former);
    }

    /// Those who wait for the end, in the order they came.
    pub(crate) fn take_joiners(&self) -> Vec<Waker> {
        if self.extra.get().is_none() {
            return Vec::new();
        }
        std::mem::take(&mut *self.joiners()).into_iter().map(|(_, waker)| waker).collect()
    }
}
