//! `RLock`, where who waits for it or has it ends: rows EV-LOCK-13 and EV-LOCK-14, and its guards.

mod common;
#[path = "common/rlocks.rs"]
mod rlocks;

use std::pin::pin;
use std::rc::Rc;

use common::{OnDrop, TestLoop, Trace, polled, settle};
use evergreen_sync::locks::{LockError, RLock};
use evergreen_task::spawn;
use rlocks::{FREE, keeper, taker};

// EV-LOCK-13, D-12: from the last level it goes to one, and on to the next if that one is gone.
#[test]
fn what_a_killed_waiter_was_granted_goes_to_the_next_or_back() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (lock, trace) = (Rc::new(RLock::new()), Trace::new());
        assert!(lock.acquire().await);
        let [a, b] = ["a", "b"].map(|name| taker(&lock, &trace, name));
        settle().await;
        a.kill();
        assert_eq!(lock.release(), Ok(()));
        b.await.expect("served");
        trace.assert_eq(["b"]);
        assert!(lock.acquire().await);
        let c = taker(&lock, &trace, "c");
        settle().await;
        c.kill();
        assert_eq!(lock.release(), Ok(()));
        assert!(c.await.is_err());
        assert_eq!(format!("{lock:?}"), FREE);
    });
}

// D-12, R-8: one future of the owner is gone with what it was granted, another has entered since.
#[test]
fn what_a_dropped_wait_was_granted_is_one_level() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let lock = Rc::new(RLock::new());
        let keeper = keeper(&lock, 1);
        settle().await;
        {
            let mut granted = pin!(lock.acquire());
            assert!(polled(&mut granted).await.is_pending());
            keeper.kill_and_wait().await.expect("started");
            assert!(lock.try_acquire());
        }
        assert_eq!(format!("{lock:?}"), "RLock { owner: Some(Main), level: 1, waiting: 0 }");
    });
}

// EV-LOCK-14
#[test]
fn it_stays_locked_if_its_owner_ends_without_releasing_it() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let lock = Rc::new(RLock::new());
        let ends = Rc::clone(&lock);
        spawn(async move { assert!(ends.acquire().await) }).await.expect("done");
        assert!(!lock.try_acquire());
        assert!(!lock.acquire_timeout(0.0).await);
        assert_eq!(lock.release(), Err(LockError::NotOwner));
    });
}

// EV-LOCK-13, EV-LOCK-14: the destructors of a task are its own.
#[test]
fn a_destructor_of_the_owner_may_release_it() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let lock = Rc::new(RLock::new());
        let held = Rc::clone(&lock);
        let task = spawn(async move {
            assert!(held.acquire().await);
            let _releases = OnDrop::new(|| assert_eq!(held.release(), Ok(())));
            std::future::pending::<()>().await;
        });
        settle().await;
        task.kill_and_wait().await.expect("started");
        assert_eq!(format!("{lock:?}"), FREE);
    });
}

// "drop releases on the owner's behalf and does nothing if the epoch is stale"
#[test]
fn a_guard_releases_for_its_owner_once() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let lock = Rc::new(RLock::new());
        let guards = [lock.lock().await, lock.try_lock().expect("ours")];
        let keeper = keeper(&lock, 1);
        settle().await;
        assert_eq!((lock.release(), lock.release()), (Ok(()), Ok(())));
        settle().await;
        let before = format!("{lock:?}");
        assert!(before.contains("level: 1"));
        drop(guards);
        assert_eq!(format!("{lock:?}"), before);
        keeper.kill_and_wait().await.expect("started");
    });
}

// "on the owner's behalf"
#[test]
fn a_guard_may_be_dropped_by_another_than_its_owner() {
    let event_loop = TestLoop::new();
    let lock = RLock::new();
    let guard = lock.try_lock().expect("free");
    event_loop.block_on(async {
        assert!(!lock.try_acquire());
        drop(guard);
        assert_eq!(format!("{lock:?}"), FREE);
    });
}
