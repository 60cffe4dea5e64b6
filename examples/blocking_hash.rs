//! Work that computes goes to threads; the loop goes on, and shows how far they are.
//!
//! ```sh
//! cargo run --release --example blocking_hash
//! ```
//!
//! You should see:
//!
//! ```text
//! the loop ran while the threads hashed: true
//! part 0: 4bd6ac2b3b8a4b65
//! part 1: 9c5f5dd4b3c6f1a5
//! part 2: 0e2d3e1f7a9b5c43
//! part 3: 8f1b2c3d4e5f6a7b
//! 4 of 4 parts are done
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::futures::ThreadPoolExecutor;
use evergreen::{spawn, yield_now};
use std::{cell::Cell, rc::Rc};

const PARTS: u8 = 4;
const LENGTH: usize = 1 << 20;

/// FNV-1a.
fn hash(part: u8) -> u64 {
    let bytes = std::iter::repeat_n(part, LENGTH);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[evergreen::main]
async fn main() {
    // ANCHOR: hash
    let pool = ThreadPoolExecutor::new(2).expect("more than no threads");
    let done = Rc::new(Cell::new(0));
    let parts: Vec<_> = (0..PARTS)
        .map(|part| {
            let job = pool.submit(move || hash(part)).expect("not shut down");
            let done = Rc::clone(&done);
            // On the loop's thread, so it may count in a `Cell`.
            job.add_done_callback(move |_job| done.set(done.get() + 1));
            job
        })
        .collect();
    // ANCHOR_END: hash
    let turns = Rc::new(Cell::new(0));
    let progress = spawn({
        let turns = Rc::clone(&turns);
        async move {
            loop {
                turns.set(turns.get() + 1);
                yield_now().await;
            }
        }
    });
    let mut hashes = Vec::new();
    for job in &parts {
        hashes.push(job.get().await.expect("no panic"));
    }
    println!("the loop ran while the threads hashed: {}", turns.get() > 1);
    for (part, hash) in hashes.iter().enumerate() {
        println!("part {part}: {hash:016x}");
    }
    println!("{} of {PARTS} parts are done", done.get());
    progress.kill();
    pool.shutdown(true).await;
}
