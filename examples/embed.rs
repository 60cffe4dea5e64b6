//! A loop hosted by another: here a bare `poll(2)`, elsewhere a window system or a game.
//!
//! ```sh
//! cargo run --example embed
//! ```
//!
//! You should see:
//!
//! ```text
//! a callback
//! a task, 10 ms later
//! a call from another thread
//! nothing keeps the loop alive any more
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::{EventLoop, LoopTasks, TurnOutcome, sleep};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::{error::Error, thread, time::Duration};

// ANCHOR: host
/// Blocks until the hosted loop wants a turn. A real host watches more than this one descriptor.
fn wait(event_loop: &EventLoop) -> Result<(), Box<dyn Error>> {
    let deadline = event_loop.next_deadline();
    let limit = deadline.map(|deadline| deadline - event_loop.time());
    let limit = limit.map(Timespec::try_from).transpose()?;
    let mut descriptors = [PollFd::new(event_loop, PollFlags::IN)];
    poll(&mut descriptors, limit.as_ref())?;
    Ok(())
}

fn host(event_loop: &EventLoop) -> Result<(), Box<dyn Error>> {
    while event_loop.turn(Some(Duration::ZERO))? == TurnOutcome::Alive {
        wait(event_loop)?;
    }
    Ok(())
}
// ANCHOR_END: host

fn main() -> Result<(), Box<dyn Error>> {
    let event_loop = EventLoop::new()?;
    event_loop.call_soon(|| println!("a callback"));

    let remote = event_loop.remote();
    let keep_alive = event_loop.keep_alive();
    let task = event_loop.spawn(async move {
        sleep(Duration::from_millis(10)).await;
        println!("a task, 10 ms later");
        let caller = thread::spawn(move || {
            thread::sleep(Duration::from_millis(10));
            remote.call_from_thread(|| println!("a call from another thread"))
        });
        // The token lives until the thread has called.
        let event_loop = EventLoop::current().expect("a task runs on a loop");
        let joined = event_loop.run_blocking(move || caller.join()).await;
        drop(keep_alive);
        joined.expect("the job has run").expect("no panic").map(drop)
    });

    host(&event_loop)?;
    println!("nothing keeps the loop alive any more");
    assert!(task.is_finished());
    Ok(())
}
