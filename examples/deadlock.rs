//! Two tasks that wait for each other: what `try_block_on` says of them, and how to go on.
//!
//! ```sh
//! cargo run --example deadlock
//! ```
//!
//! You should see that both are parked, each with its name and the place where it was spawned, and
//! then `right was killed, so left has ended`. `block_on` would wait on, because another thread might
//! come; in debug builds it prints the same list once, to standard error.

#![allow(clippy::print_stdout, reason = "an example prints")]

// ANCHOR: all
use evergreen::{EventLoop, RunError, Task, TaskRef};
use std::{cell::OnceCell, error::Error, rc::Rc};

/// Ends when the other one has ended.
async fn outlive(other: Rc<OnceCell<TaskRef>>) {
    let other = other.get().expect("set before the loop runs");
    other.join().await.expect("it was started");
}

fn main() -> Result<(), Box<dyn Error>> {
    let event_loop = EventLoop::new()?;
    let (of_left, of_right) = (Rc::default(), Rc::default());
    let mut left = Task::builder().name("left").spawn(outlive(Rc::clone(&of_left)));
    let right = Task::builder().name("right").spawn(outlive(Rc::clone(&of_right)));
    of_left.set(right.task_ref()).expect("set once");
    of_right.set(left.task_ref()).expect("set once");

    // Nothing is queued, no timer runs, nobody reads: nothing can end this wait.
    match event_loop.try_block_on(&mut left) {
        Err(RunError::Exit(exit)) => println!("{exit}"),
        other => panic!("a deadlock was expected: {other:?}"),
    }

    // The loop and its tasks are as they were, so somebody can untie the knot.
    right.kill();
    event_loop.try_block_on(left)??;
    println!("right was killed, so left has ended");
    event_loop.destroy()?;
    Ok(())
}
// ANCHOR_END: all
