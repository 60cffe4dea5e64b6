//! Calls from other threads: all arrive, in the order each thread sent them.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use evergreen_loop::{EventLoop, LoopError};

const THREADS: usize = 8;

/// The full number under `cargo test --release`, a tenth of it in debug builds.
const CALLS: usize = if cfg!(debug_assertions) { 10_000 } else { 100_000 };

// D-4, D-10, EV-LOOP-05
#[test]
fn every_call_of_eight_threads_arrives_in_the_order_of_its_thread() {
    let event_loop = EventLoop::new().unwrap();
    let (seen, arrived) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let start = Arc::new(Barrier::new(THREADS));
    let next: Arc<Vec<AtomicUsize>> = Arc::new((0..THREADS).map(|_| AtomicUsize::new(0)).collect());
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let remote = event_loop.remote();
            let (start, next) = (Arc::clone(&start), Arc::clone(&next));
            let (seen, arrived) = (Arc::clone(&seen), Arc::clone(&arrived));
            thread::spawn(move || {
                start.wait();
                for call in 0..CALLS {
                    let (next, seen, arrived) =
                        (Arc::clone(&next), Arc::clone(&seen), Arc::clone(&arrived));
                    let stop = remote.clone();
                    let call = remote.call_from_thread(move || {
                        let expected = next[thread].fetch_add(1, Ordering::Relaxed);
                        seen.fetch_add(usize::from(expected == call), Ordering::Relaxed);
                        if arrived.fetch_add(1, Ordering::Relaxed) + 1 == THREADS * CALLS {
                            stop.stop().unwrap();
                        }
                    });
                    call.unwrap();
                }
            })
        })
        .collect();
    assert!(event_loop.run_forever().unwrap().stopped);
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(seen.load(Ordering::Relaxed), THREADS * CALLS);
}

// D-4: "thread called first, loop called second" comes out in that order.
#[test]
fn a_call_that_a_thread_has_made_runs_before_what_the_loop_queues_later() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Rc::new(RefCell::new(Vec::new()));
    let remote_trace = Arc::new(AtomicUsize::new(0));
    let inner = event_loop.clone();
    let (outer_trace, position) = (Rc::clone(&trace), Arc::clone(&remote_trace));
    event_loop.call_soon(move || {
        let remote = inner.remote();
        let sent = Arc::clone(&position);
        thread::spawn(move || {
            remote.call_from_thread(move || sent.store(1, Ordering::Relaxed)).unwrap();
        })
        .join()
        .unwrap();
        let seen = Arc::clone(&position);
        inner.call_soon(move || outer_trace.borrow_mut().push(seen.load(Ordering::Relaxed)));
    });
    event_loop.run().unwrap();
    assert_eq!(*trace.borrow(), [1]);
}

// EV-LOOP-05: a sleeping poller is woken for each of many lone calls.
#[test]
fn no_wake_up_is_lost_between_a_call_and_falling_asleep() {
    let rounds = if cfg!(debug_assertions) { 5_000 } else { 100_000 };
    let event_loop = EventLoop::new().unwrap();
    let remote = event_loop.remote();
    let (answer, answers) = std::sync::mpsc::channel();
    let asker = thread::spawn(move || {
        for round in 0..rounds {
            let answer = answer.clone();
            remote.call_from_thread(move || answer.send(round).unwrap()).unwrap();
            assert_eq!(answers.recv().unwrap(), round);
        }
        remote.stop().unwrap();
    });
    event_loop.run_forever().unwrap();
    asker.join().unwrap();
}

// EV-LOOP-05: the cancel of a remote handler is allowed on any thread, and drops the captures.
#[test]
fn a_remote_call_can_be_cancelled_from_the_thread_that_made_it() {
    let event_loop = EventLoop::new().unwrap();
    let remote = event_loop.remote();
    let captured = Arc::new(());
    let held = Arc::clone(&captured);
    thread::spawn(move || {
        let call = remote.call_from_thread(move || unreachable!("cancelled: {held:?}")).unwrap();
        call.cancel();
        call.cancel();
    })
    .join()
    .unwrap();
    assert_eq!(Arc::strong_count(&captured), 1);
    event_loop.run().unwrap();
}

// EV-LOOP-05
#[test]
fn a_destroyed_loop_answers_with_an_error() {
    let event_loop = EventLoop::new().unwrap();
    let remote = event_loop.remote();
    event_loop.destroy().unwrap();
    let answer = thread::spawn(move || {
        assert!(remote.is_closed());
        assert!(matches!(remote.stop(), Err(LoopError::Closed)));
        remote.call_from_thread(|| ()).map(drop)
    });
    assert!(matches!(answer.join().unwrap(), Err(LoopError::Closed)));
}
