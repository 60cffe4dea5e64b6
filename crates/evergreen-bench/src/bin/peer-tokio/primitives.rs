//! `tokio::sync`.

use crate::Tokio;
use evergreen_bench::primitives::{Get, Primitives, Put};
use std::{future::Future, rc::Rc};
use tokio::sync::{self, Mutex, Notify, mpsc};

impl Primitives for Tokio {
    type Semaphore = sync::Semaphore;
    type Event = Notify;

    fn semaphore(slots: usize) -> Self::Semaphore {
        Self::Semaphore::new(slots)
    }

    fn acquire(semaphore: &Self::Semaphore) -> impl Future {
        semaphore.acquire()
    }

    fn event() -> Self::Event {
        Notify::new()
    }

    fn fire(event: &Self::Event) {
        event.notify_waiters();
    }

    fn wait(event: &Self::Event) -> impl Future {
        event.notified()
    }

    fn queue(room: usize) -> (impl Put, impl Get) {
        let (sender, receiver) = mpsc::channel(room);
        (Sends(sender), Receives(receiver))
    }

    /// There is no queue for several receivers: this is what its users write.
    fn shared_queue(room: usize) -> (impl Put + Clone, impl Get + Clone) {
        let (sender, receiver) = mpsc::channel(room);
        (Sends(sender), Shared(Rc::new(Mutex::new(receiver))))
    }

    /// There is none: a second channel says that it was taken.
    fn rendezvous() -> (impl Put, impl Get) {
        let ((to, from), (taken, word)) = (mpsc::channel(1), mpsc::channel(1));
        (Asks(to, word), Answers(from, taken))
    }
}

#[derive(Clone)]
struct Sends(mpsc::Sender<u64>);
struct Receives(mpsc::Receiver<u64>);
#[derive(Clone)]
struct Shared(Rc<Mutex<mpsc::Receiver<u64>>>);
struct Asks(mpsc::Sender<u64>, mpsc::Receiver<()>);
struct Answers(mpsc::Receiver<u64>, mpsc::Sender<()>);

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

impl Get for Shared {
    async fn get(&mut self) -> u64 {
        self.0.lock().await.recv().await.expect("a sender")
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
