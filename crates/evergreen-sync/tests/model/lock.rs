//! `Lock`: row EV-LOCK-10.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use evergreen_sync::locks::{Lock, LockError};
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
    /// Keeps the guard for so many seconds.
    Lock(i8),
}

#[derive(Clone, Debug)]
enum Call {
    TryAcquire,
    Release,
}

/// Each time that it is held has a number. Anybody may release it, so a guard may be out of date.
#[derive(Default)]
struct Plain {
    held: Option<usize>,
    holds: usize,
    waiting: VecDeque<usize>,
    /// What those were given who do not know it, and those have who hold a guard.
    given: HashMap<usize, usize>,
    guarded: HashMap<usize, usize>,
}

impl Plain {
    fn take(&mut self) -> usize {
        self.holds += 1;
        self.held = Some(self.holds);
        self.holds
    }

    fn hand_over(&mut self, world: &mut World) {
        self.held = None;
        if let Some(next) = self.waiting.pop_front() {
            let hold = self.take();
            self.given.insert(next, hold);
            world.wake(next);
        }
    }

    fn release(&mut self, hold: Option<usize>, world: &mut World) {
        if hold.is_some() && self.held == hold {
            self.hand_over(world);
        }
    }

    /// One turn of who wants it.
    fn acquire(&mut self, task: usize) -> Option<usize> {
        let given = self.given.remove(&task);
        if given.is_some() || self.waiting.contains(&task) {
            return given;
        }
        if self.held.is_none() {
            return Some(self.take());
        }
        self.waiting.push_back(task);
        None
    }

    /// One turn of who has a guard. True if it has ended.
    fn hold(&mut self, task: usize, seconds: i8, world: &mut World) -> bool {
        let is_over = world.is_over(task, seconds);
        if is_over {
            let hold = self.guarded.remove(&task);
            self.release(hold, world);
        }
        is_over
    }
}

impl Subject for Plain {
    type Setup = ();
    type Ask = Ask;
    type Call = Call;
    type Real = Lock;

    fn setups() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn asks() -> BoxedStrategy<Ask> {
        let limited = (-1..4_i8).prop_map(Ask::AcquireIn);
        prop_oneof![Just(Ask::Acquire), limited, (0..4_i8).prop_map(Ask::Lock)].boxed()
    }

    fn calls() -> BoxedStrategy<Call> {
        prop_oneof![1 => Just(Call::TryAcquire), 2 => Just(Call::Release)].boxed()
    }

    fn real((): &()) -> Lock {
        Lock::new()
    }

    fn act(real: Rc<Lock>, ask: Ask, notes: Notes) -> Acting {
        Box::pin(async move {
            match ask {
                Ask::Acquire => notes.note(real.acquire().await),
                Ask::AcquireIn(limit) => notes.note(real.acquire_timeout(f64::from(limit)).await),
                Ask::Lock(seconds) => {
                    let _guard = real.lock().await;
                    notes.note("locked");
                    sleep(f64::from(seconds)).await;
                },
            }
        })
    }

    fn call(real: &Rc<Lock>, call: Call) -> String {
        match call {
            Call::TryAcquire => format!("{}", real.try_acquire()),
            Call::Release => format!("{:?}", real.release()),
        }
    }

    fn look(real: &Lock) -> String {
        format!("{real:?}")
    }

    fn plain((): &()) -> Self {
        Self::default()
    }

    fn turn(&mut self, task: usize, ask: &Ask, world: &mut World) -> bool {
        if let (Ask::Lock(seconds), true) = (ask, self.guarded.contains_key(&task)) {
            return self.hold(task, *seconds, world);
        }
        match (ask, self.acquire(task)) {
            (Ask::Lock(seconds), Some(hold)) => {
                world.note(task, "locked");
                self.guarded.insert(task, hold);
                self.hold(task, *seconds, world)
            },
            (_, Some(_)) => {
                world.note(task, true);
                true
            },
            (Ask::AcquireIn(limit), None) if world.is_over(task, *limit) => {
                self.gone(task, ask, world);
                world.note(task, false);
                true
            },
            (_, None) => false,
        }
    }

    fn gone(&mut self, task: usize, _: &Ask, world: &mut World) {
        self.waiting.retain(|&other| other != task);
        let hold = self.given.remove(&task).or_else(|| self.guarded.remove(&task));
        self.release(hold, world);
    }

    fn plain_call(&mut self, call: &Call, world: &mut World) -> String {
        let is_held = self.held.is_some();
        match call {
            Call::TryAcquire => {
                if !is_held {
                    self.take();
                }
                format!("{}", !is_held)
            },
            Call::Release => {
                let is_owed = self.given.values().any(|&hold| Some(hold) == self.held);
                if !is_held || is_owed {
                    return format!("{:?}", Err::<(), _>(LockError::NotLocked));
                }
                self.release(self.held, world);
                format!("{:?}", Ok::<_, LockError>(()))
            },
        }
    }

    fn plain_look(&self) -> String {
        let (is_locked, waiting) = (self.held.is_some(), self.waiting.len());
        format!("Lock {{ is_locked: {is_locked}, waiting: {waiting} }}")
    }
}

#[test]
fn lock() {
    agree::<Plain>("Lock");
}
