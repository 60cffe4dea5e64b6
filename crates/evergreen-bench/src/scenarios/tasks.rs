//! Starting tasks and passing between them.

use crate::{
    Figures, Peer,
    clock::Stopwatch,
    futures::{Letterbox, yield_once},
};
use std::{cell::Cell, rc::Rc};

/// So many tasks live at a time.
const TASKS: u64 = 1000;

/// Starts tasks that do next to nothing, and waits for each.
pub(super) async fn spawn_join<P: Peer>(operations: u64) -> Figures {
    let finished = Rc::new(Cell::new(0));
    let mut started = Vec::with_capacity(1000);
    let stopwatch = Stopwatch::start();
    for number in 1..=operations {
        let finished = Rc::clone(&finished);
        started.push(P::spawn(async move { finished.set(finished.get() + 1) }));
        if number % TASKS == 0 || number == operations {
            for task in started.drain(..) {
                task.await;
            }
        }
    }
    let figures = stopwatch.stop(operations);
    assert_eq!(finished.get(), operations, "a task was not run to its end");
    figures
}

/// A thousand tasks that do nothing but give way to the next.
pub(super) async fn yields<P: Peer>(operations: u64) -> Figures {
    let tasks = TASKS.min(operations);
    let each = operations / tasks;
    let passed = Rc::new(Cell::new(0));
    let passed_at_first_end = Rc::new(Cell::new(None));
    let stopwatch = Stopwatch::start();
    let one = || {
        let (passed, first_end) = (Rc::clone(&passed), Rc::clone(&passed_at_first_end));
        async move {
            for _ in 0..each {
                yield_once().await;
                passed.set(passed.get() + 1);
            }
            first_end.set(first_end.get().or(Some(passed.get())));
        }
    };
    let started: Vec<_> = (0..tasks).map(|_| P::spawn(one())).collect();
    for task in started {
        task.await;
    }
    let mut figures = stopwatch.stop(tasks * each);
    assert_eq!(passed.get(), tasks * each, "a task was not run to its end");
    // Near 1 if the tasks took turns, near 0 if each ran to its end before the next began.
    let taking_turns = passed_at_first_end.get().unwrap_or(0) as f64 / passed.get() as f64;
    figures.set("taking_turns", taking_turns);
    figures
}

/// Two tasks that send each other a number; one message is one operation.
pub(super) async fn ping_pong<P: Peer>(operations: u64) -> Figures {
    let rounds = operations.div_ceil(2);
    let (there, back) = (Letterbox::default(), Letterbox::default());
    let (from_there, to_back) = (there.clone(), back.clone());
    let stopwatch = Stopwatch::start();
    let ping = P::spawn(async move {
        for number in 0..rounds {
            there.post(number);
            assert_eq!(back.collect().await, number, "another number came back");
        }
    });
    let pong = P::spawn(async move {
        for _ in 0..rounds {
            to_back.post(from_there.collect().await);
        }
    });
    ping.await;
    pong.await;
    stopwatch.stop(rounds * 2)
}
