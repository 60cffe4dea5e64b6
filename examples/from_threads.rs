//! Four threads call into one loop, and one of its tasks answers each of them.
//!
//! ```sh
//! cargo run --example from_threads
//! ```
//!
//! You should see, in any order of the threads, four lines such as
//! `thread 2: the loop has run 1000 calls of mine, in order`, and then `the loop was stopped`.

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::{EventLoop, LoopRemote, RemoteTasks};
use futures_lite::future::block_on;
use std::{cell::Cell, error::Error, thread};

const THREADS: usize = 4;
const CALLS: usize = 1000;

// ANCHOR: worker
thread_local! {
    /// How many calls came from each thread. Only the loop's thread uses it: no lock.
    static SEEN: [Cell<usize>; THREADS] = const { [const { Cell::new(0) }; THREADS] };
}

/// Runs on the loop's thread.
fn note(thread: usize, call: usize) {
    SEEN.with(|seen| {
        // What one thread sends runs in the order it was sent.
        assert_eq!(seen[thread].replace(call + 1), call);
    });
}

/// Runs on a thread of its own.
fn work(thread: usize, remote: &LoopRemote) -> Result<(), Box<dyn Error>> {
    for call in 0..CALLS {
        remote.call_from_thread(move || note(thread, call))?;
    }
    // A task may come from another thread too. Its future has to be `Send`.
    let count = remote.spawn_from_thread(async move { SEEN.with(|seen| seen[thread].get()) })?;
    let count = block_on(count)?; // this blocks the thread, not the loop
    println!("thread {thread}: the loop has run {count} calls of mine, in order");
    Ok(())
}
// ANCHOR_END: worker

// ANCHOR: main
fn main() -> Result<(), Box<dyn Error>> {
    let event_loop = EventLoop::new()?;
    let remote = event_loop.remote();

    let supervisor = thread::spawn(move || {
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let remote = &remote;
                scope.spawn(move || work(thread, remote).expect("the loop is there"));
            }
        });
        remote.stop()
    });

    // The loop cannot see that threads are going to call.
    let keep_alive = event_loop.keep_alive();
    let report = event_loop.run()?;
    drop(keep_alive);
    supervisor.join().expect("no thread panicked")?;
    assert!(report.stopped);
    println!("the loop was stopped");
    Ok(())
}
// ANCHOR_END: main
