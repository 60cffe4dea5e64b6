//! Ending a task: destructors, a scope that catches the kill, and waiting until all is cleaned up.
//!
//! ```sh
//! cargo run --example kill_and_cleanup
//! ```
//!
//! You should see:
//!
//! ```text
//! removing session.lock
//! the session has ended
//! caught: the task was told to exit
//! goodbye is said
//! killed and cleaned up: true
//! why: the task was killed: the cable was pulled
//! removing the power of the light
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::{Task, catch_kill, sleep, spawn};
use std::{future::pending, time::Duration};

const SHORT: Duration = Duration::from_millis(5);

/// Cleans up without waiting: in its destructor, which runs however the task ends.
struct LockFile(&'static str);

impl Drop for LockFile {
    fn drop(&mut self) {
        println!("removing {}", self.0);
    }
}

async fn destructors() {
    let session = spawn(async {
        let _lock = LockFile("session.lock");
        pending::<()>().await;
    });
    sleep(SHORT).await;
    // ANCHOR: wait
    session.kill_and_wait().await.expect("it was started");
    println!("the session has ended"); // and all that it owned is gone
    // ANCHOR_END: wait
}

// ANCHOR: scope
fn client() -> Task<&'static str> {
    spawn(async {
        // A kill ends what is in the scope, and not the task.
        match catch_kill(pending::<()>()).await {
            Ok(()) => return "done",
            Err(exit) => println!("caught: {exit}"),
        }
        sleep(SHORT).await; // this is where a peer is told, and its answer awaited
        println!("goodbye is said");
        "cut short"
    })
}
// ANCHOR_END: scope

async fn scopes() {
    let client = client();
    sleep(SHORT).await;
    // ANCHOR: cleaned
    let ended = client.kill_and_wait().await; // waits for the goodbye as well
    println!("killed and cleaned up: {}", ended.expect("it was started"));
    // ANCHOR_END: cleaned
    assert_eq!(client.await.expect("it caught the kill"), "cut short");
}

async fn reasons() {
    // ANCHOR: reason
    let download = spawn(pending::<()>());
    download.kill_with("the cable was pulled"); // no scope catches this
    println!("why: {}", download.await.expect_err("it was killed"));
    // ANCHOR_END: reason
}

async fn handles() {
    // ANCHOR: handle
    let light = spawn(async {
        let _power = LockFile("the power of the light");
        pending::<()>().await;
    });
    let light = light.kill_on_drop();
    sleep(SHORT).await;
    drop(light); // kills the task; dropping the handle alone would not
    // ANCHOR_END: handle
    sleep(SHORT).await;
}

#[evergreen::main]
async fn main() {
    destructors().await;
    scopes().await;
    reasons().await;
    handles().await;
}
