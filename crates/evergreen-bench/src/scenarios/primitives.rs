//! Tasks that wait for each other.

use crate::{
    Figures,
    clock::Stopwatch,
    futures::yield_once,
    primitives::{Get, Primitives, Put},
};
use std::{cell::Cell, rc::Rc};

/// So many tasks want the same slot.
const RIVALS: u64 = 100;
/// What a queue has room for.
const ROOM: usize = 100;
/// So many tasks wait for the same event.
const LISTENERS: u64 = 1000;

/// One task takes a slot that is free, and gives it back.
pub(super) async fn acquire<P: Primitives>(operations: u64) -> Figures {
    let semaphore = P::semaphore(1);
    let stopwatch = Stopwatch::start();
    for _ in 0..operations {
        drop(P::acquire(&semaphore).await);
    }
    stopwatch.stop(operations)
}

/// Each holds the slot for one trip through the run queue, while all others wait for it.
pub(super) async fn contended<P: Primitives>(operations: u64) -> Figures {
    let semaphore = Rc::new(P::semaphore(1));
    let inside = Rc::new(Cell::new(0));
    let each = operations / RIVALS;
    let stopwatch = Stopwatch::start();
    let rivals: Vec<_> = (0..RIVALS)
        .map(|_| {
            let (semaphore, inside) = (Rc::clone(&semaphore), Rc::clone(&inside));
            P::spawn(async move {
                for _ in 0..each {
                    let slot = P::acquire(&semaphore).await;
                    assert_eq!(inside.replace(1), 0, "two have the same slot");
                    yield_once().await;
                    inside.set(0);
                    drop(slot);
                }
            })
        })
        .collect();
    for rival in rivals {
        rival.await;
    }
    stopwatch.stop(each * RIVALS)
}

pub(super) async fn queue<P: Primitives>(operations: u64) -> Figures {
    let (put, get) = P::queue(ROOM);
    pass::<P>(operations, put, get).await
}

pub(super) async fn rendezvous<P: Primitives>(operations: u64) -> Figures {
    let (put, get) = P::rendezvous();
    pass::<P>(operations, put, get).await
}

/// Numbers from one task to another.
async fn pass<P: Primitives>(
    operations: u64,
    put: impl Put + 'static,
    get: impl Get + 'static,
) -> Figures {
    let stopwatch = Stopwatch::start();
    let producer = P::spawn(produce(put, operations));
    let sum = Rc::new(Cell::new(0));
    let consumer = P::spawn(consume(get, operations, Rc::clone(&sum)));
    producer.await;
    consumer.await;
    let figures = stopwatch.stop(operations);
    assert_eq!(sum.get(), operations * (operations + 1) / 2, "a number was lost or doubled");
    figures
}

/// Numbers from four tasks to four others.
pub(super) async fn shared_queue<P: Primitives>(operations: u64) -> Figures {
    let each = operations / 4;
    let (put, get) = P::shared_queue(ROOM);
    let sum = Rc::new(Cell::new(0));
    let stopwatch = Stopwatch::start();
    let producers = [(); 4].map(|()| P::spawn(produce(put.clone(), each)));
    let consumers = [(); 4].map(|()| P::spawn(consume(get.clone(), each, Rc::clone(&sum))));
    for producer in producers {
        producer.await;
    }
    for consumer in consumers {
        consumer.await;
    }
    let figures = stopwatch.stop(each * 4);
    assert_eq!(sum.get(), each * (each + 1) * 2, "a number was lost or doubled");
    figures
}

async fn produce(mut put: impl Put, count: u64) {
    for number in 1..=count {
        put.put(number).await;
    }
}

async fn consume(mut get: impl Get, count: u64, sum: Rc<Cell<u64>>) {
    for _ in 0..count {
        let number = get.get().await;
        sum.set(sum.get() + number);
    }
}

/// All wait for the event again and again; one that is woken is one operation.
pub(super) async fn fan_out<P: Primitives>(operations: u64) -> Figures {
    let rounds = operations / LISTENERS;
    let event = Rc::new(P::event());
    let waiting = Rc::new(Cell::new(0));
    let listeners: Vec<_> = (0..LISTENERS)
        .map(|_| {
            let (event, waiting) = (Rc::clone(&event), Rc::clone(&waiting));
            P::spawn(async move {
                for _ in 0..rounds {
                    waiting.set(waiting.get() + 1);
                    P::wait(&event).await;
                }
            })
        })
        .collect();
    let stopwatch = Stopwatch::start();
    for _ in 0..rounds {
        while waiting.get() < LISTENERS {
            yield_once().await;
        }
        waiting.set(0);
        P::fire(&event);
    }
    for listener in listeners {
        listener.await;
    }
    stopwatch.stop(rounds * LISTENERS)
}
