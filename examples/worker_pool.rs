//! Workers that take from one queue, and a producer that waits until all is done.
//!
//! ```sh
//! cargo run --example worker_pool
//! ```
//!
//! You should see:
//!
//! ```text
//! worker 1 did page 1
//! worker 2 did page 2
//! worker 1 did page 3
//! worker 2 did page 4
//! worker 1 did page 5
//! all 5 pages are done, 0 are left
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::{queue::Queue, sleep, spawn};
use std::{rc::Rc, time::Duration};

#[evergreen::main]
async fn main() {
    // ANCHOR: pool
    let pages = Rc::new(Queue::new(2));
    let workers = [1, 2].map(|number| {
        let pages = Rc::clone(&pages);
        spawn(async move {
            loop {
                let page: u64 = pages.get().await;
                sleep(Duration::from_millis(10 + page)).await;
                println!("worker {number} did page {page}");
                pages.task_done().expect("once for each that was got");
            }
        })
    });
    for page in 1..=5 {
        pages.put(page).await; // waits while two are in the queue
    }
    pages.join().await;
    // ANCHOR_END: pool
    println!("all 5 pages are done, {} are left", pages.unfinished());
    workers.iter().for_each(evergreen::Task::kill);
}
