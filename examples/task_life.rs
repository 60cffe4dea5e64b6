//! The life of a task: start, join, kill, names, panics, locals, ticks.
//!
//! ```sh
//! cargo run --example task_life
//! ```
//!
//! You should see each part say what happened. The lines about the panic that come from the panic
//! hook and the loop go to standard error.

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::{Task, interval, sleep, spawn, task_local};
use std::time::Duration;

async fn start_and_join() {
    // ANCHOR: start
    let task = Task::builder().name("adder").build(async { 2 + 2 });
    println!("{} is {}", task.name(), task.state());
    task.start().expect("it was not started before");
    println!("{} is {}", task.name(), task.state());

    // Has it ended? True, however it ended; false if the limit passes first.
    let ended = task.join_timeout(1.0).await.expect("it was started");
    println!("{} is {}: {ended}", task.name(), task.state());

    // Awaiting the handle gives the output.
    println!("the sum is {}", task.await.expect("neither killed nor panicked"));
    // ANCHOR_END: start
}

// ANCHOR: cleanup
struct TempFile(&'static str);

impl Drop for TempFile {
    fn drop(&mut self) {
        println!("removing {}", self.0);
    }
}
// ANCHOR_END: cleanup

async fn kill() {
    // ANCHOR: kill
    let task = spawn(async {
        let _file = TempFile("download.part");
        sleep(Duration::from_secs(3600)).await;
    });
    sleep(Duration::from_millis(1)).await; // it has its first turn
    task.kill(); // queued: the task ends when the loop comes to it
    println!("kill returned");
    let error = task.await.expect_err("it cannot have finished");
    println!("{error}");
    // ANCHOR_END: kill
}

async fn panic() {
    // ANCHOR: panic
    let task = spawn(async { panic!("out of cheese") });
    let error = task.await.expect_err("it cannot have finished");
    println!("{error}, and the loop goes on");
    // ANCHOR_END: panic
}

// ANCHOR: local
task_local! { static USER: &'static str; }

async fn locals() {
    USER.set("ada");
    let other = spawn(async {
        println!("a task of its own inherits nothing: {:?}", USER.get());
        USER.set("grace");
    });
    other.await.expect("neither killed nor panicked");
    println!("here the user is still {:?}", USER.get());
}
// ANCHOR_END: local

async fn ticks() {
    // ANCHOR: interval
    let mut ticks = interval(Duration::from_millis(5));
    let first = ticks.tick().await; // at once
    let second = ticks.tick().await;
    println!("{} ms between two ticks", (second - first).as_millis());
    // ANCHOR_END: interval
}

#[evergreen::main]
async fn main() {
    start_and_join().await;
    kill().await;
    panic().await;
    locals().await;
    ticks().await;
}
