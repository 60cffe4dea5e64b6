//! What tasks of a runtime wait for each other with, its own or what its users take.

use crate::Peer;
use std::future::Future;

/// Semaphores, events and queues, under the same names for all.
pub trait Primitives: Peer {
    type Semaphore: 'static;
    type Event: 'static;

    fn semaphore(slots: usize) -> Self::Semaphore;

    /// Ready with a slot, which is given back when that is dropped.
    fn acquire(semaphore: &Self::Semaphore) -> impl Future;

    fn event() -> Self::Event;

    /// Lets those go on that wait at this moment.
    fn fire(event: &Self::Event);

    fn wait(event: &Self::Event) -> impl Future;

    /// A queue with room for so many, from one task to another.
    fn queue(room: usize) -> (impl Put + 'static, impl Get + 'static);

    /// A queue with room for so many, from several tasks to several others.
    fn shared_queue(room: usize) -> (impl Put + Clone + 'static, impl Get + Clone + 'static);

    /// From one task to another; whoever puts goes on when it was taken.
    fn rendezvous() -> (impl Put + 'static, impl Get + 'static);
}

pub trait Put {
    fn put(&mut self, number: u64) -> impl Future<Output = ()>;
}

pub trait Get {
    fn get(&mut self) -> impl Future<Output = u64>;
}
