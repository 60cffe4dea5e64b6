//! `Event`: rows EV-EVT.

use std::rc::Rc;

use evergreen_sync::Event;
use proptest::prelude::*;

use crate::actors::Notes;
use crate::play::agree;
use crate::subject::{Acting, Subject};
use crate::world::World;

#[derive(Clone, Debug)]
enum Call {
    Set,
    Clear,
}

#[derive(Default)]
struct Plain {
    is_set: bool,
    waiting: Vec<usize>,
    served: Vec<usize>,
}

impl Subject for Plain {
    type Setup = ();
    /// The limit in seconds.
    type Ask = Option<i8>;
    type Call = Call;
    type Real = Event;

    fn setups() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn asks() -> BoxedStrategy<Option<i8>> {
        prop::option::of(-1..4_i8).boxed()
    }

    fn calls() -> BoxedStrategy<Call> {
        prop_oneof![Just(Call::Set), Just(Call::Clear)].boxed()
    }

    fn real((): &()) -> Event {
        Event::new()
    }

    fn act(real: Rc<Event>, ask: Option<i8>, notes: Notes) -> Acting {
        Box::pin(async move {
            notes.note(match ask {
                Some(limit) => real.wait_timeout(f64::from(limit)).await,
                None => real.wait().await,
            });
        })
    }

    fn call(real: &Rc<Event>, call: Call) -> String {
        match call {
            Call::Set => real.set(),
            Call::Clear => real.clear(),
        }
        String::new()
    }

    fn look(real: &Event) -> String {
        format!("{real:?}")
    }

    fn plain((): &()) -> Self {
        Self::default()
    }

    fn turn(&mut self, task: usize, ask: &Option<i8>, world: &mut World) -> bool {
        let waits = self.waiting.contains(&task);
        let is_served = self.served.contains(&task) || (!waits && self.is_set);
        if !is_served && !waits {
            self.waiting.push(task);
        }
        if !is_served && !world.is_over(task, ask.unwrap_or(-1)) {
            return false;
        }
        self.gone(task, ask, world);
        world.note(task, is_served);
        true
    }

    fn gone(&mut self, task: usize, _: &Option<i8>, _: &mut World) {
        self.waiting.retain(|&other| other != task);
        self.served.retain(|&other| other != task);
    }

    fn plain_call(&mut self, call: &Call, world: &mut World) -> String {
        self.is_set = matches!(call, Call::Set);
        if self.is_set {
            self.waiting.iter().for_each(|&task| world.wake(task));
            self.served.append(&mut self.waiting);
        }
        String::new()
    }

    fn plain_look(&self) -> String {
        format!("Event {{ is_set: {}, waiting: {} }}", self.is_set, self.waiting.len())
    }
}

#[test]
fn event() {
    agree::<Plain>("Event");
}
