//! Races of the loop as models: loom runs each in every order in which its threads may meet.
//!
//! The loop is the real one, on a poller that knows of notifications alone. A wake-up that is lost
//! leaves it asleep for ever, which loom reports as a deadlock. Run by `scripts/loom`.
#![cfg(evergreen_loom)]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex as Quiet;
use std::sync::atomic::{AtomicUsize as Count, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use evergreen_loop::build::BlockingPool;
use evergreen_loop::seam::{Bell, ModelSelector};
use evergreen_loop::{BlockingError, EventLoop, LoopError, LoopRemote};
use loom::thread;

/// Runs a model on a thread with stack enough for a loop; loom's own have 32 KiB.
fn model(f: fn()) {
    const WORDS: usize = 1 << 16;
    loom::model(move || {
        let home = thread::Builder::new().stack_size(WORDS).spawn(f).unwrap();
        home.join().unwrap();
    });
}

/// A loop that is woken by the bell.
fn loop_on(bell: &Arc<Bell>) -> EventLoop {
    EventLoop::builder().selector(ModelSelector(Arc::clone(bell))).build().unwrap()
}

/// What ran, in order. Written on the loop's thread only.
#[derive(Clone, Default)]
struct Trace(Arc<Quiet<Vec<u8>>>);

impl Trace {
    fn note(&self, what: u8) {
        self.0.lock().unwrap().push(what);
    }

    fn send_note(&self, remote: &LoopRemote, what: u8) {
        let trace = self.clone();
        remote.call_from_thread(move || trace.note(what)).unwrap();
    }

    /// Those of one thread, which all are of one ten.
    fn of(&self, ten: u8) -> Vec<u8> {
        self.0.lock().unwrap().iter().copied().filter(|what| what / 10 == ten).collect()
    }
}

/// Counts when it is dropped.
struct Counted(Arc<Count>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

const NOW: Option<Duration> = Some(Duration::ZERO);

// EV-LOOP-05, D-4. Fails if `Inbox::push` says that something is pending before it is, or
// `Inbox::drain` says that nothing is after it has looked.
#[test]
fn inbox_push_versus_drain() {
    model(|| {
        let event_loop = loop_on(&Arc::new(Bell::new()));
        let trace = Trace::default();
        let threads = [10, 20].map(|first| {
            let (remote, trace) = (event_loop.remote(), trace.clone());
            thread::spawn(move || {
                trace.send_note(&remote, first);
                trace.send_note(&remote, first + 1);
            })
        });
        event_loop.turn(NOW).unwrap();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        // What a thread has sent stands before what is queued after that.
        let last = trace.clone();
        event_loop.call_soon(move || last.note(30));
        event_loop.turn(NOW).unwrap();
        assert_eq!((trace.of(1), trace.of(2)), (vec![10, 11], vec![20, 21]));
        assert_eq!(trace.0.lock().unwrap().last(), Some(&30));
        event_loop.destroy().unwrap();
    });
}

// EV-LOOP-05. Fails if the turn's `fall_asleep` does not look into the inbox, or looks before the
// senders know; if a store of the two is weaker than `SeqCst`; or if whoever finds the loop asleep
// rings the bell without the right to do so.
#[test]
fn coalesced_wake_up_versus_going_to_sleep() {
    model(|| {
        let bell = Arc::new(Bell::new());
        let event_loop = loop_on(&bell);
        let trace = Trace::default();
        let threads = [10, 20].map(|first| {
            let (remote, trace) = (event_loop.remote(), trace.clone());
            thread::spawn(move || {
                trace.send_note(&remote, first);
                trace.send_note(&remote, first + 1);
            })
        });
        let mut turns = 0;
        while trace.of(1).len() + trace.of(2).len() < 4 {
            event_loop.turn(None).unwrap();
            turns += 1;
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        // It falls asleep in a turn, and once more behind it; it was asleep before the first.
        assert!(bell.times() <= 2 * turns + 1, "{} wake-ups in {turns} turns", bell.times());
        event_loop.destroy().unwrap();
    });
}

// F19, EV-LOOP-21. Fails if `Inbox::close` does not say that something is pending, or `Core::close`
// does not empty the inbox after that.
#[test]
fn stop_versus_destroy() {
    model(|| {
        let event_loop = loop_on(&Arc::new(Bell::new()));
        let (made, dropped) = (Arc::new(Count::new(0)), Arc::new(Count::new(0)));
        let remote = event_loop.remote();
        let threads = [(); 2].map(|()| {
            let (remote, counted) = (event_loop.remote(), Counted(Arc::clone(&dropped)));
            made.fetch_add(1, Ordering::Relaxed);
            thread::spawn(move || {
                let stop = remote.stop();
                assert!(matches!(stop, Ok(()) | Err(LoopError::Closed)));
                let call = remote.call_from_thread(move || drop(counted));
                assert!(matches!(call, Ok(_) | Err(LoopError::Closed)));
            })
        });
        event_loop.destroy().unwrap();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(dropped.load(Ordering::Relaxed), made.load(Ordering::Relaxed));
        assert!(remote.is_closed() && matches!(remote.stop(), Err(LoopError::Closed)));
    });
}

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

// F28. Fails if `Delivery` does not say that there is no result when it is dropped, or if
// `Pool::shut_down` does not tell those who wait for work, or leaves no word for those who come.
#[test]
fn pool_result_versus_shutdown() {
    model(|| {
        let event_loop = loop_on(&Arc::new(Bell::new()));
        let done = Arc::new(Bell::new());
        let waker = Waker::from(Arc::clone(&done));
        let mut job = event_loop.run_blocking(|| 7);
        assert!(poll(&mut job, &waker).is_pending());
        event_loop.turn(NOW).unwrap();
        event_loop.destroy().unwrap();
        done.wait();
        let result = poll(&mut job, &waker);
        assert!(matches!(result, Poll::Ready(Ok(7) | Err(BlockingError::LoopClosed))));
        assert_eq!(event_loop.metrics().blocking_jobs, 0);
    });
}

// EV-FUT-25. Fails if `Pool::end` does not tell those who wait for work, leaves no word for those who
// come, or has them leave what is queued.
#[test]
fn pool_end_versus_work() {
    model(|| {
        let event_loop = loop_on(&Arc::new(Bell::new()));
        let waker = Waker::from(Arc::new(Bell::new()));
        let pool = BlockingPool::new("pool", 1);
        let mut job = pool.run(&event_loop, || 7);
        pool.end(true);
        event_loop.turn(NOW).unwrap();
        assert!(matches!(poll(&mut job, &waker), Poll::Ready(Ok(7))));
        event_loop.destroy().unwrap();
    });
}
