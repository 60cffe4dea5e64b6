//! Races of tasks as models: loom runs each in every order in which its threads may meet.
//!
//! Loop, inbox and tasks are the real ones. loom does not look into `async-task`, whose every call
//! is one step here; that such a step touches the task is told it by `Seen::touch`. A wake-up that is
//! lost leaves the loop asleep for ever, which loom reports as a deadlock.
//! Run by `scripts/loom`.
#![cfg(evergreen_loom)]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize as Count, Ordering};
use std::sync::{Arc, Mutex as Quiet};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use evergreen_loop::EventLoop;
use evergreen_loop::seam::{Bell, ModelSelector};
use evergreen_task::{JoinError, LoopTasks, RemoteTask, RemoteTasks, catch_kill};
use loom::sync::atomic::AtomicUsize as Word;
use loom::thread;

/// Runs a model on a thread with stack enough for a loop; loom's own have 32 KiB.
fn model(f: fn()) {
    const WORDS: usize = 1 << 16;
    loom::model(move || {
        let home = thread::Builder::new().stack_size(WORDS).spawn(f).unwrap();
        home.join().unwrap();
    });
}

fn new_loop() -> EventLoop {
    EventLoop::builder().selector(ModelSelector(Arc::new(Bell::new()))).build().unwrap()
}

const NOW: Option<Duration> = Some(Duration::ZERO);

/// What is known of a task that never ends by itself.
#[derive(Clone)]
struct Seen {
    home: thread::ThreadId,
    polls: Arc<Count>,
    dropped_at_home: Arc<Count>,
    waker: Arc<Quiet<Option<Waker>>>,
    /// Stands for the word in which `async-task` keeps the state of the task.
    word: Arc<Word>,
}

impl Seen {
    fn new() -> Self {
        let (polls, dropped_at_home, waker) = Default::default();
        let word = Arc::new(Word::new(0));
        Self { home: thread::current().id(), polls, dropped_at_home, waker, word }
    }

    /// A future that parks at every poll, and counts when it is dropped on this thread.
    fn waiting(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut witness = Witness(self.clone());
        poll_fn(move |cx| {
            let seen = &mut witness.0;
            seen.touch();
            seen.polls.fetch_add(1, Ordering::Relaxed);
            *seen.waker.lock().unwrap() = Some(cx.waker().clone());
            Poll::Pending
        })
    }

    /// Before a step that changes the task's state.
    fn touch(&self) {
        self.word.fetch_add(1, Ordering::AcqRel);
    }

    /// Wakes the task on another thread.
    fn wake(&self, waker: Waker) -> thread::JoinHandle<()> {
        let seen = self.clone();
        thread::spawn(move || {
            seen.touch();
            waker.wake();
        })
    }

    fn take_waker(&self) -> Waker {
        self.waker.lock().unwrap().take().unwrap()
    }

    fn drops(&self) -> usize {
        self.dropped_at_home.load(Ordering::Relaxed)
    }

    fn polls(&self) -> usize {
        self.polls.load(Ordering::Relaxed)
    }
}

struct Witness(Seen);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.touch();
        let at_home = thread::current().id() == self.0.home;
        self.0.dropped_at_home.fetch_add(usize::from(at_home), Ordering::Relaxed);
    }
}

/// Kills the task on another thread.
fn kill<T: Send + 'static>(task: RemoteTask<T>) -> thread::JoinHandle<RemoteTask<T>> {
    thread::spawn(move || {
        task.kill().unwrap();
        task
    })
}

fn output<T>(mut task: RemoteTask<T>) -> Poll<Result<T, JoinError>> {
    Pin::new(&mut task).poll(&mut Context::from_waker(Waker::noop()))
}

fn assert_killed(task: RemoteTask<()>) {
    assert!(matches!(output(task), Poll::Ready(Err(JoinError::Killed))));
}

// D-8, EV-TASK-11. Fails if the kill of a parked task is a mark alone, which a turn may have passed
// by; if its entry does not mark the task; or if a task that is queued is not run.
#[test]
fn wake_versus_kill() {
    model(|| {
        let (event_loop, seen) = (new_loop(), Seen::new());
        let task = event_loop.remote().spawn_from_thread(seen.waiting()).unwrap();
        event_loop.turn(NOW).unwrap();
        let waker = seen.take_waker();
        let waking = seen.wake(waker);
        let killing = kill(task);
        while seen.drops() == 0 {
            event_loop.turn(None).unwrap();
        }
        waking.join().unwrap();
        assert_killed(killing.join().unwrap());
        assert!(seen.polls() <= 2 && seen.drops() == 1);
        event_loop.destroy().unwrap();
    });
}

// D-8. Fails if a task that seems to have had no turn is marked and nothing more.
#[test]
fn first_turn_versus_kill() {
    model(|| {
        let (event_loop, seen) = (new_loop(), Seen::new());
        let task = event_loop.remote().spawn_from_thread(seen.waiting()).unwrap();
        let killing = kill(task);
        while seen.drops() == 0 {
            event_loop.turn(None).unwrap();
        }
        assert_killed(killing.join().unwrap());
        assert!(seen.polls() <= 1 && seen.drops() == 1);
        event_loop.destroy().unwrap();
    });
}

// D-8, EV-TASK-09. Fails if a task that seemed to have had no turn is ended where it waits in a scope.
#[test]
fn first_turn_in_a_scope_versus_kill() {
    model(|| {
        let (event_loop, seen) = (new_loop(), Seen::new());
        let inside = seen.waiting();
        let future = async move { catch_kill(inside).await.is_err() };
        let killing = kill(event_loop.remote().spawn_from_thread(future).unwrap());
        while seen.drops() == 0 {
            event_loop.turn(None).unwrap();
        }
        match output(killing.join().unwrap()) {
            Poll::Ready(Ok(caught)) => assert!(caught),
            Poll::Ready(Err(JoinError::Killed)) => assert_eq!(seen.polls(), 0),
            other => panic!("{other:?}"),
        }
        event_loop.destroy().unwrap();
    });
}

// F19, reliability 6.1. Fails if `Core::close` does not wait for a task that was marked as woken
// and is not in the inbox yet, if it waits without falling asleep or without another look, or if the
// inbox is closed first.
#[test]
fn wake_versus_destroy() {
    model(|| {
        let (event_loop, tasks) = (new_loop(), [Seen::new(), Seen::new()]);
        let not_send = Rc::new(());
        for seen in &tasks {
            let (held, waiting) = (Rc::clone(&not_send), seen.waiting());
            drop(event_loop.spawn(async move {
                waiting.await;
                drop(held);
            }));
        }
        event_loop.turn(NOW).unwrap();
        let threads = tasks.each_ref().map(|seen| seen.wake(seen.take_waker()));
        tasks.iter().for_each(Seen::touch);
        event_loop.destroy().unwrap();
        assert_eq!(tasks.each_ref().map(Seen::drops), [1, 1]);
        assert_eq!(Rc::strong_count(&not_send), 1);
        assert_eq!((event_loop.metrics().tasks, event_loop.metrics().queued), (0, 0));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(tasks.each_ref().map(|seen| (seen.drops(), seen.polls())), [(1, 1); 2]);
    });
}
