//! The smallest program: a loop, a task, a sleep.
//!
//! ```sh
//! cargo run --example hello
//! ```
//!
//! You should see:
//!
//! ```text
//! main goes on
//! hello from a task
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

// ANCHOR: all
use evergreen::{sleep, spawn};
use std::time::Duration;

#[evergreen::main]
async fn main() {
    let greeting = spawn(async {
        sleep(Duration::from_millis(10)).await;
        "hello from a task"
    });
    println!("main goes on");
    println!("{}", greeting.await.expect("neither killed nor panicked"));
}
// ANCHOR_END: all
