//! What a task weighs while it does nothing.

use crate::{
    Figures, Peer,
    clock::{Stopwatch, resident_bytes},
};
use std::{cell::Cell, rc::Rc, time::Duration};

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(1);

/// Tasks that sleep for an hour, and nobody waits for.
pub(super) async fn tasks<P: Peer>(operations: u64) -> Figures {
    // What the runtime makes once is there before the weighing.
    P::detach(P::sleep(LONG));
    P::sleep(SHORT).await;
    let asleep = Rc::new(Cell::new(0));
    let before = resident_bytes();
    let stopwatch = Stopwatch::start();
    for _ in 0..operations {
        let asleep = Rc::clone(&asleep);
        P::detach(async move {
            asleep.set(asleep.get() + 1);
            P::sleep(LONG).await;
        });
    }
    while asleep.get() < operations {
        P::sleep(SHORT).await;
    }
    let grown = resident_bytes() - before;
    let mut figures = stopwatch.stop(operations);
    figures.set("bytes", grown as f64 / operations as f64);
    figures
}
