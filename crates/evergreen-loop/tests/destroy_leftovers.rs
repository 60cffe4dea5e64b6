//! Threads that call a loop while it is destroyed, and keep their handle to it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use evergreen_loop::{EventLoop, LoopRemote};

const THREADS: usize = 2;
const ROUNDS: usize = if cfg!(debug_assertions) { 1_000 } else { 10_000 };

/// Counts how often it is dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Calls the loop until it refuses, and tells how many captures that took.
fn call_until_closed(remote: &LoopRemote, dropped: &Arc<AtomicUsize>) -> usize {
    for made in 1.. {
        let counted = Counted(Arc::clone(dropped));
        if remote.call_from_thread(move || drop(counted)).is_err() {
            return made;
        }
    }
    unreachable!("it is destroyed some time")
}

// EV-LOOP-05, EV-LOOP-21, F19: what was accepted is dropped with the loop, not with the last
// handle that somebody keeps.
#[test]
fn calls_accepted_during_destroy_are_dropped_though_a_remote_is_kept() {
    for round in 0..ROUNDS {
        let event_loop = EventLoop::new().unwrap();
        let kept = event_loop.remote();
        let start = Arc::new(Barrier::new(THREADS + 1));
        let dropped = Arc::new(AtomicUsize::new(0));
        let threads = [(); THREADS].map(|()| {
            let (remote, start) = (event_loop.remote(), Arc::clone(&start));
            let dropped = Arc::clone(&dropped);
            thread::spawn(move || {
                start.wait();
                call_until_closed(&remote, &dropped)
            })
        });
        start.wait();
        (0..round % 200).for_each(|_| std::hint::spin_loop());
        event_loop.destroy().unwrap();
        let made: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(dropped.load(Ordering::Relaxed), made, "in round {round}");
        drop(kept);
    }
}
