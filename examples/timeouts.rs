//! Waiting with a limit, limits within limits, and one limit for several waits.
//!
//! ```sh
//! cargo run --example timeouts
//! ```
//!
//! You should see:
//!
//! ```text
//! in time: Ok("quick")
//! too late: timed out after 0.01 seconds
//! the outer limit passed
//! both waits ended under one limit
//! nobody answered
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::{Timeout, sleep, tasks::timeout_silent, timeout};
use std::{future::pending, time::Duration};

const SHORT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_secs(60);

async fn answer(delay: Duration) -> &'static str {
    sleep(delay).await;
    "quick"
}

async fn simple() {
    // ANCHOR: simple
    println!("in time: {:?}", timeout(LONG, answer(SHORT)).await);
    match timeout(SHORT, answer(LONG)).await {
        Ok(text) => println!("{text}"),
        Err(limit) => println!("too late: {limit}"), // the future is dropped
    }
    // ANCHOR_END: simple
}

async fn nested() {
    // ANCHOR: nested
    let outer = Timeout::after(SHORT);
    let inner = Timeout::after(LONG);
    // A limit is also the error that it gives, and equal only to itself.
    match outer.clone().run(inner.clone().run(pending::<()>())).await {
        Ok(Ok(())) => println!("done"),
        Ok(Err(limit)) if limit == inner => println!("the inner limit passed"),
        Err(limit) if limit == outer => println!("the outer limit passed"),
        Ok(Err(other)) | Err(other) => println!("another limit: {other}"),
    }
    // ANCHOR_END: nested
}

async fn shared() {
    // ANCHOR: shared
    let mut limit = Timeout::after(LONG);
    let mut armed = limit.arm(); // the clock runs from here
    let first = armed.scope(answer(SHORT)).await;
    let second = armed.scope(answer(SHORT)).await; // with what the first has left
    // ANCHOR_END: shared
    if first.is_ok() && second.is_ok() {
        println!("both waits ended under one limit");
    }
}

async fn silent() {
    // ANCHOR: silent
    if timeout_silent(SHORT, pending::<()>()).await.is_none() {
        println!("nobody answered");
    }
    // ANCHOR_END: silent
}

#[evergreen::main]
async fn main() {
    simple().await;
    nested().await;
    shared().await;
    silent().await;
}
