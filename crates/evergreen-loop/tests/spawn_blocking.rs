//! Blocking work without a loop at hand.

use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use evergreen_loop::{BlockingError, EventLoop, block_on, spawn_blocking};

// D-12 of the design: what users of tokio reach for.
#[test]
fn the_job_runs_on_another_thread_and_its_result_is_awaited() {
    let here = thread::current().id();
    let there = block_on(async { spawn_blocking(|| thread::current().id()).await });
    assert_ne!(there.expect("no panic"), here);
}

#[test]
fn dropping_the_job_does_not_take_it_back_and_the_loop_lives_until_it_is_done() {
    let event_loop = EventLoop::new().unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&done);
    drop(spawn_blocking(move || set.store(true, Ordering::SeqCst)));
    event_loop.run().unwrap();
    assert!(done.load(Ordering::SeqCst));
    event_loop.destroy().unwrap();
}

#[test]
fn a_panic_of_the_job_is_its_result() {
    let ended = block_on(async { spawn_blocking(|| panic!("job")).await });
    let Err(BlockingError::Panicked(panic)) = ended else { panic!("no panic") };
    assert_eq!(panic.into_payload().downcast_ref::<&str>(), Some(&"job"));
}

#[test]
fn without_a_loop_it_panics_and_says_so() {
    let payload = catch_unwind(|| drop(spawn_blocking(|| ()))).expect_err("no loop");
    let text = payload.downcast_ref::<String>().expect("a message");
    assert!(text.contains("no event loop on this thread"), "{text}");
}

// The threads of the pool have no loop of their own.
#[test]
fn inside_a_job_it_panics() {
    let ended = block_on(async { spawn_blocking(|| drop(spawn_blocking(|| ()))).await });
    assert!(matches!(ended, Err(BlockingError::Panicked(_))), "{ended:?}");
}
