//! Work that computes goes to threads; the loop goes on, and shows how far they are.
//!
//! ```sh
//! cargo run --release --example blocking_hash
//! ```
//!
//! You should see:
//!
//! ```text
//! 1 of 4 parts are done
//! 2 of 4 parts are done
//! 3 of 4 parts are done
//! 4 of 4 parts are done
//! part 0: a96777069d622325
//! part 1: 4dbf0b5b77722325
//! part 2: 1dcde9e628222325
//! part 3: 61dabe59def22325
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::futures::ThreadPoolExecutor;
use std::{cell::Cell, error::Error, iter, rc::Rc};

const PARTS: u8 = 4;
const LENGTH: usize = 1 << 20;

/// FNV-1a of a part that is one byte again and again.
fn hash(part: u8) -> u64 {
    iter::repeat_n(part, LENGTH).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[evergreen::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // ANCHOR: hash
    let pool = ThreadPoolExecutor::new(2)?;
    let done = Rc::new(Cell::new(0));
    let mut parts = Vec::new();
    for part in 0..PARTS {
        let job = pool.submit(move || hash(part))?;
        let done = Rc::clone(&done);
        // On the loop's thread, as soon as each is done: so it may count in a `Cell`.
        job.add_done_callback(move |_job| {
            done.set(done.get() + 1);
            println!("{} of {PARTS} parts are done", done.get());
        });
        parts.push(job);
    }
    pool.shutdown(true).await;
    for (part, job) in parts.iter().enumerate() {
        println!("part {part}: {:016x}", job.get().await?);
    }
    // ANCHOR_END: hash
    Ok(())
}
