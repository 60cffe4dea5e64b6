//! `Lock`: row EV-LOCK-10.

mod common;

use std::pin::pin;
use std::rc::Rc;

use common::{TestLoop, Trace, poll_once, polled, settle, virtual_loop};
use evergreen_sync::locks::{Lock, LockError};
use evergreen_task::{Task, spawn};
use evergreen_testing::must_not_suspend;

const FREE: &str = "Lock { is_locked: false, waiting: 0 }";
const LOCKED: &str = "Lock { is_locked: true, waiting: 0 }";

fn taker(lock: &Rc<Lock>, trace: &Trace, name: &'static str) -> Task<()> {
    let (lock, trace) = (Rc::clone(lock), trace.clone());
    spawn(async move {
        let _guard = lock.lock().await;
        trace.note(name);
        evergreen_task::yield_now().await;
    })
}

// EV-LOCK-10
#[test]
fn one_has_it_at_a_time_in_the_order_of_their_coming() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (lock, trace) = (Rc::new(Lock::new()), Trace::new());
        assert!(must_not_suspend(lock.acquire()).await);
        assert!(poll_once(&mut pin!(lock.acquire())).is_pending());
        let _tasks = ["a", "b", "c"].map(|name| taker(&lock, &trace, name));
        settle().await;
        trace.assert_eq([]);
        assert_eq!(lock.release(), Ok(()));
        assert!(!lock.try_acquire());
        settle().await;
        trace.assert_eq(["a", "b", "c"]);
        assert_eq!(format!("{lock:?}"), FREE);
    });
}

// EV-LOCK-10: "releasing an unlocked one must fail"
#[test]
fn one_that_is_not_locked_cannot_be_released() {
    let lock = Lock::new();
    assert_eq!(lock.release(), Err(LockError::NotLocked));
    assert_eq!(format!("{lock:?}"), FREE);
    assert!(lock.try_acquire());
    assert_eq!((lock.release(), lock.release()), (Ok(()), Err(LockError::NotLocked)));
    assert!(lock.try_acquire() && !lock.try_acquire());
    assert!(LockError::NotLocked.to_string().contains("once for each acquire"));
}

// EV-LOCK-10: "any task may release"
#[test]
fn another_task_or_a_callback_may_release_it() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let lock = Rc::new(Lock::new());
        assert!(lock.acquire().await);
        let other = Rc::clone(&lock);
        assert_eq!(spawn(async move { other.release() }).await.expect("done"), Ok(()));
        assert!(lock.acquire().await);
        let other = Rc::clone(&lock);
        event_loop.call_soon(move || other.release().expect("locked"));
        assert!(lock.acquire().await);
    });
}

// EV-LOCK-10, D-11, R-3
#[test]
fn a_limit_is_over_after_its_time_or_one_trip_or_never() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let lock = Rc::new(Lock::new());
        assert!(lock.acquire_timeout(0.0).await);
        let before = event_loop.time();
        assert!(!lock.acquire_timeout(5.0).await);
        assert_eq!((event_loop.time() - before).as_secs(), 5);
        assert!(!lock.acquire_timeout(0.0).await);
        let releases = [1.0, 3600.0].map(|delay| (delay, Rc::clone(&lock)));
        for (delay, lock) in releases {
            event_loop.call_later(delay, move || lock.release().expect("locked"));
        }
        assert!(lock.acquire_timeout(1.0).await);
        assert!(lock.acquire_timeout(-1.0).await);
        assert_eq!(format!("{lock:?}"), LOCKED);
    });
    event_loop.destroy().expect("not running");
}

// EV-LOCK-10, EV-LOCK-07
#[test]
fn what_a_killed_waiter_was_granted_goes_to_the_next_or_back() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (lock, trace) = (Rc::new(Lock::new()), Trace::new());
        assert!(lock.try_acquire());
        let [a, b] = ["a", "b"].map(|name| taker(&lock, &trace, name));
        settle().await;
        a.kill();
        assert_eq!(lock.release(), Ok(()));
        settle().await;
        trace.assert_eq(["b"]);
        b.await.expect("served");
        assert!(lock.try_acquire());
        let c = taker(&lock, &trace, "c");
        settle().await;
        c.kill();
        assert_eq!(lock.release(), Ok(()));
        assert!(c.await.is_err());
        assert_eq!(format!("{lock:?}"), FREE);
    });
}

// EV-LOCK-08, EV-LOCK-10
#[test]
fn a_guard_of_a_killed_task_releases_it() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let lock = Rc::new(Lock::new());
        let held = Rc::clone(&lock);
        let task = spawn(async move {
            let _guard = held.lock().await;
            std::future::pending::<()>().await;
        });
        settle().await;
        assert_eq!(format!("{lock:?}"), LOCKED);
        task.kill_and_wait().await.expect("started");
        assert_eq!(format!("{lock:?}"), FREE);
    });
}

// EV-LOCK-10: nobody's lock is released by a guard that has none any more.
#[test]
fn a_guard_whose_lock_was_released_does_nothing() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let lock = Lock::new();
        let guard = lock.try_lock().expect("free");
        assert_eq!(lock.release(), Ok(()));
        assert!(lock.try_lock().is_some() && lock.try_acquire() && lock.try_lock().is_none());
        drop(guard);
        assert_eq!(format!("{lock:?}"), LOCKED);
        assert_eq!(lock.release(), Ok(()));
        // The same for one that was granted it, and is gone.
        assert!(lock.try_acquire());
        {
            let mut granted = pin!(lock.acquire());
            assert!(polled(&mut granted).await.is_pending());
            assert_eq!((lock.release(), lock.release()), (Ok(()), Err(LockError::NotLocked)));
            assert!(!lock.try_acquire(), "it is owed");
        }
        assert!(lock.try_acquire());
    });
}
