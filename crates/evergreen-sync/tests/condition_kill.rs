//! `Condition`, where a wait is killed or dropped: row EV-LOCK-25.

mod common;
#[path = "common/conditions.rs"]
mod conditions;

use std::pin::pin;
use std::rc::Rc;

use common::{TestLoop, Trace, polled, settle};
use conditions::{notify, of_each_kind, waiter};
use evergreen_sync::locks::{Condition, ConditionGuard, LockError, RLock, Semaphore};
use evergreen_task::{Task, catch_kill, spawn};

/// Whether exactly one may have the lock now.
async fn is_free(condition: &Rc<Condition>) -> bool {
    let try_one = |condition: &Rc<Condition>| {
        let condition = Rc::clone(condition);
        spawn(async move { condition.try_acquire() })
    };
    let (one, two) = (try_one(condition), try_one(condition));
    one.await.expect("done") && !two.await.expect("done")
}

// EV-LOCK-25: "the lock is left released, guards know they hold nothing"
#[test]
fn the_lock_of_a_killed_wait_is_free_once() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for condition in of_each_kind() {
            let task = waiter(&condition, &Trace::new(), "never");
            settle().await;
            task.kill_and_wait().await.expect("started");
            assert!(is_free(&condition).await, "{condition:?}");
        }
    });
}

// EV-LOCK-25: nobody else's lock is released by the guard of a killed wait.
#[test]
fn the_guard_of_a_killed_wait_leaves_the_lock_to_who_has_it() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for condition in of_each_kind() {
            let task = waiter(&condition, &Trace::new(), "never");
            settle().await;
            assert!(condition.acquire().await);
            task.kill_and_wait().await.expect("started");
            let other = Rc::clone(&condition);
            assert!(!spawn(async move { other.try_acquire() }).await.expect("done"));
            condition.release().expect("still ours");
            assert!(is_free(&condition).await, "{condition:?}");
        }
    });
}

// EV-LOCK-25, EV-LOCK-08: a bare acquire is undone by the wait itself.
#[test]
fn a_killed_wait_releases_what_was_acquired_without_a_guard() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for condition in of_each_kind() {
            let waits = Rc::clone(&condition);
            let task = spawn(async move {
                waits.acquire().await;
                waits.wait().await
            });
            settle().await;
            task.kill_and_wait().await.expect("started");
            // A guard that comes later is good.
            drop(condition.lock().await);
            assert!(is_free(&condition).await, "{condition:?}");
        }
    });
}

// EV-LOCK-25, D-12: told, and killed before it has seen it.
#[test]
fn what_a_killed_wait_was_told_goes_to_the_next() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for condition in of_each_kind() {
            let trace = Trace::new();
            let [a, b, c] = ["a", "b", "c"].map(|name| waiter(&condition, &trace, name));
            settle().await;
            a.kill();
            b.kill();
            notify(&condition, 1).await;
            c.await.expect("told");
            trace.assert_eq(["c"]);
            assert!(is_free(&condition).await, "{condition:?}");
        }
    });
}

/// The first of two is told, and `kills` it before it goes on, with the guard under which it was
/// told: then the second comes.
async fn what_one_was_told_comes_to_the_next(
    kills: impl AsyncFn(Task<()>, ConditionGuard<'_>, &Condition),
) {
    for condition in of_each_kind() {
        let trace = Trace::new();
        let [a, b] = ["a", "b"].map(|name| waiter(&condition, &trace, name));
        settle().await;
        let guard = condition.lock().await;
        condition.notify(1).expect("acquired");
        settle().await;
        kills(a, guard, &condition).await;
        b.await.expect("told");
        trace.assert_eq(["b"]);
        assert!(is_free(&condition).await, "{condition:?}");
    }
}

// EV-LOCK-25, D-12: told, and killed while it waits for the lock.
#[test]
fn what_was_told_to_one_that_never_got_the_lock_goes_to_the_next() {
    let event_loop = TestLoop::new();
    event_loop.block_on(what_one_was_told_comes_to_the_next(async |a, guard, _| {
        a.kill_and_wait().await.expect("started");
        drop(guard);
    }));
}

// EV-LOCK-25, D-12: told, and killed when it has got the lock, and has not gone on.
#[test]
fn what_was_told_to_one_killed_with_the_lock_goes_to_the_next() {
    let event_loop = TestLoop::new();
    event_loop.block_on(what_one_was_told_comes_to_the_next(async |a, guard, condition| {
        a.kill();
        drop(guard);
        assert!(!condition.try_acquire());
    }));
}

// EV-LOCK-23, EV-LOCK-25: all who waited were told; a newcomer was not among them.
#[test]
fn what_all_were_told_goes_to_nobody_else() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for condition in of_each_kind() {
            let trace = Trace::new();
            assert!(condition.acquire().await);
            let newcomer = {
                let mut told = pin!(condition.wait());
                assert!(polled(&mut told).await.is_pending());
                assert!(condition.acquire().await);
                condition.notify_all().and_then(|()| condition.release()).expect("acquired");
                let newcomer = waiter(&condition, &trace, "newcomer");
                settle().await;
                newcomer
            };
            settle().await;
            trace.assert_eq([]);
            notify(&condition, 1).await;
            newcomer.await.expect("told");
        }
    });
}

// EV-LOCK-25, R-8: the task goes on without the lock, and with a guard that holds nothing.
#[test]
fn a_task_that_catches_the_kill_has_lost_its_lock() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let lock = Rc::new(RLock::new());
        let condition = Rc::new(Condition::with_lock(Rc::clone(&lock)));
        let (waits, held) = (Rc::clone(&condition), Rc::clone(&lock));
        let task = spawn(async move {
            let guard = held.lock().await;
            assert!(catch_kill(waits.wait()).await.is_err());
            assert_eq!(held.release(), Err(LockError::NotOwner));
            assert!(held.acquire().await);
            drop(guard);
            held.release()
        });
        settle().await;
        task.kill();
        assert_eq!(task.await.expect("it went on"), Ok(()));
        assert_eq!(format!("{lock:?}"), "RLock { owner: None, level: 0, waiting: 0 }");
    });
}

// EV-LOCK-19, EV-LOCK-25: at any level, and by a drop as by a kill.
#[test]
fn a_dropped_wait_leaves_a_recursive_lock_free() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let lock = Rc::new(RLock::new());
        let condition = Condition::with_lock(Rc::clone(&lock));
        let guards = [lock.lock().await, lock.lock().await];
        {
            let mut wait = pin!(condition.wait());
            assert!(polled(&mut wait).await.is_pending());
            assert!(lock.acquire().await);
            condition.notify(1).expect("acquired");
            assert!(polled(&mut wait).await.is_pending());
            // It has its lock back, at both levels, and does not know it yet.
            assert_eq!(lock.release(), Ok(()));
        }
        let free = "RLock { owner: None, level: 0, waiting: 0 }";
        assert_eq!(format!("{lock:?}"), free);
        drop(guards);
        assert_eq!(format!("{lock:?}"), free);
    });
}

// EV-LOCK-25: of two slots, both taken, one is lost by a killed wait; the other's guard is good.
#[test]
fn the_slots_of_a_semaphore_come_back_all() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let seats = Rc::new(Semaphore::new(2).expect("not negative"));
        let condition = Rc::new(Condition::with_lock(Rc::clone(&seats)));
        let other = seats.lock().await;
        let task = waiter(&condition, &Trace::new(), "never");
        settle().await;
        task.kill_and_wait().await.expect("started");
        assert_eq!(format!("{seats:?}"), "Semaphore { free: 1, waiting: 0 }");
        drop(other);
        assert_eq!(format!("{seats:?}"), "Semaphore { free: 2, waiting: 0 }");
        drop((seats.lock().await, seats.lock().await));
        assert_eq!(format!("{seats:?}"), "Semaphore { free: 2, waiting: 0 }");
    });
}
