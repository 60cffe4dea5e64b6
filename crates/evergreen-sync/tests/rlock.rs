//! `RLock`: rows EV-LOCK-11 to EV-LOCK-13.

mod common;
#[path = "common/rlocks.rs"]
mod rlocks;

use std::pin::pin;
use std::rc::Rc;

use common::{TestLoop, Trace, settle, virtual_loop};
use evergreen_sync::locks::{LockError, RLock};
use evergreen_task::spawn;
use evergreen_testing::must_not_suspend;
use rlocks::{FREE, keeper, taker};

// EV-LOCK-11
#[test]
fn its_owner_enters_again_at_once_and_others_wait_in_order() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (lock, trace) = (Rc::new(RLock::new()), Trace::new());
        assert!(must_not_suspend(lock.acquire()).await);
        assert!(must_not_suspend(lock.acquire()).await);
        assert!(must_not_suspend(lock.acquire_timeout(0.0)).await);
        let _tasks = ["a", "b", "c"].map(|name| taker(&lock, &trace, name));
        settle().await;
        assert_eq!(format!("{lock:?}"), "RLock { owner: Some(Main), level: 3, waiting: 3 }");
        lock.release().expect("ours");
        lock.release().expect("ours");
        settle().await;
        trace.assert_eq([]);
        lock.release().expect("ours");
        settle().await;
        trace.assert_eq(["a", "b", "c"]);
        assert_eq!(format!("{lock:?}"), FREE);
    });
}

// EV-LOCK-11: "others park, then own it at level one"
#[test]
fn who_has_waited_owns_it_at_level_one() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let lock = Rc::new(RLock::new());
        assert!(lock.acquire().await && lock.acquire().await);
        let waits = Rc::clone(&lock);
        let task = spawn(async move {
            assert!(waits.acquire().await);
            (waits.release(), waits.release())
        });
        settle().await;
        assert_eq!((lock.release(), lock.release()), (Ok(()), Ok(())));
        assert_eq!(lock.release(), Err(LockError::NotOwner));
        assert_eq!(task.await.expect("done"), (Ok(()), Err(LockError::NotOwner)));
        assert_eq!(format!("{lock:?}"), FREE);
    });
}

// EV-LOCK-11: "the loop context and block_on each count as one identity"
#[test]
fn tasks_callbacks_and_the_main_future_are_different_owners() {
    let event_loop = TestLoop::new();
    let lock = Rc::new(RLock::new());
    let seen = Trace::new();
    event_loop.block_on(async {
        assert!(lock.acquire().await);
        let called = Rc::clone(&lock);
        let note = seen.clone();
        event_loop.call_soon(move || note.note(called.try_acquire()));
        let asked = Rc::clone(&lock);
        assert!(!spawn(async move { asked.try_acquire() }).await.expect("done"));
        seen.assert_eq(["false"]);
        assert_eq!(lock.release(), Ok(()));
        // One callback takes it, another enters again; nobody else may.
        for lock in [Rc::clone(&lock), Rc::clone(&lock)] {
            event_loop.call_soon(move || assert!(lock.try_acquire()));
        }
        settle().await;
        assert_eq!(format!("{lock:?}"), "RLock { owner: Some(Loop), level: 2, waiting: 0 }");
        assert!(!lock.try_acquire());
        assert_eq!(lock.release(), Err(LockError::NotOwner));
    });
    // What is outside of the loop counts as callbacks do.
    assert_eq!((lock.release(), lock.release()), (Ok(()), Ok(())));
    assert!(event_loop.block_on(lock.acquire()));
    event_loop.block_on(async { assert_eq!(lock.release(), Ok(())) });
    assert_eq!(format!("{lock:?}"), FREE);
}

// EV-LOCK-11, R-8: "futures polled inside one task share its ownership"
#[test]
fn futures_side_by_side_are_one_owner() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let lock = Rc::new(RLock::new());
        let task = spawn(async move {
            let mut outer = pin!(lock.lock());
            let guard = must_not_suspend(outer.as_mut()).await;
            let other = must_not_suspend(lock.lock()).await;
            drop(guard);
            assert!(format!("{lock:?}").contains("level: 1"));
            drop(other);
            format!("{lock:?}")
        });
        assert_eq!(task.await.expect("done"), FREE);
    });
}

// EV-LOCK-12, D-11
#[test]
fn others_do_not_get_it_without_waiting_nor_within_their_time() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let lock = Rc::new(RLock::new());
        let keeper = keeper(&lock, 2);
        settle().await;
        assert!(!lock.try_acquire());
        let before = event_loop.time();
        assert!(!lock.acquire_timeout(5.0).await);
        assert_eq!((event_loop.time() - before).as_secs(), 5);
        assert!(!lock.acquire_timeout(0.0).await);
        event_loop.call_later(3600.0, move || keeper.kill());
        assert!(lock.acquire_timeout(-1.0).await);
        assert!(lock.try_acquire());
    });
    event_loop.destroy().expect("not running");
}

// EV-LOCK-12, EV-LOCK-06: it is the next one's from the release on.
#[test]
fn nobody_takes_it_while_it_is_owed() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (lock, trace) = (Rc::new(RLock::new()), Trace::new());
        assert!(lock.acquire().await);
        let _task = taker(&lock, &trace, "first");
        settle().await;
        assert_eq!(lock.release(), Ok(()));
        assert!(!lock.try_acquire());
        assert_eq!(lock.release(), Err(LockError::NotOwner));
        assert!(lock.acquire().await);
        trace.assert_eq(["first"]);
    });
}

// EV-LOCK-13
#[test]
fn only_its_owner_may_release_it() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let lock = Rc::new(RLock::new());
        assert_eq!(lock.release(), Err(LockError::NotOwner));
        assert_eq!(format!("{lock:?}"), FREE);
        let keeper = keeper(&lock, 1);
        settle().await;
        let before = format!("{lock:?}");
        assert_eq!(lock.release(), Err(LockError::NotOwner));
        let stranger = Rc::clone(&lock);
        let released = spawn(async move { stranger.release() }).await.expect("done");
        assert_eq!(released, Err(LockError::NotOwner));
        assert_eq!(format!("{lock:?}"), before);
        assert!(LockError::NotOwner.to_string().contains("the task that acquired it must release"));
        drop(keeper);
    });
}
