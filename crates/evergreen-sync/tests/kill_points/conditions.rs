//! `Condition`, over each kind of lock: EV-LOCK-20, -25.

use std::cell::Cell;
use std::rc::Rc;

use evergreen_sync::locks::{BoundedSemaphore, Condition, Lock, RLock, Semaphore};
use evergreen_task::sleep;
use evergreen_testing::kill_points::{Stage, every_point};
use evergreen_testing::settle;

type Make = fn() -> Condition;

const KINDS: [Make; 4] = [
    || Condition::with_lock(Rc::new(Semaphore::new(1).expect("not negative"))),
    || Condition::with_lock(Rc::new(BoundedSemaphore::new(1).expect("not negative"))),
    || Condition::with_lock(Rc::new(Lock::new())),
    || Condition::with_lock(Rc::new(RLock::new())),
];

/// Notifies under the lock; whoever is notified waits for that.
async fn notify(condition: &Condition, waiters: usize) {
    settle().await;
    let guard = condition.lock().await;
    condition.notify(waiters).expect("locked");
    settle().await;
    drop(guard);
    settle().await;
}

/// All is as it began, and a newcomer is notified.
async fn look(stage: &Stage, condition: Rc<Condition>, make: Make) {
    assert_eq!(format!("{condition:?}"), format!("{:?}", make()));
    let newcomer = Rc::clone(&condition);
    let waits = async move {
        let _guard = newcomer.lock().await;
        newcomer.wait().await.expect("locked")
    };
    let notify = || {
        assert!(condition.try_acquire());
        condition.notify(1).expect("locked");
        condition.release().expect("locked");
    };
    assert!(stage.serves(waits, notify).await);
    assert_eq!(format!("{condition:?}"), format!("{:?}", make()));
}

/// Each notification is for one who is there.
async fn wait(stage: &Stage, make: Make) {
    let condition = Rc::new(make());
    for _ in 0..4 {
        let condition = Rc::clone(&condition);
        stage.role(async move {
            let _guard = condition.lock().await;
            assert_eq!(condition.wait().await, Ok(true));
        });
    }
    stage.settle().await;
    let others = 4 - usize::from(stage.victim().is_some());
    for notified in 1..=3 {
        notify(&condition, 1).await;
        assert_eq!(stage.served(), notified.min(others), "a notification is lost, or there twice");
    }
    notify(&condition, 1).await;
    stage.rest_in_order().await;
    look(stage, condition, make).await;
}

/// The waits are dropped or killed, and what was theirs goes on, while others are still in time.
async fn wait_in_time(stage: &Stage, make: Make) {
    let condition = Rc::new(make());
    for (limit, in_time) in [(0.0, false), (0.5, true), (-1.0, true), (0.5, true)] {
        let condition = Rc::clone(&condition);
        stage.role(async move {
            let _guard = condition.lock().await;
            assert_eq!(condition.wait_timeout(limit).await, Ok(in_time));
        });
    }
    for _ in 0..3 {
        notify(&condition, 1).await;
    }
    stage.rest_in_order().await;
    look(stage, condition, make).await;
}

/// Whoever is late waits for the lock all the same, and is not in the way of a notification.
async fn wait_too_late(stage: &Stage, make: Make) {
    let condition = Rc::new(make());
    for (limit, in_time) in [(0.5, false), (0.5, false), (9.0, true)] {
        let condition = Rc::clone(&condition);
        stage.role(async move {
            let _guard = condition.lock().await;
            assert_eq!(condition.wait_timeout(limit).await, Ok(in_time));
        });
    }
    stage.settle().await;
    let guard = condition.lock().await;
    sleep(1.0).await;
    condition.notify(1).expect("locked");
    drop(guard);
    stage.rest_in_order().await;
    look(stage, condition, make).await;
}

async fn wait_for(stage: &Stage, make: Make) {
    let (condition, loaves) = (Rc::new(make()), Rc::new(Cell::new(0)));
    for _ in 0..3 {
        let (condition, loaves) = (Rc::clone(&condition), Rc::clone(&loaves));
        stage.role(async move {
            let _guard = condition.lock().await;
            let enough = condition.wait_for(|| loaves.get() > 0, Some(9.0.into())).await;
            assert_eq!(enough, Ok(true));
        });
    }
    stage.settle().await;
    notify(&condition, 3).await;
    assert!(stage.served() == 0);
    loaves.set(1);
    notify(&condition, 3).await;
    // A notification of one who is gone may have sent another behind the others.
    stage.rest().await;
    look(stage, condition, make).await;
}

#[test]
fn condition_wait() {
    for make in KINDS {
        every_point("Condition::wait", async |stage| wait(stage, make).await);
    }
}

#[test]
fn condition_wait_timeout() {
    for make in KINDS {
        every_point("Condition::wait_timeout", async |stage| wait_in_time(stage, make).await);
        every_point("Condition::wait_timeout", async |stage| wait_too_late(stage, make).await);
    }
}

#[test]
fn condition_wait_for() {
    for make in KINDS {
        every_point("Condition::wait_for", async |stage| wait_for(stage, make).await);
    }
}
