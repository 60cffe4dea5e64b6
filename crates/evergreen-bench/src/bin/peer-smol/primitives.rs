//! async-lock, async-channel and event-listener.

use crate::Smol;
use async_channel::{Receiver, Sender};
use evergreen_bench::primitives::{Get, Primitives, Put};
use std::future::Future;

impl Primitives for Smol {
    type Semaphore = async_lock::Semaphore;
    type Event = event_listener::Event;

    fn semaphore(slots: usize) -> Self::Semaphore {
        Self::Semaphore::new(slots)
    }

    fn acquire(semaphore: &Self::Semaphore) -> impl Future {
        semaphore.acquire()
    }

    fn event() -> Self::Event {
        Self::Event::new()
    }

    fn fire(event: &Self::Event) {
        event.notify(usize::MAX);
    }

    fn wait(event: &Self::Event) -> impl Future {
        event.listen()
    }

    fn queue(room: usize) -> (impl Put, impl Get) {
        Self::shared_queue(room)
    }

    fn shared_queue(room: usize) -> (impl Put + Clone, impl Get + Clone) {
        let (sender, receiver) = async_channel::bounded(room);
        (Sends(sender), Receives(receiver))
    }

    /// There is none: a second channel says that it was taken.
    fn rendezvous() -> (impl Put, impl Get) {
        let ((to, from), (taken, word)) = (async_channel::bounded(1), async_channel::bounded(1));
        (Asks(to, word), Answers(from, taken))
    }
}

#[derive(Clone)]
struct Sends(Sender<u64>);
#[derive(Clone)]
struct Receives(Receiver<u64>);
struct Asks(Sender<u64>, Receiver<()>);
struct Answers(Receiver<u64>, Sender<()>);

impl Put for Sends {
    async fn put(&mut self, number: u64) {
        self.0.send(number).await.expect("a receiver");
    }
}

impl Get for Receives {
    async fn get(&mut self) -> u64 {
        self.0.recv().await.expect("a sender")
    }
}

impl Put for Asks {
    async fn put(&mut self, number: u64) {
        self.0.send(number).await.expect("a receiver");
        self.1.recv().await.expect("a receiver");
    }
}

impl Get for Answers {
    async fn get(&mut self) -> u64 {
        let number = self.0.recv().await.expect("a sender");
        self.1.send(()).await.expect("a sender");
        number
    }
}
