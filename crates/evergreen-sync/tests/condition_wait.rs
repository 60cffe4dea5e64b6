//! `Condition`, how long it waits and what it comes back with: rows EV-LOCK-19 to EV-LOCK-21.

mod common;
#[path = "common/conditions.rs"]
mod conditions;

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;

use common::{TestLoop, Trace, polled, settle, virtual_loop};
use conditions::{notify, of_each_kind, waiter, waiting};
use evergreen_loop::Delay;
use evergreen_sync::locks::{Condition, RLock};
use evergreen_task::{Task, sleep, spawn};
use evergreen_testing::must_not_suspend;

// EV-LOCK-19
#[test]
fn a_recursive_lock_is_let_go_and_comes_back_as_it_was() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let lock = Rc::new(RLock::new());
        let condition = Rc::new(Condition::with_lock(Rc::clone(&lock)));
        let (waits, held) = (Rc::clone(&condition), Rc::clone(&lock));
        let task = spawn(async move {
            let guards = [held.lock().await, held.lock().await, held.lock().await];
            let before = format!("{held:?}");
            assert!(before.contains("level: 3"));
            assert_eq!(waits.wait().await, Ok(true));
            assert_eq!(format!("{held:?}"), before);
            let [first, second, third] = guards;
            drop(first);
            assert!(held.try_acquire());
            drop((second, third));
            assert!(format!("{held:?}").contains("level: 1"));
            held.release()
        });
        settle().await;
        assert!(must_not_suspend(lock.acquire()).await);
        condition.notify(1).expect("acquired");
        assert_eq!(lock.release(), Ok(()));
        // It is the waiter's again, at once.
        settle().await;
        assert_eq!(task.await.expect("told"), Ok(()));
        assert_eq!(format!("{lock:?}"), "RLock { owner: None, level: 0, waiting: 0 }");
    });
}

// EV-LOCK-19: also behind others, who have it meanwhile.
#[test]
fn a_recursive_lock_comes_back_in_its_turn() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (lock, trace) = (Rc::new(RLock::new()), Trace::new());
        let condition = Rc::new(Condition::with_lock(Rc::clone(&lock)));
        assert!(lock.acquire().await && lock.acquire().await);
        let mut wait = pin!(condition.wait());
        assert!(polled(&mut wait).await.is_pending());
        let (other, noting) = (Rc::clone(&condition), trace.clone());
        let task = spawn(async move {
            let guard = other.lock().await;
            other.notify_all().expect("acquired");
            settle().await;
            noting.note("the notifier is done");
            drop(guard);
        });
        assert_eq!(wait.await, Ok(true));
        trace.assert_eq(["the notifier is done"]);
        task.await.expect("done");
        assert_eq!(format!("{lock:?}"), "RLock { owner: Some(Main), level: 2, waiting: 0 }");
    });
}

// EV-LOCK-20, D-11
#[test]
fn a_wait_whose_time_is_over_has_its_lock_and_leaves_the_line() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        for condition in of_each_kind() {
            let before = event_loop.time();
            let guard = condition.lock().await;
            assert_eq!(condition.wait_timeout(5.0).await, Ok(false));
            assert_eq!((event_loop.time() - before).as_secs(), 5);
            assert_eq!(condition.wait_timeout(0.0).await, Ok(false));
            assert_eq!(waiting(&condition), 0);
            let other = Rc::clone(&condition);
            assert!(!spawn(async move { other.try_acquire() }).await.expect("done"));
            // The notification is for who still waits.
            let trace = Trace::new();
            let task = waiter(&condition, &trace, "told");
            let late = Rc::clone(&condition);
            event_loop.call_later(3600.0, move || {
                assert!(late.try_acquire());
                late.notify(2).and_then(|()| late.release()).expect("acquired");
            });
            assert_eq!(condition.wait_timeout(-1.0).await, Ok(true));
            drop(guard);
            task.await.expect("told");
        }
    });
    event_loop.destroy().expect("not running");
}

// EV-LOCK-20: "the next notify is wasted on it" in Python.
#[test]
fn a_notification_is_not_wasted_on_one_whose_time_is_over() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let (condition, trace) = (Rc::new(Condition::new()), Trace::new());
        let expires = Rc::clone(&condition);
        let gone = spawn(async move {
            let _guard = expires.lock().await;
            expires.wait_timeout(1.0).await
        });
        settle().await;
        let task = waiter(&condition, &trace, "told");
        sleep(2.0).await;
        assert_eq!(gone.await.expect("done"), Ok(false));
        notify(&condition, 1).await;
        task.await.expect("told");
        trace.assert_eq(["told"]);
    });
    event_loop.destroy().expect("not running");
}

// EV-LOCK-20: "re-acquiring is not limited by the timeout"
#[test]
fn taking_the_lock_back_has_no_limit() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let condition = Rc::new(Condition::new());
        let holds = Rc::clone(&condition);
        assert!(condition.acquire().await);
        let task = spawn(async move {
            let _guard = holds.lock().await;
            sleep(100.0).await;
        });
        settle().await;
        let before = event_loop.time();
        assert_eq!(condition.wait_timeout(1.0).await, Ok(false));
        assert_eq!((event_loop.time() - before).as_secs(), 100);
        assert_eq!(condition.release(), Ok(()));
        task.await.expect("done");
    });
    event_loop.destroy().expect("not running");
}

// EV-LOCK-20, R-3: the value first, then the deadline.
#[test]
fn a_notification_that_comes_with_the_deadline_counts() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let condition = Rc::new(Condition::new());
        let tells = Rc::clone(&condition);
        event_loop.call_later(1.0, move || {
            assert!(tells.try_acquire());
            tells.notify(1).and_then(|()| tells.release()).expect("acquired");
        });
        let _guard = condition.lock().await;
        assert_eq!(condition.wait_timeout(1.0).await, Ok(true));
    });
    event_loop.destroy().expect("not running");
}

/// Notifies each second, with a number from one on.
fn each_second(condition: &Rc<Condition>, number: &Rc<Cell<u32>>, times: u32) -> Task<()> {
    let (condition, number) = (Rc::clone(condition), Rc::clone(number));
    spawn(async move {
        for now in 1..=times {
            sleep(1.0).await;
            let _guard = condition.lock().await;
            number.set(now);
            condition.notify_all().expect("acquired");
        }
    })
}

// EV-LOCK-21: "loop until the predicate holds"
#[test]
fn a_wait_for_something_goes_on_until_it_is_so() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let (condition, number) = (Rc::new(Condition::new()), Rc::new(Cell::new(0)));
        let task = each_second(&condition, &number, 3);
        let _guard = condition.lock().await;
        let asked = Cell::new(0);
        let is_three = || {
            asked.set(asked.get() + 1);
            number.get() == 3
        };
        assert_eq!(condition.wait_for(is_three, None).await, Ok(true));
        assert_eq!((number.get(), asked.get()), (3, 4));
        assert_eq!(must_not_suspend(condition.wait_for(|| true, None)).await, Ok(true));
        task.await.expect("done");
    });
    event_loop.destroy().expect("not running");
}

// EV-LOCK-21: "or the time is up, returning the predicate's last value"
#[test]
fn a_wait_for_something_has_one_limit_for_all() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let (condition, number) = (Rc::new(Condition::new()), Rc::new(Cell::new(0)));
        let task = each_second(&condition, &number, 10);
        let guard = condition.lock().await;
        let before = event_loop.time();
        let never = condition.wait_for(|| number.get() > 9, Some(Delay::from(5.5))).await;
        assert_eq!((never, number.get()), (Ok(false), 5));
        assert_eq!((event_loop.time() - before).as_millis(), 5500);
        // It is so when the time is over, and nobody has said so.
        let quietly = Rc::clone(&number);
        event_loop.call_later(0.1, move || quietly.set(100));
        let seen = condition.wait_for(|| number.get() == 100, Some(Delay::from(0.2))).await;
        assert_eq!(seen, Ok(true));
        assert_eq!(condition.wait_for(|| false, Some(Delay::from(0.0))).await, Ok(false));
        let always = condition.wait_for(|| number.get() == 9, Some(Delay::from(-1.0))).await;
        assert_eq!(always, Ok(true));
        drop(guard);
        task.await.expect("done");
    });
    event_loop.destroy().expect("not running");
}
