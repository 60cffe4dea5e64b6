//! Timers that end, and timers that are taken back.

use crate::{
    Figures, Peer,
    clock::Stopwatch,
    futures::{poll_once, yield_once},
};
use std::{
    cell::Cell,
    future::pending,
    rc::Rc,
    time::{Duration, Instant},
};

/// The loop has its turn after so many timers, so that what it puts off is paid for.
const BETWEEN_TURNS: u64 = 1000;

/// Tasks that sleep for 0 to 100 ms each.
pub(super) async fn sleep<P: Peer>(operations: u64) -> Figures {
    let late_ns = Rc::new(Cell::new(0.0));
    let mut lengths = Lengths(1);
    let mut started = Vec::new();
    let stopwatch = Stopwatch::start();
    for _ in 0..operations {
        let (length, late_ns) = (lengths.next(), Rc::clone(&late_ns));
        started.push(P::spawn(async move {
            let due = Instant::now() + length;
            P::sleep(length).await;
            let now = Instant::now();
            assert!(now + Duration::from_millis(1) >= due, "a sleep ended early");
            late_ns.set(late_ns.get() + now.saturating_duration_since(due).as_nanos() as f64);
        }));
    }
    for task in started {
        task.await;
    }
    let mut figures = stopwatch.stop(operations);
    figures.set("late_us", late_ns.get() / operations as f64 / 1e3);
    figures
}

/// Lengths that look random and are the same in every run: a congruential generator, of which the
/// upper half is used.
struct Lengths(u64);

impl Lengths {
    fn next(&mut self) -> Duration {
        self.0 = self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1);
        Duration::from_micros((self.0 >> 32) % 100_000)
    }
}

/// Limits of 30 s, each polled once and dropped.
pub(super) async fn cancel<P: Peer>(operations: u64) -> Figures {
    let stopwatch = Stopwatch::start();
    for number in 1..=operations {
        let ready = poll_once(P::timeout(Duration::from_secs(30), pending())).await;
        assert!(!ready, "a limit passed at once");
        if number % BETWEEN_TURNS == 0 {
            yield_once().await;
        }
    }
    stopwatch.stop(operations)
}
