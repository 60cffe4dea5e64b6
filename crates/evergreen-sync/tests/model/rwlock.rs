//! `RwLock` and `Mutex`: in the order of coming, readers together.

use std::collections::{HashMap, VecDeque};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::rc::Rc;

use evergreen_sync::{Mutex, RwLock};
use evergreen_task::sleep;
use proptest::prelude::*;

use crate::actors::Notes;
use crate::play::agree;
use crate::subject::{Acting, Subject};
use crate::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
    /// As the writer, then as a reader.
    Downgrade,
}

/// Has it for so many seconds.
#[derive(Clone, Debug)]
struct Ask(Access, i8);

trait Owning: Debug + 'static {
    const ACCESSES: &'static [Access];

    fn new() -> Self;
    fn has(&self, access: Access, seconds: f64, notes: &Notes) -> impl Future<Output = ()>;
    fn tries(&self, access: Access) -> bool;
}

impl Owning for RwLock<()> {
    const ACCESSES: &'static [Access] = &[Access::Read, Access::Write, Access::Downgrade];

    fn new() -> Self {
        Self::default()
    }

    async fn has(&self, access: Access, seconds: f64, notes: &Notes) {
        if access == Access::Read {
            let _value = self.read().await;
            notes.note("reads");
            return sleep(seconds).await;
        }
        let value = self.write().await;
        notes.note("writes");
        sleep(seconds).await;
        if access == Access::Downgrade {
            let _value = value.downgrade();
            notes.note("reads on");
            sleep(seconds).await;
        }
    }

    fn tries(&self, access: Access) -> bool {
        match access {
            Access::Read => self.try_read().is_some(),
            Access::Write | Access::Downgrade => self.try_write().is_some(),
        }
    }
}

impl Owning for Mutex<()> {
    const ACCESSES: &'static [Access] = &[Access::Write];

    fn new() -> Self {
        Self::default()
    }

    async fn has(&self, _: Access, seconds: f64, notes: &Notes) {
        let _value = self.lock().await;
        notes.note("writes");
        sleep(seconds).await;
    }

    fn tries(&self, _: Access) -> bool {
        self.try_lock().is_some()
    }
}

struct Plain<L> {
    waiting: VecDeque<(usize, Access)>,
    /// Who has it now; those who do not know it yet, too.
    inside: HashMap<usize, Inside>,
    real: PhantomData<L>,
}

#[derive(Clone, Copy)]
struct Inside {
    access: Access,
    knows: bool,
}

impl<L> Plain<L> {
    fn has_room(&self, access: Access) -> bool {
        let mut inside = self.inside.values();
        match access {
            Access::Read => inside.all(|other| other.access == Access::Read),
            Access::Write | Access::Downgrade => self.inside.is_empty(),
        }
    }

    fn serve(&mut self, world: &mut World) {
        while let Some((task, access)) = self.waiting.front().copied() {
            if !self.has_room(access) {
                return;
            }
            self.waiting.pop_front();
            self.inside.insert(task, Inside { access, knows: false });
            world.wake(task);
        }
    }

    /// One turn of who is inside. True if it has ended.
    fn stays(&mut self, task: usize, seconds: i8, world: &mut World) -> bool {
        if !world.is_over(task, seconds) {
            return false;
        }
        world.unlimit(task);
        let inside = self.inside.get_mut(&task).expect("who stays is inside");
        if inside.access == Access::Downgrade {
            inside.access = Access::Read;
            self.serve(world);
            world.note(task, "reads on");
            return self.stays(task, seconds, world);
        }
        self.inside.remove(&task);
        self.serve(world);
        true
    }
}

impl<L: Owning> Subject for Plain<L> {
    type Setup = ();
    type Ask = Ask;
    /// A try that gives it back at once.
    type Call = Access;
    type Real = L;

    fn setups() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn asks() -> BoxedStrategy<Ask> {
        let accesses = prop::sample::select(L::ACCESSES);
        (accesses, 0..4_i8).prop_map(|(access, seconds)| Ask(access, seconds)).boxed()
    }

    fn calls() -> BoxedStrategy<Access> {
        prop::sample::select(L::ACCESSES).boxed()
    }

    fn real((): &()) -> L {
        L::new()
    }

    fn act(real: Rc<L>, Ask(access, seconds): Ask, notes: Notes) -> Acting {
        Box::pin(async move { real.has(access, f64::from(seconds), &notes).await })
    }

    fn call(real: &Rc<L>, access: Access) -> String {
        real.tries(access).to_string()
    }

    fn look(real: &L) -> String {
        let look = format!("{real:?}");
        look[look.find("waiting").expect("it tells who waits")..]
            .trim_end_matches([' ', '}'])
            .to_owned()
    }

    fn plain((): &()) -> Self {
        Self { waiting: VecDeque::new(), inside: HashMap::new(), real: PhantomData }
    }

    fn turn(&mut self, task: usize, &Ask(access, seconds): &Ask, world: &mut World) -> bool {
        let waits = self.waiting.iter().any(|&(other, _)| other == task);
        if waits {
            return false;
        }
        if !self.inside.contains_key(&task) {
            if !self.waiting.is_empty() || !self.has_room(access) {
                self.waiting.push_back((task, access));
                return false;
            }
            self.inside.insert(task, Inside { access, knows: false });
        }
        let inside = self.inside.get_mut(&task).expect("it is inside now");
        if !std::mem::replace(&mut inside.knows, true) {
            world.note(task, if access == Access::Read { "reads" } else { "writes" });
        }
        self.stays(task, seconds, world)
    }

    fn gone(&mut self, task: usize, _: &Ask, world: &mut World) {
        self.waiting.retain(|&(other, _)| other != task);
        self.inside.remove(&task);
        self.serve(world);
    }

    fn plain_call(&mut self, &access: &Access, _: &mut World) -> String {
        (self.waiting.is_empty() && self.has_room(access)).to_string()
    }

    fn plain_look(&self) -> String {
        format!("waiting: {}", self.waiting.len())
    }
}

#[test]
fn rwlock() {
    agree::<Plain<RwLock<()>>>("RwLock");
}

#[test]
fn mutex() {
    agree::<Plain<Mutex<()>>>("Mutex");
}
