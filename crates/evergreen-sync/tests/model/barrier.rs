//! `Barrier`: rows EV-LOCK-26 to -29.

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use evergreen_sync::locks::{Barrier, BarrierError};
use proptest::prelude::*;

use crate::actors::Notes;
use crate::play::agree;
use crate::subject::{Acting, Subject};
use crate::world::World;

#[derive(Clone, Debug)]
enum Call {
    Reset,
    Abort,
}

/// The number of a party, unless the barrier is broken.
type Outcome = Option<usize>;

struct Plain {
    parties: usize,
    is_broken: bool,
    /// Those who are in, from coming to leaving; some do not know it yet.
    inside: HashSet<usize>,
    /// Those who come while others leave.
    outside: VecDeque<usize>,
    waiting: VecDeque<usize>,
    given: HashMap<usize, Outcome>,
}

impl Plain {
    fn give_all(&mut self, mut outcome: impl FnMut(usize) -> Outcome, world: &mut World) {
        for (number, task) in std::mem::take(&mut self.waiting).into_iter().enumerate() {
            self.given.insert(task, outcome(number));
            world.wake(task);
        }
    }

    fn fail(&mut self, is_broken: bool, world: &mut World) {
        self.is_broken = is_broken;
        self.give_all(|_| None, world);
    }

    /// Its place is for whoever has waited outside longest.
    fn leave(&mut self, task: usize, world: &mut World) {
        if !self.inside.remove(&task) {
            return;
        }
        if let Some(next) = self.outside.pop_front() {
            self.inside.insert(next);
            world.wake(next);
        }
    }

    /// One turn of who has come in and knows it, or learns it now.
    fn wait(&mut self, task: usize, world: &mut World) -> Option<Outcome> {
        if let Some(outcome) = self.given.remove(&task) {
            return Some(outcome);
        }
        if self.waiting.contains(&task) {
            return None;
        }
        if self.is_broken {
            return Some(None);
        }
        let last = self.parties - 1;
        if self.waiting.len() == last {
            self.give_all(Some, world);
            return Some(Some(last));
        }
        self.waiting.push_back(task);
        None
    }

    /// Comes in, if there is room and nobody is before.
    fn come(&mut self, task: usize) -> bool {
        if !self.inside.contains(&task) && !self.outside.contains(&task) {
            if self.inside.len() < self.parties {
                self.inside.insert(task);
            } else {
                self.outside.push_back(task);
            }
        }
        self.inside.contains(&task)
    }
}

fn told(outcome: Outcome) -> String {
    outcome.map_or("broken".to_owned(), |number| number.to_string())
}

impl Subject for Plain {
    /// How many parties there are.
    type Setup = usize;
    /// A wait, with a limit in seconds.
    type Ask = i8;
    type Call = Call;
    type Real = Barrier;

    fn setups() -> BoxedStrategy<usize> {
        (1..4_usize).boxed()
    }

    fn asks() -> BoxedStrategy<i8> {
        (-2..4_i8).boxed()
    }

    fn calls() -> BoxedStrategy<Call> {
        prop_oneof![3 => Just(Call::Reset), 1 => Just(Call::Abort)].boxed()
    }

    fn real(&parties: &usize) -> Barrier {
        Barrier::new(parties).expect("some")
    }

    fn act(real: Rc<Barrier>, ask: i8, notes: Notes) -> Acting {
        Box::pin(async move {
            let outcome = match ask {
                -2 => real.wait().await,
                limit => real.wait_timeout(f64::from(limit)).await,
            };
            notes.note(match outcome {
                Ok(number) => told(Some(number)),
                Err(BarrierError::Broken) => told(None),
                Err(error) => error.to_string(),
            });
        })
    }

    fn call(real: &Rc<Barrier>, call: Call) -> String {
        match call {
            Call::Reset => real.reset(),
            Call::Abort => real.abort(),
        }
        String::new()
    }

    fn look(real: &Barrier) -> String {
        format!("{real:?}")
    }

    fn plain(&parties: &usize) -> Self {
        Self {
            parties,
            is_broken: false,
            inside: HashSet::new(),
            outside: VecDeque::new(),
            waiting: VecDeque::new(),
            given: HashMap::new(),
        }
    }

    fn turn(&mut self, task: usize, &limit: &i8, world: &mut World) -> bool {
        let is_known = self.inside.contains(&task) || self.outside.contains(&task);
        let outcome = if !is_known && self.is_broken {
            Some(None)
        } else if !self.come(task) {
            return false;
        } else {
            self.wait(task, world)
        };
        let is_over = outcome.is_none() && world.is_over(task, limit);
        if outcome.is_none() && !is_over {
            return false;
        }
        if is_over {
            self.waiting.retain(|&other| other != task);
            self.fail(true, world);
        }
        self.leave(task, world);
        world.note(task, told(outcome.flatten()));
        true
    }

    fn gone(&mut self, task: usize, _: &i8, world: &mut World) {
        self.waiting.retain(|&other| other != task);
        self.outside.retain(|&other| other != task);
        self.given.remove(&task);
        self.leave(task, world);
    }

    fn plain_call(&mut self, call: &Call, world: &mut World) -> String {
        self.fail(matches!(call, Call::Abort), world);
        String::new()
    }

    fn plain_look(&self) -> String {
        let (parties, is_broken, waiting) = (self.parties, self.is_broken, self.waiting.len());
        format!("Barrier {{ parties: {parties}, is_broken: {is_broken}, waiting: {waiting}, .. }}")
    }
}

#[test]
fn barrier() {
    agree::<Plain>("Barrier");
}
