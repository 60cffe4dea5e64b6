//! Waiting for the first of several things, and for all of them.
//!
//! ```sh
//! cargo run --example select
//! ```
//!
//! You should see:
//!
//! ```text
//! started on job 1
//! started on job 2
//! no job for a while
//! stopped after 2 jobs
//! both answers: 1 and 2
//! the second failed: no route
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::{Task, join, select, sleep, spawn, try_join, yield_now};
use std::{future::pending, time::Duration};

const SHORT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_secs(60);

/// Two jobs, then nothing more.
async fn next_job(number: u32) -> u32 {
    match number {
        1 | 2 => yield_now().await,
        _ => pending().await,
    }
    number
}

async fn worker(mut stop: Task<()>) {
    // ANCHOR: worker
    let mut jobs = 0;
    let mut idle = false;
    loop {
        select! {
            // Rare and urgent: above what may always be ready.
            _ = &mut stop, if idle => break,
            job = next_job(jobs + 1) => {
                println!("started on job {job}");
                jobs = job;
            }
            () = sleep(SHORT), if !idle => {
                println!("no job for a while");
                idle = true;
            }
        }
    }
    println!("stopped after {jobs} jobs");
    // ANCHOR_END: worker
}

async fn ask(number: u8) -> Result<u8, &'static str> {
    yield_now().await;
    Ok(number)
}

async fn fail() -> Result<u8, &'static str> {
    yield_now().await;
    Err("no route")
}

async fn never() -> Result<u8, &'static str> {
    sleep(LONG).await;
    Ok(0)
}

async fn both() {
    // ANCHOR: both
    if let (Ok(first), Ok(second)) = join!(ask(1), ask(2)) {
        println!("both answers: {first} and {second}");
    }
    match try_join!(never(), fail()) {
        Ok((first, second)) => println!("both answers: {first} and {second}"),
        Err(error) => println!("the second failed: {error}"), // and `never` is dropped
    }
    // ANCHOR_END: both
}

#[evergreen::main]
async fn main() {
    worker(spawn(sleep(SHORT))).await;
    both().await;
}
