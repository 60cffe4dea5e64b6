//! `Condition`, its lock and its notifications: rows EV-LOCK-15 to EV-LOCK-18 and EV-LOCK-22 to
//! EV-LOCK-24.

mod common;
#[path = "common/conditions.rs"]
mod conditions;

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use common::{TestLoop, Trace, polled, settle, virtual_loop};
use conditions::{notify, of_each_kind, waiter, waiting};
use evergreen_sync::locks::{BoundedSemaphore, Condition, Lock, LockError, Semaphore};
use evergreen_task::{sleep, spawn};
use evergreen_testing::must_not_suspend;

// EV-LOCK-15, EV-LOCK-18
#[test]
fn a_condition_stands_on_a_lock_of_any_kind() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        assert!(format!("{:?}", Condition::default()).contains("RLock"));
        for condition in of_each_kind() {
            let trace = Trace::new();
            let task = waiter(&condition, &trace, "told");
            settle().await;
            assert_eq!(waiting(&condition), 1);
            // It is let go while the other waits.
            assert!(condition.try_acquire(), "{condition:?}");
            condition.notify(1).expect("acquired");
            settle().await;
            trace.assert_eq([]);
            condition.release().expect("acquired");
            task.await.expect("told");
            trace.assert_eq(["told"]);
            assert!(condition.try_acquire(), "{condition:?}");
        }
    });
}

// EV-LOCK-15: "two conditions may share one lock"
#[test]
fn two_conditions_over_one_lock_have_their_own_waiters() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (lock, trace) = (Rc::new(Lock::new()), Trace::new());
        let [full, empty] = [(); 2].map(|()| Rc::new(Condition::with_lock(Rc::clone(&lock))));
        let _tasks = [waiter(&full, &trace, "full"), waiter(&empty, &trace, "empty")];
        settle().await;
        notify(&empty, 2).await;
        settle().await;
        trace.assert_eq(["empty"]);
        assert!(lock.acquire().await);
        full.notify_all().expect("acquired by the other's lock");
        lock.release().expect("locked");
        settle().await;
        trace.assert_eq(["full"]);
    });
}

// EV-LOCK-16
#[test]
fn what_is_asked_of_the_lock_is_answered_by_the_lock() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        for (condition, error) in of_each_kind().into_iter().zip([
            None,
            Some(LockError::OverRelease),
            Some(LockError::NotLocked),
            Some(LockError::NotOwner),
        ]) {
            assert_eq!(condition.release().err(), error);
            if error.is_none() {
                assert!(condition.try_acquire());
            }
            let holds = Rc::clone(&condition);
            let task = spawn(async move {
                assert!(must_not_suspend(holds.acquire()).await);
                sleep(10.0).await;
                holds.release()
            });
            settle().await;
            assert!(!condition.try_acquire());
            assert!(!condition.acquire_timeout(5.0).await);
            assert!(!condition.acquire_timeout(0.0).await);
            assert!(condition.acquire_timeout(-1.0).await);
            assert_eq!(task.await.expect("done"), Ok(()));
            condition.release().expect("acquired");
        }
    });
    event_loop.destroy().expect("not running");
}

// EV-LOCK-17, EV-LOCK-22
#[test]
fn it_is_of_no_use_without_its_lock_and_nothing_changes() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for condition in of_each_kind() {
            let before = format!("{condition:?}");
            assert_eq!(must_not_suspend(condition.wait()).await, Err(LockError::NotAcquired));
            let timed = must_not_suspend(condition.wait_timeout(1.0)).await;
            assert_eq!(timed, Err(LockError::NotAcquired));
            let unasked = || panic!("asked without the lock");
            assert_eq!(condition.wait_for(unasked, None).await, Err(LockError::NotAcquired));
            assert_eq!(condition.notify(1), Err(LockError::NotAcquired));
            assert_eq!(condition.notify_all(), Err(LockError::NotAcquired));
            assert_eq!(format!("{condition:?}"), before);
        }
        let message = LockError::NotAcquired.to_string();
        assert!(message.contains("condition") && message.contains("acquire it"));
    });
}

// EV-LOCK-17: "for a plain lock 'owned' means 'locked by anyone'", for an RLock it does not.
#[test]
fn a_lock_of_another_counts_unless_it_knows_its_owner() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let [semaphore, bounded, lock, rlock] = of_each_kind();
        for (condition, counts) in
            [(semaphore, true), (bounded, true), (lock, true), (rlock, false)]
        {
            let other = Rc::clone(&condition);
            let holds = async move { other.acquire().await && other.notify(1).is_ok() };
            assert!(spawn(holds).await.expect("done"));
            assert_eq!(condition.notify(1).is_ok(), counts);
            assert_eq!(polled(&mut pin!(condition.wait())).await.is_pending(), counts);
        }
        // One slot of two is no lock.
        let two = Rc::new(Semaphore::new(2).expect("not negative"));
        assert!(two.try_acquire());
        assert_eq!(Condition::with_lock(two).notify(1), Err(LockError::NotAcquired));
        // What was never there cannot be let go.
        let none = Condition::with_lock(Rc::new(BoundedSemaphore::new(0).expect("not negative")));
        assert_eq!(none.wait().await, Err(LockError::OverRelease));
        assert_eq!(waiting(&none), 0);
    });
}

thread_local! {
    static NOTIFIED: RefCell<Option<Rc<Condition>>> = const { RefCell::new(None) };
}

/// Notifies as soon as the lock is handed over.
struct Notifier;

impl Wake for Notifier {
    fn wake(self: Arc<Self>) {
        let condition = NOTIFIED.take();
        condition.iter().for_each(|condition| condition.notify(1).expect("locked"));
    }
}

// EV-LOCK-18: "no notification between release and park can be missed"
#[test]
fn a_notification_in_the_moment_of_letting_go_counts() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let condition = Rc::new(Condition::with_lock(Rc::new(Lock::new())));
        assert!(condition.acquire().await);
        let mut next = Box::pin(condition.lock());
        let waker = Waker::from(Arc::new(Notifier));
        assert!(next.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        NOTIFIED.set(Some(Rc::clone(&condition)));
        let mut wait = Box::pin(condition.wait());
        assert!(polled(&mut wait).await.is_pending());
        assert!(NOTIFIED.take().is_none());
        drop(next);
        assert_eq!(wait.await, Ok(true));
    });
}

// EV-LOCK-22, EV-LOCK-23
#[test]
fn as_many_as_asked_for_are_told_and_the_oldest_first() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for condition in of_each_kind() {
            let trace = Trace::new();
            let _tasks =
                ["a", "b", "c", "d", "e", "f"].map(|name| waiter(&condition, &trace, name));
            settle().await;
            for (n, told) in [(0, vec![]), (1, vec!["a"]), (2, vec!["b", "c"])] {
                notify(&condition, n).await;
                settle().await;
                assert_eq!(trace.take(), told);
            }
            assert!(condition.acquire().await);
            condition.notify_all().and_then(|()| condition.release()).expect("acquired");
            settle().await;
            trace.assert_eq(["d", "e", "f"]);
        }
    });
}

// EV-LOCK-22: "none waiting: no-op and not remembered"
#[test]
fn what_nobody_waits_for_is_not_remembered() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let condition = Rc::new(Condition::new());
        let _guard = condition.lock().await;
        condition.notify(3).and_then(|()| condition.notify_all()).expect("acquired");
        assert_eq!(condition.wait_timeout(0.0).await, Ok(false));
    });
}

// EV-LOCK-24
#[test]
fn who_is_told_goes_on_when_the_lock_is_released() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for condition in of_each_kind() {
            let trace = Trace::new();
            let _tasks = ["a", "b"].map(|name| waiter(&condition, &trace, name));
            settle().await;
            let guard = condition.lock().await;
            condition.notify_all().expect("acquired");
            trace.note("told");
            settle().await;
            trace.note("released");
            drop(guard);
            settle().await;
            trace.assert_eq(["told", "released", "a", "b"]);
        }
    });
}
