//! Three tasks take turns, in the order in which they were started.
//!
//! ```sh
//! cargo run --example turns
//! ```
//!
//! You should see 1 2 3 1 2 3, one number a line. It is the same in every run.

#![allow(clippy::print_stdout, reason = "an example prints")]

// ANCHOR: all
use evergreen::{spawn, yield_now};

async fn count(number: u32) {
    for _ in 0..2 {
        println!("{number}");
        yield_now().await;
    }
}

#[evergreen::main]
async fn main() {
    let tasks = [1, 2, 3].map(|number| spawn(count(number)));
    for task in tasks {
        task.await.expect("neither killed nor panicked");
    }
}
// ANCHOR_END: all
