//! What is measured. The clocks are read within the runtime: making and dropping it is left out.

use crate::{Figures, Peer, Primitives};
use std::{cell::Cell, future::Future, rc::Rc};

mod memory;
mod primitives;
mod tasks;
mod threads;
mod timers;

/// Runs the scenario of that name, if there is one.
pub fn find<P: Peer>(name: &str, operations: u64) -> Option<Figures> {
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

/// As [`find`], of a runtime that has primitives, too.
pub fn find_with_primitives<P: Primitives>(name: &str, operations: u64) -> Option<Figures> {
    Some(match name {
        "acquire" => within::<P>(primitives::acquire::<P>(operations)),
        "acquire_contended" => within::<P>(primitives::contended::<P>(operations)),
        "queue_1_1" => within::<P>(primitives::queue::<P>(operations)),
        "queue_4_4" => within::<P>(primitives::shared_queue::<P>(operations)),
        "rendezvous" => within::<P>(primitives::rendezvous::<P>(operations)),
        "event_1000" => within::<P>(primitives::fan_out::<P>(operations)),
        _ => return find::<P>(name, operations),
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
