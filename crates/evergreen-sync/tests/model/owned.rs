//! `RLock` and `Condition`: rows EV-LOCK-11 to -25, R-8.

mod plain;

use std::cell::Cell;
use std::rc::Rc;

use evergreen_sync::locks::{Condition, RLock, RLockGuard};
use evergreen_task::sleep;
use plain::{Owner, Plain, Stage};
use proptest::prelude::*;

use crate::actors::Notes;
use crate::play::agree;
use crate::subject::{Acting, Subject};
use crate::world::World;

/// What a task does, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Acquire,
    /// With a limit in seconds.
    AcquireIn(i8),
    Release,
    /// Takes another guard.
    Lock,
    /// Drops the last guard.
    Unlock,
    Sleep(i8),
    Wait,
    WaitIn(i8),
    /// Until the flag is set.
    WaitFor(i8),
    Do(Call),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    TryAcquire,
    Release,
    Notify(usize),
    NotifyAll,
    /// Sets the flag, or clears it.
    Set(bool),
}

struct Locks {
    lock: Rc<RLock>,
    condition: Condition,
    flag: Cell<bool>,
}

impl Locks {
    async fn make<'a>(&'a self, next: Move, guards: &mut Vec<RLockGuard<'a>>, notes: &Notes) {
        let told = match next {
            Move::Acquire => format!("{}", self.lock.acquire().await),
            Move::AcquireIn(limit) => {
                format!("{}", self.lock.acquire_timeout(f64::from(limit)).await)
            },
            Move::Release => format!("{:?}", self.lock.release()),
            Move::Lock => {
                guards.push(self.lock.lock().await);
                "locked".to_owned()
            },
            Move::Unlock => format!("{}", guards.pop().is_some()),
            Move::Sleep(seconds) => {
                sleep(f64::from(seconds)).await;
                "slept".to_owned()
            },
            Move::Wait => format!("{:?}", self.condition.wait().await),
            Move::WaitIn(limit) => {
                format!("{:?}", self.condition.wait_timeout(f64::from(limit)).await)
            },
            Move::WaitFor(limit) => {
                let limit = Some(f64::from(limit).into());
                format!("{:?}", self.condition.wait_for(|| self.flag.get(), limit).await)
            },
            Move::Do(call) => self.call(call),
        };
        notes.note(told);
    }

    fn call(&self, call: Call) -> String {
        match call {
            Call::TryAcquire => format!("{}", self.lock.try_acquire()),
            Call::Release => format!("{:?}", self.lock.release()),
            Call::Notify(waiters) => format!("{:?}", self.condition.notify(waiters)),
            Call::NotifyAll => format!("{:?}", self.condition.notify_all()),
            Call::Set(flag) => {
                self.flag.set(flag);
                "set".to_owned()
            },
        }
    }
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        1 => Just(Move::Acquire),
        1 => (-1..4_i8).prop_map(Move::AcquireIn),
        2 => Just(Move::Release),
        3 => Just(Move::Lock),
        1 => Just(Move::Unlock),
        1 => (0..3_i8).prop_map(Move::Sleep),
        2 => Just(Move::Wait),
        3 => (-1..4_i8).prop_map(Move::WaitIn),
        2 => (-1..4_i8).prop_map(Move::WaitFor),
        3 => calls().prop_map(Move::Do),
    ]
}

fn calls() -> impl Strategy<Value = Call> {
    prop_oneof![
        1 => Just(Call::TryAcquire),
        3 => Just(Call::Release),
        2 => (0..3_usize).prop_map(Call::Notify),
        1 => Just(Call::NotifyAll),
        1 => any::<bool>().prop_map(Call::Set),
    ]
}

impl Subject for Plain {
    type Setup = ();
    type Ask = Vec<Move>;
    type Call = Call;
    type Real = Locks;

    fn setups() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn asks() -> BoxedStrategy<Vec<Move>> {
        let wait = prop_oneof![
            Just(Move::Wait),
            (-1..4_i8).prop_map(Move::WaitIn),
            (-1..6_i8).prop_map(Move::WaitFor),
        ];
        let notify = prop_oneof![2 => Just(1), 1 => Just(2)].prop_map(Call::Notify);
        let notify = prop_oneof![4 => notify, 1 => Just(Call::NotifyAll)].prop_map(Move::Do);
        let pause = (0..2_i8).prop_map(Move::Sleep);
        prop_oneof![
            3 => wait.prop_map(|wait| vec![Move::Lock, wait]),
            1 => pause.clone().prop_map(|pause| vec![Move::Lock, pause]),
            2 => (any::<bool>(), notify, pause).prop_map(|(flag, notify, pause)| {
                vec![Move::Lock, Move::Do(Call::Set(flag)), notify, pause]
            }),
            3 => prop::collection::vec(moves(), 1..6),
        ]
        .boxed()
    }

    fn calls() -> BoxedStrategy<Call> {
        calls().boxed()
    }

    fn real((): &()) -> Locks {
        let lock = Rc::new(RLock::new());
        Locks { condition: Condition::with_lock(Rc::clone(&lock)), lock, flag: Cell::new(false) }
    }

    fn act(real: Rc<Locks>, ask: Vec<Move>, notes: Notes) -> Acting {
        Box::pin(async move {
            let mut guards = Vec::new();
            for next in ask {
                real.make(next, &mut guards, &notes).await;
            }
        })
    }

    fn call(real: &Rc<Locks>, call: Call) -> String {
        real.call(call)
    }

    fn look(real: &Locks) -> String {
        let look = format!("{:?}", real.condition);
        look[look.find("level").expect("it tells the level")..].replace([')', '}', ' '], "")
    }

    fn plain((): &()) -> Self {
        Self::default()
    }

    fn turn(&mut self, task: usize, ask: &Vec<Move>, world: &mut World) -> bool {
        while let Some(&next) = ask.get(self.place(task)) {
            let told = match next {
                Move::Acquire => self.enter(task).map(|_| "true".to_owned()),
                Move::AcquireIn(limit) => {
                    self.enter_in(task, limit, world).map(|it| it.to_string())
                },
                Move::Release => Some(format!("{:?}", self.release(Owner::Task(task), world))),
                Move::Lock => self.enter(task).map(|epoch| {
                    self.guard(task, epoch);
                    "locked".to_owned()
                }),
                Move::Unlock => Some(format!("{}", self.unguard(task, world))),
                Move::Sleep(seconds) => world.is_over(task, seconds).then(|| "slept".to_owned()),
                Move::Wait => self.wait_in(task, -1, world).map(|it| format!("{it:?}")),
                Move::WaitIn(limit) => self.wait_in(task, limit, world).map(|it| format!("{it:?}")),
                Move::WaitFor(limit) => {
                    self.wait_for(task, limit, world).map(|it| format!("{it:?}"))
                },
                Move::Do(call) => Some(self.make(call, Owner::Task(task), world)),
            };
            let Some(told) = told else { return false };
            world.unlimit(task);
            world.note(task, told);
            self.go_on(task);
        }
        self.gone(task, ask, world);
        true
    }

    fn gone(&mut self, task: usize, _: &Vec<Move>, world: &mut World) {
        match self.stage(task) {
            Stage::Goes => self.leave_lock(task, world),
            Stage::Listens => self.leave_line(task, world),
            Stage::Returns(notice) => {
                self.leave_lock(task, world);
                self.pass_on(notice, world);
            },
        }
        self.drop_guards(task, world);
    }

    fn plain_call(&mut self, call: &Call, world: &mut World) -> String {
        let owner = if world.is_in_callback { Owner::Loop } else { Owner::Driver };
        self.make(*call, owner, world)
    }

    fn plain_look(&self) -> String {
        self.look()
    }
}

#[test]
fn rlock_and_condition() {
    agree::<Plain>("RLock and Condition");
}
