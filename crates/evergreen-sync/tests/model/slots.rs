//! `Semaphore` and `BoundedSemaphore`: rows EV-LOCK-01 to -09.

use std::collections::{HashSet, VecDeque};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::rc::Rc;

use evergreen_sync::locks::{BoundedSemaphore, LockError, Semaphore, SemaphoreGuard};
use evergreen_task::sleep;
use proptest::prelude::*;

use crate::actors::Notes;
use crate::play::agree;
use crate::subject::{Acting, Subject};
use crate::world::World;

#[derive(Clone, Debug)]
enum Ask {
    Acquire,
    /// With a limit in seconds.
    AcquireIn(i8),
    /// Keeps the slot for so many seconds.
    Lock(i8),
}

#[derive(Clone, Debug)]
enum Call {
    TryAcquire,
    Release,
}

trait Slots: Debug + 'static {
    const IS_BOUNDED: bool;

    fn with_slots(slots: u8) -> Self;
    fn acquire(&self) -> impl Future<Output = bool>;
    fn acquire_timeout(&self, limit: f64) -> impl Future<Output = bool>;
    fn lock(&self) -> impl Future<Output = SemaphoreGuard<'_>>;
    fn try_acquire(&self) -> bool;
    fn release(&self) -> Result<(), LockError>;
}

macro_rules! slots {
    ($subject:ident, $is_bounded:literal, $release:expr) => {
        impl Slots for $subject {
            const IS_BOUNDED: bool = $is_bounded;

            fn with_slots(slots: u8) -> Self {
                Self::new(slots.into()).expect("not negative")
            }

            fn acquire(&self) -> impl Future<Output = bool> {
                self.acquire()
            }

            fn acquire_timeout(&self, limit: f64) -> impl Future<Output = bool> {
                self.acquire_timeout(limit)
            }

            fn lock(&self) -> impl Future<Output = SemaphoreGuard<'_>> {
                self.lock()
            }

            fn try_acquire(&self) -> bool {
                self.try_acquire()
            }

            fn release(&self) -> Result<(), LockError> {
                ($release)(self)
            }
        }
    };
}

slots!(Semaphore, false, |seats: &Self| {
    seats.release();
    Ok(())
});
slots!(BoundedSemaphore, true, Self::release);

struct Plain<L> {
    slots: usize,
    free: usize,
    waiting: VecDeque<usize>,
    /// They have been given a slot, and do not know it.
    owed: HashSet<usize>,
    /// They have a guard.
    holding: HashSet<usize>,
    real: PhantomData<L>,
}

impl<L: Slots> Plain<L> {
    fn release(&mut self, world: &mut World) -> Result<(), LockError> {
        match self.waiting.pop_front() {
            Some(next) => {
                self.owed.insert(next);
                world.wake(next);
            },
            None if L::IS_BOUNDED && self.free == self.slots => return Err(LockError::OverRelease),
            None => self.free += 1,
        }
        Ok(())
    }

    /// One turn of who wants a slot.
    fn has_slot(&mut self, task: usize) -> bool {
        if self.owed.remove(&task) {
            return true;
        }
        if self.waiting.contains(&task) {
            return false;
        }
        if self.free == 0 {
            self.waiting.push_back(task);
            return false;
        }
        self.free -= 1;
        true
    }

    /// One turn of who holds a slot for a time. True if it has ended.
    fn hold(&mut self, task: usize, seconds: i8, world: &mut World) -> bool {
        let is_over = world.is_over(task, seconds);
        if is_over {
            self.holding.remove(&task);
            self.release(world).ok();
        }
        is_over
    }
}

impl<L: Slots> Subject for Plain<L> {
    type Setup = u8;
    type Ask = Ask;
    type Call = Call;
    type Real = L;

    fn setups() -> BoxedStrategy<u8> {
        (0..4_u8).boxed()
    }

    fn asks() -> BoxedStrategy<Ask> {
        let limited = (-1..4_i8).prop_map(Ask::AcquireIn);
        prop_oneof![Just(Ask::Acquire), limited, (0..4_i8).prop_map(Ask::Lock)].boxed()
    }

    fn calls() -> BoxedStrategy<Call> {
        prop_oneof![1 => Just(Call::TryAcquire), 2 => Just(Call::Release)].boxed()
    }

    fn real(&slots: &u8) -> L {
        L::with_slots(slots)
    }

    fn act(real: Rc<L>, ask: Ask, notes: Notes) -> Acting {
        Box::pin(async move {
            match ask {
                Ask::Acquire => notes.note(real.acquire().await),
                Ask::AcquireIn(limit) => notes.note(real.acquire_timeout(f64::from(limit)).await),
                Ask::Lock(seconds) => {
                    let _slot = real.lock().await;
                    notes.note("locked");
                    sleep(f64::from(seconds)).await;
                },
            }
        })
    }

    fn call(real: &Rc<L>, call: Call) -> String {
        match call {
            Call::TryAcquire => format!("{}", real.try_acquire()),
            Call::Release => format!("{:?}", real.release()),
        }
    }

    fn look(real: &L) -> String {
        format!("{real:?}")
    }

    fn plain(&slots: &u8) -> Self {
        Self {
            slots: slots.into(),
            free: slots.into(),
            waiting: VecDeque::new(),
            owed: HashSet::new(),
            holding: HashSet::new(),
            real: PhantomData,
        }
    }

    fn turn(&mut self, task: usize, ask: &Ask, world: &mut World) -> bool {
        if let (Ask::Lock(seconds), true) = (ask, self.holding.contains(&task)) {
            return self.hold(task, *seconds, world);
        }
        let has_slot = self.has_slot(task);
        match *ask {
            Ask::Acquire if has_slot => world.note(task, true),
            Ask::AcquireIn(_) if has_slot => world.note(task, true),
            Ask::Lock(seconds) if has_slot => {
                world.note(task, "locked");
                self.holding.insert(task);
                return self.hold(task, seconds, world);
            },
            Ask::AcquireIn(limit) if world.is_over(task, limit) => {
                self.gone(task, ask, world);
                world.note(task, false);
            },
            Ask::Acquire | Ask::AcquireIn(_) | Ask::Lock(_) => return false,
        }
        true
    }

    fn gone(&mut self, task: usize, _: &Ask, world: &mut World) {
        self.waiting.retain(|&other| other != task);
        if self.owed.remove(&task) || self.holding.remove(&task) {
            self.release(world).ok();
        }
    }

    fn plain_call(&mut self, call: &Call, world: &mut World) -> String {
        match call {
            Call::TryAcquire => {
                let has_slot = self.free > 0;
                self.free -= usize::from(has_slot);
                format!("{has_slot}")
            },
            Call::Release => format!("{:?}", self.release(world)),
        }
    }

    fn plain_look(&self) -> String {
        let (slots, free, waiting) = (self.slots, self.free, self.waiting.len());
        if L::IS_BOUNDED {
            format!("BoundedSemaphore {{ free: {free}, slots: {slots}, waiting: {waiting} }}")
        } else {
            format!("Semaphore {{ free: {free}, waiting: {waiting} }}")
        }
    }
}

#[test]
fn semaphore() {
    agree::<Plain<Semaphore>>("Semaphore");
}

#[test]
fn bounded_semaphore() {
    agree::<Plain<BoundedSemaphore>>("BoundedSemaphore");
}
