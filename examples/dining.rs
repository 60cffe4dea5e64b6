//! Five philosophers, five forks: locks that are handed over in the order of asking.
//!
//! ```sh
//! cargo run --example dining
//! ```
//!
//! You should see:
//!
//! ```text
//! Hegel eats
//! Kant eats
//! Mill eats
//! Hume eats
//! Marx eats
//! all have eaten 3 times
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::{TaskGroup, locks::Lock, yield_now};
use std::{convert::Infallible, rc::Rc};

const NAMES: [&str; 5] = ["Hegel", "Marx", "Kant", "Hume", "Mill"];
const MEALS: usize = 3;

/// Each takes the fork of the lower number first; so there is always one who can have both.
async fn dine(seat: usize, forks: Rc<[Lock; 5]>) -> Result<usize, Infallible> {
    let (left, right) = (seat, (seat + 1) % forks.len());
    for meal in 0..MEALS {
        // ANCHOR: forks
        let first = forks[left.min(right)].lock().await;
        let second = forks[left.max(right)].lock().await;
        if meal == 0 {
            println!("{} eats", NAMES[seat]);
        }
        yield_now().await;
        drop((first, second)); // the neighbours have them now, if they have asked
        // ANCHOR_END: forks
    }
    Ok(MEALS)
}

#[evergreen::main]
async fn main() {
    let forks = Rc::new([(); 5].map(|()| Lock::new()));
    let dinner = TaskGroup::scope(async |group| {
        for seat in 0..NAMES.len() {
            drop(group.spawn(dine(seat, Rc::clone(&forks))));
        }
        Ok(())
    });
    dinner.await.expect("nobody fails");
    println!("all have eaten {MEALS} times");
}
