//! What stands in front of a task's future, in the same allocation.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evergreen_loop::LoopTime;
use evergreen_loop::build::{LoopId, turn_time};
use once_cell::race::OnceBox;

use crate::interrupt::Interrupts;
use crate::joiners::Joiners;
use crate::raw::{RawRunnable, Reference};
use crate::state::{State, StateCell};
use crate::sync::AtomicBool;

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

/// Why a task is killed, if it is by more than a plain kill.
pub(crate) type Reason = Box<dyn Error + Send + Sync>;

/// Shared by the task and all its handles. The loop's thread writes; the atomics are for handles
/// on other threads to read, and cost that thread no more than plain cells.
pub(crate) struct Header {
    pub(crate) id: TaskId,
    pub(crate) location: &'static Location<'static>,
    pub(crate) loop_id: LoopId,
    pub(crate) state: StateCell,
    killed: AtomicBool,
    recalled: AtomicBool,
    detached: AtomicBool,
    slot: AtomicU32,
    polls: AtomicU32,
    /// When it was parked last, in milliseconds of the loop's clock, modulo 2^32.
    parked_at: AtomicU32,
    extra: OnceBox<Extra>,
}

/// With a small future behind it, a task then fits into what allocators serve fastest.
const _: () = assert!(size_of::<Header>() <= 48 || cfg!(evergreen_loom));

/// What most tasks do without.
#[derive(Default)]
struct Extra {
    name: Option<Box<str>>,
    /// The task itself, before it is started.
    unstarted: Mutex<Option<RawRunnable>>,
    joiners: Mutex<Joiners>,
    interrupts: Mutex<Interrupts>,
    reason: Mutex<Option<Reason>>,
}

/// Modulo 2^32.
const fn millis(time: LoopTime) -> u32 {
    ((time.as_nanos() / 1_000_000) & 0xFFFF_FFFF) as u32
}

/// The task stands in no slot of the registry.
pub(crate) const NO_SLOT: u32 = u32::MAX;

impl Header {
    pub(crate) fn new(
        name: Option<Box<str>>,
        location: &'static Location<'static>,
        loop_id: LoopId,
    ) -> Self {
        let extra = OnceBox::new();
        if name.is_some() {
            extra.get_or_init(|| Box::new(Extra { name, ..Extra::default() }));
        }
        Self {
            id: TaskId::next(),
            location,
            loop_id,
            state: StateCell::new(),
            killed: AtomicBool::new(false),
            recalled: AtomicBool::new(false),
            detached: AtomicBool::new(false),
            slot: AtomicU32::new(NO_SLOT),
            polls: AtomicU32::new(0),
            parked_at: AtomicU32::new(0),
            extra,
        }
    }

    /// The name it was given, or one made of its number.
    pub(crate) fn name(&self) -> String {
        let name = self.extra.get().and_then(|extra| extra.name.as_deref());
        name.map_or_else(|| format!("Task-{}", self.id), str::to_owned)
    }

    /// Nobody will take the output.
    pub(crate) fn mark_detached(&self) {
        self.detached.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_detached(&self) -> bool {
        self.detached.load(Ordering::Relaxed)
    }

    /// Where the registry finds it: among those that start, or among those that it keeps.
    pub(crate) fn slot(&self) -> Option<u32> {
        let slot = self.slot.load(Ordering::Relaxed);
        (slot != NO_SLOT).then_some(slot)
    }

    #[inline]
    pub(crate) fn set_slot(&self, slot: u32) {
        self.slot.store(slot, Ordering::Relaxed);
    }
}

/// The start.
impl Header {
    pub(crate) fn keep_unstarted(&self, task: RawRunnable) {
        lock(&self.extra().unstarted).replace(task);
    }

    pub(crate) fn take_unstarted(&self) -> Option<RawRunnable> {
        lock(&self.extra.get()?.unstarted).take()
    }

    pub(crate) fn unstarted_reference(&self) -> Option<Reference> {
        lock(&self.extra.get()?.unstarted).as_ref().map(RawRunnable::reference)
    }
}

/// Turns.
impl Header {
    /// A turn begins.
    #[inline]
    pub(crate) fn run(&self) {
        self.state.set(State::Running);
        self.polls.store(self.polls().wrapping_add(1), Ordering::Relaxed);
    }

    /// A turn has ended in a wait.
    #[inline]
    pub(crate) fn park(&self) {
        self.state.set(State::Parked);
        self.parked_at.store(turn_time().map_or(0, millis), Ordering::Relaxed);
    }

    pub(crate) fn polls(&self) -> u32 {
        self.polls.load(Ordering::Relaxed)
    }

    /// To the millisecond, and right for 49 days.
    pub(crate) fn parked_for(&self, now: LoopTime) -> Duration {
        let parked_at = self.parked_at.load(Ordering::Relaxed);
        Duration::from_millis(millis(now).wrapping_sub(parked_at).into())
    }
}

/// Kills.
impl Header {
    /// The next poll ends the task instead.
    pub(crate) fn mark_killed(&self) {
        self.killed.store(true, Ordering::Relaxed);
    }

    /// If the task has had no turn, it need not have one. That is for other threads, which may see
    /// it wait for its first turn while it has that.
    pub(crate) fn recall(&self) {
        self.recalled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_recalled(&self) -> bool {
        self.recalled.load(Ordering::Relaxed)
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }

    /// Notes why the task is to end. The first reason stands; a later one is given back.
    pub(crate) fn give_reason(&self, reason: Reason) -> Option<Reason> {
        if self.is_killed() {
            return Some(reason);
        }
        lock(&self.extra().reason).replace(reason)
    }

    pub(crate) fn take_reason(&self) -> Option<Reason> {
        lock(&self.extra.get()?.reason).take()
    }

    /// The kills that are under way and the scopes that may take them.
    pub(crate) fn interrupts(&self) -> MutexGuard<'_, Interrupts> {
        lock(&self.extra().interrupts)
    }

    /// As [`Header::interrupts`], if there ever were any.
    pub(crate) fn known_interrupts(&self) -> Option<MutexGuard<'_, Interrupts>> {
        self.extra.get().map(|extra| lock(&extra.interrupts))
    }

    /// What is left of them when the task ends: scopes that were leaked or moved elsewhere, whose
    /// wakers may count the task itself.
    pub(crate) fn take_interrupts(&self) -> Option<Interrupts> {
        self.known_interrupts().map(|mut interrupts| std::mem::take(&mut *interrupts))
    }

    /// Those who wait for the end.
    pub(crate) fn joiners(&self) -> MutexGuard<'_, Joiners> {
        lock(&self.extra().joiners)
    }

    pub(crate) fn take_joiners(&self) -> Joiners {
        self.extra.get().map(|extra| std::mem::take(&mut *lock(&extra.joiners))).unwrap_or_default()
    }

    /// Whether the task has anything but its future: what follows is for tasks that do.
    pub(crate) fn is_plain(&self) -> bool {
        self.extra.get().is_none()
    }

    fn extra(&self) -> &Extra {
        self.extra.get_or_init(Box::default)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
