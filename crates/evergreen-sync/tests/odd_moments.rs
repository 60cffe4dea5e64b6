//! What wakers, destructors and other futures of the same task do at odd moments.

mod common;

use std::cell::Cell;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use common::{TestLoop, Trace, poll_once, polled, settle, virtual_loop};
use evergreen_sync::channel::Channel;
use evergreen_sync::futures::{as_completed, promise};
use evergreen_sync::locks::{BoundedSemaphore, Condition, Lock, LockError, RLock, Semaphore};
use evergreen_sync::queue::Queue;
use evergreen_sync::{Event, oneshot};
use evergreen_task::{join, sleep, spawn, yield_now};
use futures_sink::Sink;

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

fn poll_with<F: Future + ?Sized>(waker: &Waker, future: Pin<&mut F>) -> bool {
    future.poll(&mut Context::from_waker(waker)).is_ready()
}

// EV-EVT-02: "wakes all waiters"
#[test]
fn a_waker_that_panics_stands_in_nobodys_way() {
    let event_loop = TestLoop::new();
    let errors = Trace::new().of_errors(&event_loop);
    event_loop.block_on(async {
        let (event, waker) = (Event::new(), Waker::from(Arc::new(Panics)));
        let mut first = pin!(event.wait());
        let mut second = pin!(event.wait());
        assert!(!poll_with(&waker, first.as_mut()));
        assert!(polled(&mut second).await.is_pending());
        event.set();
        assert!(second.await);
        let (promise, job) = promise();
        let mut completed = as_completed(std::slice::from_ref(&job));
        let mut next = pin!(completed.next());
        assert!(!poll_with(&waker, next.as_mut()));
        promise.set_result(1).expect("not cancelled");
        assert_eq!(job.get().await.expect("kept"), 1);
    });
    assert_eq!(errors.take().len(), 2);
}

type Again = Pin<Box<dyn Future<Output = bool>>>;

thread_local! {
    static EVENT: Rc<Event> = Rc::new(Event::new());
    static AGAIN: Cell<Option<Again>> = const { Cell::new(None) };
}

/// Looks whether the event is set, clears it, and waits again.
struct WaitsAgain;

impl Wake for WaitsAgain {
    fn wake(self: Arc<Self>) {
        let event = EVENT.with(Rc::clone);
        assert!(event.is_set());
        event.clear();
        let mut again: Again = Box::pin(async move { event.wait().await });
        assert!(!poll_with(Waker::noop(), again.as_mut()));
        AGAIN.set(Some(again));
    }
}

// EV-EVT-02, EV-EVT-06: "wakes all waiters", and those alone.
#[test]
fn whoever_comes_by_a_wake_up_waits_for_the_next_time() {
    let event = EVENT.with(Rc::clone);
    let waker = Waker::from(Arc::new(WaitsAgain));
    let mut waits = pin!(event.wait());
    assert!(!poll_with(&waker, waits.as_mut()));
    event.set();
    assert!(poll_with(Waker::noop(), waits.as_mut()));
    assert!(format!("{event:?}").contains("waiting: 1"), "{event:?}");
    drop(AGAIN.take());
}

// EV-LOCK-10: "releasing an unlocked one must fail"
#[test]
fn a_lock_that_is_owed_cannot_be_released_again() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let lock = Rc::new(Lock::new());
        assert!(lock.acquire().await);
        let inside = Trace::new();
        let _tasks = ["a", "b"].map(|name| {
            let (lock, inside) = (Rc::clone(&lock), inside.clone());
            spawn(async move {
                let _guard = lock.lock().await;
                inside.note(name);
                pending::<()>().await;
            })
        });
        settle().await;
        assert_eq!((lock.release(), lock.release()), (Ok(()), Err(LockError::NotLocked)));
        settle().await;
        inside.assert_eq(["a"]);
    });
}

// EV-LOCK-11, R-8: "the owner re-enters at once", also one that had to wait.
#[test]
fn futures_of_one_task_enter_an_rlock_together_also_if_another_had_it() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (lock, met) = (Rc::new(RLock::new()), Event::new());
        let held = Rc::clone(&lock);
        let other = spawn(async move {
            let _guard = held.lock().await;
            yield_now().await;
            yield_now().await;
        });
        yield_now().await;
        let waits = async {
            let _guard = lock.lock().await;
            met.wait().await;
        };
        let sets = async {
            let _guard = lock.lock().await;
            met.set();
        };
        join!(waits, sets);
        other.await.expect("done");
        assert!(format!("{lock:?}").contains("level: 0"), "{lock:?}");
    });
}

// EV-LOCK-11: "others park, then own it"
#[test]
fn an_rlock_is_owned_by_who_comes_in_whoever_has_waited() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let lock = Rc::new(RLock::new());
        assert!(lock.acquire().await);
        let (waits, ends) = (Rc::clone(&lock), Rc::clone(&lock));
        let mut waits = Box::pin(async move { waits.acquire().await });
        // A callback polls it first, and a task has it in the end.
        let moved = Rc::new(Cell::new(None));
        let moves = Rc::clone(&moved);
        event_loop.call_soon(move || {
            assert!(poll_once(&mut waits).is_pending());
            moves.set(Some(waits));
        });
        yield_now().await;
        let waits = moved.take().expect("the callback has run");
        let task = spawn(async move { waits.await && ends.release().is_ok() });
        settle().await;
        lock.release().expect("ours");
        assert!(task.await.expect("done"));
        assert!(lock.try_acquire(), "{lock:?}");
    });
}

// EV-LOCK-18, EV-LOCK-19, R-8
#[test]
fn a_guard_that_ends_while_its_lock_is_away_counts() {
    for kind in ["RLock", "Lock", "Semaphore", "BoundedSemaphore"] {
        let event_loop = virtual_loop();
        event_loop.block_on(async {
            let condition = Rc::new(match kind {
                "RLock" => Condition::new(),
                "Lock" => Condition::with_lock(Rc::new(Lock::new())),
                "Semaphore" => Condition::with_lock(Rc::new(Semaphore::new(1).expect("one"))),
                _ => Condition::with_lock(Rc::new(BoundedSemaphore::new(1).expect("one"))),
            });
            let guard = condition.lock().await;
            let mut waits = Box::pin(condition.wait_timeout(5.0));
            assert!(polled(&mut waits).await.is_pending());
            drop(guard);
            assert_eq!(waits.await, Ok(false));
            let other = Rc::clone(&condition);
            assert!(
                spawn(async move { other.try_acquire() }).await.expect("done"),
                "{condition:?}"
            );
        });
        event_loop.destroy().expect("not running");
    }
}

// The same, with two futures of one task that share the lock.
#[test]
fn a_level_that_ends_while_the_lock_is_away_does_not_come_back() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let condition = Rc::new(Condition::new());
        let waits = async {
            let _guard = condition.lock().await;
            yield_now().await;
            assert_eq!(condition.wait_timeout(5.0).await, Ok(false));
        };
        let sleeps = async {
            let _guard = condition.lock().await;
            sleep(1.0).await;
        };
        join!(waits, sleeps);
        let other = Rc::clone(&condition);
        assert!(spawn(async move { other.try_acquire() }).await.expect("done"), "{condition:?}");
    });
    event_loop.destroy().expect("not running");
}

// The same, where the other enters in the moment that the lock comes back.
#[test]
fn a_level_that_is_entered_as_the_lock_comes_back_stays() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let condition = Rc::new(Condition::new());
        let guard = condition.lock().await;
        let mut waits = Box::pin(condition.wait());
        assert!(polled(&mut waits).await.is_pending());
        let tells = Rc::clone(&condition);
        let told = spawn(async move {
            let _guard = tells.lock().await;
            tells.notify(1).expect("ours");
            yield_now().await;
            yield_now().await;
        });
        yield_now().await;
        assert!(polled(&mut waits).await.is_pending(), "it is told, and waits for the lock");
        told.await.expect("done");
        // It is ours again, and we have not come; another of our futures comes first.
        let second = condition.lock().await;
        assert_eq!(waits.await, Ok(true));
        drop(guard);
        let tries = |condition: &Rc<Condition>| {
            let condition = Rc::clone(condition);
            spawn(async move { condition.try_acquire() })
        };
        assert!(!tries(&condition).await.expect("done"), "{condition:?}");
        drop(second);
        assert!(tries(&condition).await.expect("done"), "{condition:?}");
    });
}

// EV-CHAN-03: "in arrival order", whichever task has its turn first.
#[test]
fn the_first_receiver_has_the_first_value() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (channel, poke, trace) = (Channel::<i32>::new(), Rc::new(Event::new()), Trace::new());
        let first = (channel.clone(), trace.clone());
        let _first =
            spawn(async move { first.1.note(format!("1: {:?}", first.0.receive().await.ok())) });
        let (second, poked, noted) = (channel.clone(), Rc::clone(&poke), trace.clone());
        let _second = spawn(async move {
            let (value, _) = join!(second.receive(), poked.wait());
            noted.note(format!("2: {:?}", value.ok()));
        });
        settle().await;
        // The second task is queued before anything is sent.
        poke.set();
        let sends = channel.clone();
        let mut one = Box::pin(async move { sends.send(1).await });
        let mut two = Box::pin(async move { channel.send(2).await });
        assert!(poll_once(&mut one).is_pending() && poll_once(&mut two).is_pending());
        settle().await;
        let mut told = trace.take();
        told.sort();
        assert_eq!(told, ["1: Some(1)", "2: Some(2)"]);
    });
}

// EV-QUE-02: what was sent to a sink while there was no room comes in when there is some.
#[test]
fn an_item_in_a_sink_finds_the_room_that_came_meanwhile() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let queue = Queue::new(1);
        queue.put_nowait(1).expect("room");
        let mut sink = pin!(queue.sink());
        sink.as_mut().start_send(2).expect("it waits in the sink");
        assert_eq!(queue.get().await, 1);
        let mut next = pin!(queue.get());
        assert!(polled(&mut next).await.is_pending());
        std::future::poll_fn(|cx| sink.as_mut().poll_flush(cx)).await.expect("in");
        assert_eq!(next.await, 2);
    });
}

#[test]
fn nobody_wakes_himself_by_sending() {
    struct Counts(std::sync::atomic::AtomicUsize);
    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
    let counts = Arc::new(Counts(0.into()));
    let waker = Waker::from(Arc::clone(&counts));
    let (mut sender, receiver) = oneshot::channel();
    {
        let mut closed = pin!(sender.closed());
        assert!(!poll_with(&waker, closed.as_mut()));
    }
    sender.send(1).expect("open");
    drop(receiver);
    assert_eq!(counts.0.load(std::sync::atomic::Ordering::Relaxed), 0);
}

// EV-FUT-02: cancelled stays cancelled.
#[test]
fn an_error_whose_conversion_cancels_the_job_does_not_finish_it() {
    struct Cancels(evergreen_sync::futures::Job<i32>);
    impl From<Cancels> for Box<dyn std::error::Error + Send + Sync> {
        fn from(cancels: Cancels) -> Self {
            assert!(cancels.0.cancel());
            "too late".into()
        }
    }
    let (promise, job) = promise();
    promise.set_error(Cancels(job.clone())).ok();
    assert!(job.is_cancelled(), "{job:?}");
}
