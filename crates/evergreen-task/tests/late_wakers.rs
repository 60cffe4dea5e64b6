//! Wakers that are kept longer than what they wake: no effect, and no memory but their own.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use common::{TestLoop, Trace};
use evergreen_loop::{EventLoop, LoopError};
use evergreen_task::{LoopTasks, spawn};

const THREADS: usize = 8;
const ROUNDS: usize = if cfg!(debug_assertions) { 100 } else { 1_000 };

/// Parks, and gives its waker away.
async fn give_waker(to: Rc<RefCell<Option<Waker>>>, polls: Rc<Cell<usize>>) {
    poll_fn(|cx| {
        polls.set(polls.get() + 1);
        *to.borrow_mut() = Some(cx.waker().clone());
        Poll::<()>::Pending
    })
    .await;
}

// F18
#[test]
fn a_waker_kept_beyond_its_task_does_nothing() {
    let event_loop = TestLoop::new();
    let (slot, polls) = (Rc::default(), Rc::default());
    let task = spawn(give_waker(Rc::clone(&slot), Rc::clone(&polls)));
    event_loop.run().unwrap();
    let waker = slot.take().expect("the task has parked");
    task.kill();
    event_loop.run_until(evergreen_task::yield_now()).unwrap();
    assert!(task.is_finished());
    let clones: Vec<Waker> = (0..1000).map(|_| waker.clone()).collect();
    clones.iter().for_each(Waker::wake_by_ref);
    clones.into_iter().for_each(Waker::wake);
    assert_eq!((event_loop.metrics().queued, polls.get()), (0, 1));
    // The future is gone with the task, not with the last waker.
    assert_eq!((Rc::strong_count(&polls), Rc::strong_count(&slot)), (1, 1));
}

// F18
#[test]
fn a_waker_kept_beyond_its_loop_does_nothing_on_any_thread() {
    let event_loop = TestLoop::new();
    let (slot, polls) = (Rc::default(), Rc::default());
    let task = spawn(give_waker(Rc::clone(&slot), Rc::clone(&polls)));
    event_loop.run().unwrap();
    let waker = slot.take().expect("the task has parked");
    event_loop.destroy().unwrap();
    waker.wake_by_ref();
    let threads = [(); 4].map(|()| {
        let clones: Vec<Waker> = (0..1000).map(|_| waker.clone()).collect();
        thread::spawn(move || clones.into_iter().for_each(Waker::wake))
    });
    drop((task, event_loop));
    waker.wake();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((polls.get(), Rc::strong_count(&polls)), (1, 1));
}

// F18
#[test]
fn a_waker_that_is_never_dropped_does_not_keep_the_future() {
    // As good as forgotten, but a tool that looks for leaks can tell where its memory is.
    static NEVER_DROPPED: Mutex<Vec<Waker>> = Mutex::new(Vec::new());
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let guard = trace.on_drop("future dropped");
    let task = spawn(async move {
        let _guard = guard;
        poll_fn(|cx| {
            NEVER_DROPPED.lock().unwrap().push(cx.waker().clone());
            Poll::<()>::Pending
        })
        .await;
    });
    event_loop.run().unwrap();
    drop(task);
    event_loop.destroy().unwrap();
    assert_eq!(trace.take(), ["future dropped"]);
    NEVER_DROPPED.lock().unwrap().iter().for_each(Waker::wake_by_ref);
}

// F18: a waker of a task that has not ended is woken on another thread, again and again.
#[test]
fn a_waker_cloned_a_thousand_times_wakes_its_task_once_per_turn() {
    let event_loop = TestLoop::new();
    let (slot, polls) = (Rc::default(), Rc::default());
    let task = spawn(give_waker(Rc::clone(&slot), Rc::clone(&polls)));
    event_loop.run().unwrap();
    let waker = slot.take().expect("the task has parked");
    let clones: Vec<Waker> = (0..1000).map(|_| waker.clone()).collect();
    thread::spawn(move || clones.into_iter().for_each(Waker::wake)).join().unwrap();
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    assert_eq!(polls.get(), 2);
    assert!(!task.is_finished());
}

// F26
#[test]
fn a_waker_outlives_the_thread_of_its_task() {
    let thread = thread::spawn(|| {
        let event_loop = EventLoop::new().unwrap();
        let slot = Rc::default();
        drop(spawn(give_waker(Rc::clone(&slot), Rc::default())));
        event_loop.turn(Some(Duration::ZERO)).unwrap();
        slot.take().expect("the task has parked")
    });
    let waker: Waker = thread.join().unwrap();
    waker.wake_by_ref();
    thread::spawn(move || waker.wake()).join().unwrap();
}

/// Counts how often it is dropped, and how often on the thread where that is right.
#[derive(Clone)]
struct Drops {
    right: ThreadId,
    all: Arc<AtomicUsize>,
    rightly: Arc<AtomicUsize>,
}

impl Drops {
    fn on_this_thread() -> Self {
        let (all, rightly) = Default::default();
        Self { right: thread::current().id(), all, rightly }
    }

    fn witness(&self) -> Witness {
        Witness(self.clone())
    }

    /// All, and those where it was right.
    fn counts(&self) -> (usize, usize) {
        (self.all.load(Ordering::SeqCst), self.rightly.load(Ordering::SeqCst))
    }
}

struct Witness(Drops);

impl Drop for Witness {
    fn drop(&mut self) {
        let rightly = thread::current().id() == self.0.right;
        self.0.all.fetch_add(1, Ordering::SeqCst);
        self.0.rightly.fetch_add(usize::from(rightly), Ordering::SeqCst);
    }
}

/// Parks a task on the loop for each thread, and gives their wakers.
fn parked(event_loop: &EventLoop, futures: &Drops) -> Vec<Waker> {
    let wakers: Rc<RefCell<Vec<Waker>>> = Rc::default();
    for _ in 0..THREADS {
        let (witness, wakers) = (futures.witness(), Rc::clone(&wakers));
        drop(event_loop.spawn(async move {
            let _witness = witness;
            poll_fn(|cx| {
                wakers.borrow_mut().push(cx.waker().clone());
                Poll::Ready(())
            })
            .await;
            pending::<()>().await;
        }));
    }
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    wakers.take()
}

// F18, F19: each thread wakes every task with one clone, and drops another.
#[test]
fn wakers_that_go_on_other_threads_while_destroy_runs_take_no_future_along() {
    let futures = Drops::on_this_thread();
    for round in 1..=ROUNDS {
        let event_loop = EventLoop::new().unwrap();
        let wakers = parked(&event_loop, &futures);
        let start = Barrier::new(THREADS + 1);
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (mut wakers, start) = (wakers.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    wakers.rotate_left(thread);
                    wakers.clone().into_iter().for_each(Waker::wake);
                    drop(wakers);
                });
            }
            drop(wakers);
            start.wait();
            event_loop.destroy().unwrap();
            assert_eq!(futures.counts(), (round * THREADS, round * THREADS));
        });
        assert_eq!(futures.counts().0, round * THREADS);
    }
}

// F19: what a call holds is dropped on the loop's thread if the call was taken, and on the caller's
// if it was refused; a wake or a stop beside it changes nothing.
#[test]
fn calls_are_taken_or_refused_while_destroy_runs_and_nothing_between() {
    const CALLS: usize = 20;
    for _ in 0..ROUNDS {
        let event_loop = EventLoop::new().unwrap();
        let (futures, taken) = (Drops::on_this_thread(), Drops::on_this_thread());
        let wakers = parked(&event_loop, &futures);
        let start = Barrier::new(THREADS + 1);
        let accepted: usize = thread::scope(|scope| {
            let call = |waker: Waker| {
                let (remote, taken, start) = (event_loop.remote(), taken.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    let mut accepted = 0;
                    for _ in 0..CALLS {
                        waker.wake_by_ref();
                        let witness = taken.witness();
                        let called = remote.call_from_thread(move || drop(witness));
                        assert!(matches!(called, Ok(_) | Err(LoopError::Closed)));
                        assert!(matches!(remote.stop(), Ok(()) | Err(LoopError::Closed)));
                        accepted += usize::from(called.is_ok());
                    }
                    accepted
                })
            };
            let threads: Vec<_> = wakers.into_iter().map(call).collect();
            start.wait();
            event_loop.destroy().unwrap();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(taken.counts(), (THREADS * CALLS, accepted));
        assert_eq!(futures.counts(), (THREADS, THREADS));
    }
}
