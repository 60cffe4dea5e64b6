//! What is measured. The clocks are read within the runtime: making and dropping it is left out.

use crate::{Figures, Peer};
use std::{cell::Cell, future::Future, rc::Rc};

mod memory;
mod tasks;
mod threads;
mod timers;

/// Runs the scenario of that name, if there is one.
pub fn run<P: Peer>(name: &str, operations: u64) -> Option<Figures> {
    Some(match name {
        "spawn_join" => within::<P>(tasks::spawn_join::<P>(operations)),
        "yield" => within::<P>(tasks::yields::<P>(operations)),
        "ping_pong" => within::<P>(tasks::ping_pong::<P>(operations)),
        "timers_sleep" => within::<P>(timers::sleep::<P>(operations)),
        "timers_cancel" => within::<P>(timers::cancel::<P>(operations)),
        "cross_thread_wake" => within::<P>(threads::wake(operations)),
        "mem_tasks" => within::<P>(memory::tasks::<P>(operations)),
        _ => return None,
    })
}

/// Runs `scenario` as a task. The future given to `block_on` is special in most runtimes, and so
/// all that it does is to wait.
fn within<P: Peer>(scenario: impl Future<Output = Figures> + 'static) -> Figures {
    let result = Rc::new(Cell::new(None));
    let giver = Rc::clone(&result);
    P::block_on(async move {
        P::spawn(async move { giver.set(Some(scenario.await)) }).await;
    });
    result.take().expect("the task has run to its end")
}
