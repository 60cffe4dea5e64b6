//! Tasks that belong together: they are joined together, and fail together.
//!
//! ```sh
//! cargo run --example task_group
//! ```
//!
//! You should see:
//!
//! ```text
//! two pages, 5 words
//! closing the connection to /slow
//! failed: no page at /gone
//! 0 tasks are left
//! a bug: index out of bounds: the len is 0 but the index is 0
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::{EventLoop, GroupError, TaskGroup, sleep};
use std::time::Duration;

/// Says goodbye, however the task ends that has it.
struct Connection(&'static str);

impl Drop for Connection {
    fn drop(&mut self) {
        if self.0 == "/slow" {
            println!("closing the connection to {}", self.0);
        }
    }
}

/// How many words there are on a page.
async fn fetch(path: &'static str) -> Result<usize, String> {
    let _connection = Connection(path);
    let delay = if path == "/slow" { 60_000 } else { 5 };
    sleep(Duration::from_millis(delay)).await;
    match path {
        "/gone" => Err(format!("no page at {path}")),
        _ => Ok(path.len()),
    }
}

async fn all_well() -> Result<(), GroupError<String>> {
    // ANCHOR: join
    let words = TaskGroup::scope(async |group| {
        let first = group.spawn(fetch("/a"));
        let second = group.spawn(fetch("/bc"));
        // If one fails, this does not go on: it is dropped where it waits.
        let words = first.await.expect("not killed") + second.await.expect("not killed");
        Ok(words)
    })
    .await?; // both have ended here
    println!("two pages, {words} words");
    // ANCHOR_END: join
    Ok(())
}

async fn one_fails() {
    // ANCHOR: fail
    let outcome = TaskGroup::scope(async |group| {
        group.spawn(fetch("/slow"));
        group.spawn(fetch("/gone"));
        Ok(())
    })
    .await;
    match outcome {
        Ok(()) => println!("all pages are there"),
        Err(GroupError::Failed(error)) => println!("failed: {error}"),
        Err(other) => println!("a bug: {other}"),
    }
    // ANCHOR_END: fail
    let tasks = EventLoop::current().expect("it runs this").metrics().tasks;
    println!("{tasks} tasks are left");
}

async fn one_panics() {
    // ANCHOR: owned
    let group = TaskGroup::<String>::new();
    group.spawn(async {
        let words: Vec<usize> = Vec::new();
        Ok(words[0])
    });
    if let Err(GroupError::Panicked(panic)) = group.join().await {
        println!("a bug: {panic}");
    }
    // ANCHOR_END: owned
}

#[evergreen::main]
async fn main() {
    all_well().await.expect("both pages are there");
    one_fails().await;
    one_panics().await;
}
