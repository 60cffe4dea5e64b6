//! SIGHUP reloads, SIGTERM lets the work at hand be finished and then ends the program.
//!
//! ```sh
//! cargo run --example signals
//! kill -HUP PID     # from another terminal, with the number that it printed
//! kill -TERM PID
//! ```
//!
//! You should see:
//!
//! ```text
//! pid 4711
//! ready
//! reload
//! draining
//! the last job is done
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

// ANCHOR: all
use evergreen::{EventLoop, LoopTasks, sleep};
use std::{cell::Cell, error::Error, process, rc::Rc, time::Duration};

/// One job after the other, until there shall be no more.
async fn work(draining: Rc<Cell<bool>>) {
    while !draining.get() {
        sleep(Duration::from_millis(50)).await;
    }
    println!("the last job is done");
}

fn main() -> Result<(), Box<dyn Error>> {
    let event_loop = EventLoop::new()?;
    let draining = Rc::new(Cell::new(false));
    let worker = event_loop.spawn(work(Rc::clone(&draining)));

    // Handlers are entries of the queue like all others: they may print, allocate, use `Rc`.
    event_loop.add_signal_handler(libc::SIGHUP, || println!("reload"))?;
    event_loop.add_signal_handler(libc::SIGTERM, move || {
        println!("draining");
        draining.set(true);
    })?;

    println!("pid {}", process::id());
    println!("ready");
    // Handlers do not keep the loop alive; the worker's timer does.
    event_loop.run()?;
    assert!(worker.is_finished());
    event_loop.destroy()?;
    Ok(())
}
// ANCHOR_END: all
