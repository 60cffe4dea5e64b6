//! What is compared.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use proptest::strategy::BoxedStrategy;

use crate::actors::Notes;
use crate::world::World;

/// The future of a task.
pub(crate) type Acting = Pin<Box<dyn Future<Output = ()>>>;

/// A primitive, and the plain model of it, which is what implements this.
pub(crate) trait Subject: Sized {
    /// How it begins.
    type Setup: Clone + Debug;
    /// What a task asks of it, and waits for.
    type Ask: Clone + Debug + 'static;
    /// What is called and does not wait.
    type Call: Clone + Debug + 'static;
    /// The primitive itself.
    type Real: 'static;

    fn setups() -> BoxedStrategy<Self::Setup>;
    fn asks() -> BoxedStrategy<Self::Ask>;
    fn calls() -> BoxedStrategy<Self::Call>;

    /// What shows at the end what is left.
    fn last_calls() -> Vec<Self::Call> {
        Vec::new()
    }

    fn real(setup: &Self::Setup) -> Self::Real;
    fn act(real: Rc<Self::Real>, ask: Self::Ask, notes: Notes) -> Acting;
    fn call(real: &Rc<Self::Real>, call: Self::Call) -> String;
    fn look(real: &Self::Real) -> String;

    fn plain(setup: &Self::Setup) -> Self;
    /// The task has a turn. True if it has ended.
    fn turn(&mut self, task: usize, ask: &Self::Ask, world: &mut World) -> bool;
    /// A task of the primitive's own has a turn.
    fn own_turn(&mut self, task: usize, _world: &mut World) {
        unreachable!("task {task} is not known");
    }
    /// The task is killed where it waits.
    fn gone(&mut self, task: usize, ask: &Self::Ask, world: &mut World);
    fn plain_call(&mut self, call: &Self::Call, world: &mut World) -> String;
    fn plain_look(&self) -> String;
}
