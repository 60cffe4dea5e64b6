//! Wakes, remote tasks and destruction across threads.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Poll, Waker};
use std::thread;

use evergreen_loop::{EventLoop, LoopError};
use evergreen_task::{LoopTasks, RemoteTasks};

const THREADS: usize = 8;
const WAKES: usize = if cfg!(debug_assertions) { 5_000 } else { 100_000 };
const ROUNDS: usize = if cfg!(debug_assertions) { 200 } else { 1_000 };

/// One wake that is asked for and given, as a foreign thread and a task see it.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Bell {
    fn ring(&self) {
        self.rung.store(true, Ordering::SeqCst);
        if let Some(waker) = self.waker.lock().unwrap().take() {
            waker.wake();
        }
    }

    async fn heard(&self) {
        poll_fn(|cx| {
            *self.waker.lock().unwrap() = Some(cx.waker().clone());
            if self.rung.swap(false, Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

// D-4, D-10: 8 threads, each waking a task of its own again and again.
#[test]
fn every_wake_of_eight_threads_is_heard() {
    let event_loop = EventLoop::new().unwrap();
    let heard = Rc::new(Cell::new(0));
    let tasks: Vec<_> = (0..THREADS)
        .map(|_| {
            let (bell, echo) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
            let (ringing, echoing) = (Arc::clone(&bell), Arc::clone(&echo));
            let thread = thread::spawn(move || {
                for _ in 0..WAKES {
                    ringing.ring();
                    while !echoing.rung.swap(false, Ordering::SeqCst) {
                        thread::park();
                    }
                }
            });
            let owner = thread.thread().clone();
            let heard = Rc::clone(&heard);
            event_loop.spawn(async move {
                for _ in 0..WAKES {
                    bell.heard().await;
                    heard.set(heard.get() + 1);
                    echo.rung.store(true, Ordering::SeqCst);
                    owner.unpark();
                }
                thread.join().unwrap();
            })
        })
        .collect();
    event_loop.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(heard.get(), THREADS * WAKES);
}

/// Notes on which thread it is dropped.
struct Witness {
    home: thread::ThreadId,
    dropped_at_home: Arc<AtomicUsize>,
}

impl Drop for Witness {
    fn drop(&mut self) {
        let at_home = thread::current().id() == self.home;
        self.dropped_at_home.fetch_add(usize::from(at_home), Ordering::SeqCst);
    }
}

// F19, reliability 6.1: no future is dropped on a foreign thread, and destroy waits for none.
#[test]
fn wakes_from_eight_threads_race_with_destroy() {
    let dropped_at_home = Arc::new(AtomicUsize::new(0));
    for _ in 0..ROUNDS {
        let event_loop = EventLoop::new().unwrap();
        let start = Arc::new(Barrier::new(THREADS + 1));
        let mut threads = Vec::new();
        for _ in 0..THREADS {
            let bell = Arc::new(Bell::default());
            let (ringing, start) = (Arc::clone(&bell), Arc::clone(&start));
            let remote = event_loop.remote();
            let witness = Witness {
                home: thread::current().id(),
                dropped_at_home: Arc::clone(&dropped_at_home),
            };
            drop(event_loop.spawn(async move {
                let _witness = witness;
                loop {
                    bell.heard().await;
                }
            }));
            threads.push(thread::spawn(move || {
                start.wait();
                for _ in 0..20 {
                    ringing.ring();
                    let called = remote.call_from_thread(|| ());
                    assert!(matches!(called, Ok(_) | Err(LoopError::Closed)));
                    assert!(matches!(remote.stop(), Ok(()) | Err(LoopError::Closed)));
                }
            }));
        }
        event_loop.turn(Some(std::time::Duration::ZERO)).unwrap();
        start.wait();
        event_loop.destroy().unwrap();
        assert_eq!(event_loop.metrics().tasks, 0);
        for thread in threads {
            thread.join().unwrap();
        }
    }
    assert_eq!(dropped_at_home.load(Ordering::SeqCst), THREADS * ROUNDS);
}

// D-10, EV-LOOP-05: a remote task is accepted and ends, or is refused; awaiting it never hangs.
#[test]
fn remote_spawns_race_with_destroy() {
    for _ in 0..ROUNDS {
        let event_loop = EventLoop::new().unwrap();
        let start = Arc::new(Barrier::new(THREADS + 1));
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (remote, start) = (event_loop.remote(), Arc::clone(&start));
                thread::spawn(move || {
                    start.wait();
                    let tasks: Vec<_> =
                        (0..10).map(|n| remote.spawn_from_thread(async move { n })).collect();
                    let other = EventLoop::new().unwrap();
                    for (n, task) in tasks.into_iter().enumerate() {
                        match task.map(|task| other.block_on(task)) {
                            Ok(Ok(output)) => assert_eq!(output, n),
                            Ok(Err(error)) => assert!(error.is_exit()),
                            Err(error) => assert!(matches!(error, LoopError::Closed)),
                        }
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
}

// what a remote task gives back can be awaited on yet another loop.
#[test]
fn a_remote_task_is_awaited_on_another_loop() {
    let event_loop = EventLoop::new().unwrap();
    let remote = event_loop.remote();
    let asker = thread::spawn(move || {
        let task = remote.spawn_from_thread(async { 6 * 7 }).unwrap();
        let output = evergreen_loop::block_on(task).unwrap();
        remote.stop().unwrap();
        output
    });
    event_loop.run_forever().unwrap();
    assert_eq!(asker.join().unwrap(), 42);
}
