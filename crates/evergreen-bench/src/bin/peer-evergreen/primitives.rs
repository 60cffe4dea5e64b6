//! evergreen's own.

use crate::Evergreen;
use evergreen::{Event, channel::Channel, locks::Semaphore, queue::Queue};
use evergreen_bench::primitives::{Get, Primitives, Put};
use std::{convert::Infallible, future::Future, rc::Rc};

impl Primitives for Evergreen {
    type Semaphore = Semaphore;
    type Event = Event;

    fn semaphore(slots: usize) -> Self::Semaphore {
        let slots = slots.try_into().expect("a small number");
        Semaphore::new(slots).expect("not below zero")
    }

    fn acquire(semaphore: &Self::Semaphore) -> impl Future {
        semaphore.lock()
    }

    fn event() -> Self::Event {
        Event::new()
    }

    fn fire(event: &Self::Event) {
        event.set();
        event.clear();
    }

    fn wait(event: &Self::Event) -> impl Future {
        event.wait()
    }

    fn queue(room: usize) -> (impl Put, impl Get) {
        Self::shared_queue(room)
    }

    fn shared_queue(room: usize) -> (impl Put + Clone, impl Get + Clone) {
        let queue = Shared(Rc::new(Queue::new(room)));
        (queue.clone(), queue)
    }

    fn rendezvous() -> (impl Put, impl Get) {
        let channel = Handed(Channel::with_errors());
        (channel.clone(), channel)
    }
}

#[derive(Clone)]
struct Shared(Rc<Queue<u64>>);
#[derive(Clone)]
struct Handed(Channel<u64, Infallible>);

impl Put for Shared {
    async fn put(&mut self, number: u64) {
        self.0.put(number).await;
    }
}

impl Get for Shared {
    async fn get(&mut self) -> u64 {
        self.0.get().await
    }
}

impl Put for Handed {
    async fn put(&mut self, number: u64) {
        self.0.send(number).await;
    }
}

impl Get for Handed {
    async fn get(&mut self) -> u64 {
        let Some(Ok(number)) = self.0.next().await else { unreachable!("no end is sent") };
        number
    }
}
