//! Threads that use a loop while it is destroyed: an error or an effect, nothing between.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use evergreen_loop::{EventLoop, LoopError};

const THREADS: usize = 8;
const ROUNDS: usize = if cfg!(debug_assertions) { 200 } else { 1_000 };

/// Counts how often it is dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

// EV-LOOP-05, EV-LOOP-21, F19 (reliability 6.1)
#[test]
fn calls_and_stops_race_with_destroy_without_losing_a_capture() {
    let (made, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for _ in 0..ROUNDS {
        let event_loop = EventLoop::new().unwrap();
        let start = Arc::new(Barrier::new(THREADS + 1));
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let remote = event_loop.remote();
                let start = Arc::clone(&start);
                let (made, dropped) = (Arc::clone(&made), Arc::clone(&dropped));
                thread::spawn(move || {
                    start.wait();
                    for _ in 0..20 {
                        made.fetch_add(1, Ordering::Relaxed);
                        let counted = Counted(Arc::clone(&dropped));
                        let call = remote.call_from_thread(move || drop(counted));
                        assert!(matches!(call, Ok(_) | Err(LoopError::Closed)));
                        assert!(matches!(remote.stop(), Ok(()) | Err(LoopError::Closed)));
                    }
                })
            })
            .collect();
        start.wait();
        event_loop.turn(Some(std::time::Duration::ZERO)).unwrap();
        event_loop.destroy().unwrap();
        for thread in threads {
            thread.join().unwrap();
        }
    }
    assert_eq!(made.load(Ordering::Relaxed), dropped.load(Ordering::Relaxed));
}
