//! The loop without tasks and without macros: callbacks, timers, and how a run ends.
//!
//! ```sh
//! cargo run --example loop_by_hand
//! ```
//!
//! You should see:
//!
//! ```text
//! nothing has run yet
//! soon
//! sooner than any timer
//! at 10 ms
//! later, after 20 ms
//! the loop ended by itself, 0 tasks are parked
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

// ANCHOR: all
use evergreen::EventLoop;
use std::{error::Error, time::Duration};

fn main() -> Result<(), Box<dyn Error>> {
    let event_loop = EventLoop::new()?;

    // Timers run by deadline, whatever the order they were made in.
    event_loop.call_later(Duration::from_millis(20), || println!("later, after 20 ms"));
    let when = event_loop.time() + Duration::from_millis(10);
    event_loop.call_at(when, || println!("at 10 ms"));

    // A callback may queue another. It runs behind everything that is queued already.
    let again = event_loop.clone();
    event_loop.call_soon(move || {
        println!("soon");
        again.call_soon(|| println!("sooner than any timer"));
    });

    // What is cancelled does not run, and its timer does not keep the loop waiting.
    let never = event_loop.call_later(Duration::from_secs(3600), || println!("never"));
    never.cancel();

    println!("nothing has run yet");
    let report = event_loop.run()?;
    println!("the loop ended by itself, {} tasks are parked", report.parked_tasks);
    event_loop.destroy()?;
    Ok(())
}
// ANCHOR_END: all
