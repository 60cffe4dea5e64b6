//! `Semaphore`: rows EV-LOCK-01 to EV-LOCK-06.

mod common;

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;

use common::{TestLoop, Trace, poll_once, polled, settle, virtual_loop};
use evergreen_sync::locks::{LockError, Semaphore};
use evergreen_task::{Task, spawn, timeout};
use evergreen_testing::must_not_suspend;

fn semaphore(value: i64) -> Rc<Semaphore> {
    Rc::new(Semaphore::new(value).expect("not negative"))
}

fn taker(semaphore: &Rc<Semaphore>, trace: &Trace, name: &'static str) -> Task<()> {
    let (semaphore, trace) = (Rc::clone(semaphore), trace.clone());
    spawn(async move {
        assert!(semaphore.acquire().await);
        trace.note(name);
    })
}

// EV-LOCK-01
#[test]
fn a_semaphore_begins_with_none_or_more() {
    assert_eq!(Semaphore::new(-3).err(), Some(LockError::NegativeValue(-3)));
    let message = LockError::NegativeValue(-3).to_string();
    assert_eq!(message, "a semaphore cannot begin with -3 slots: use zero or more");
    assert!(!semaphore(0).try_acquire());
}

// EV-LOCK-02, EV-LOCK-03
#[test]
fn a_free_slot_is_taken_at_once_and_no_other() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let semaphore = semaphore(2);
        assert!(must_not_suspend(semaphore.acquire()).await);
        assert!(semaphore.try_acquire());
        assert!(!semaphore.try_acquire());
        assert!(poll_once(&mut pin!(semaphore.acquire())).is_pending());
        assert_eq!(format!("{semaphore:?}"), "Semaphore { free: 0, waiting: 0 }");
    });
}

// EV-LOCK-04, D-11
#[test]
fn a_limit_is_over_after_its_time_or_one_trip_or_never() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let semaphore = semaphore(0);
        let before = event_loop.time();
        assert!(!semaphore.acquire_timeout(5.0).await);
        assert_eq!((event_loop.time() - before).as_secs(), 5);
        assert!(!semaphore.acquire_timeout(0.0).await);
        assert_eq!(format!("{semaphore:?}"), "Semaphore { free: 0, waiting: 0 }");
        let queued = Rc::clone(&semaphore);
        event_loop.call_soon(move || queued.release());
        assert!(semaphore.acquire_timeout(0.0).await);
        let late = Rc::clone(&semaphore);
        event_loop.call_later(3600.0, move || late.release());
        assert!(semaphore.acquire_timeout(-1.0).await);
        // The slot is taken though the wait has a limit of zero.
        semaphore.release();
        assert!(semaphore.acquire_timeout(0.0).await);
        assert!(!semaphore.try_acquire());
    });
    event_loop.destroy().expect("not running");
}

// EV-LOCK-04: "an unrelated timeout passing through is not mistaken for this one"
#[test]
fn a_limit_around_it_is_not_its_own() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let semaphore = semaphore(0);
        let outer = timeout(1.0, semaphore.acquire_timeout(2.0)).await;
        assert!(outer.is_err());
        assert_eq!(timeout(2.0, semaphore.acquire_timeout(1.0)).await, Ok(false));
        assert_eq!(format!("{semaphore:?}"), "Semaphore { free: 0, waiting: 0 }");
    });
    event_loop.destroy().expect("not running");
}

// EV-LOCK-04, R-3: the value first, then the deadline.
#[test]
fn a_release_that_comes_with_the_deadline_counts() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let semaphore = semaphore(0);
        let releases = Rc::clone(&semaphore);
        event_loop.call_later(1.0, move || releases.release());
        assert!(semaphore.acquire_timeout(1.0).await);
        assert!(!semaphore.try_acquire());
    });
    event_loop.destroy().expect("not running");
}

// EV-LOCK-05
#[test]
fn each_release_wakes_one_in_the_order_of_their_coming() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (semaphore, trace) = (semaphore(0), Trace::new());
        let _tasks = ["a", "b", "c", "d"].map(|name| taker(&semaphore, &trace, name));
        settle().await;
        semaphore.release();
        trace.assert_eq([]);
        settle().await;
        trace.assert_eq(["a"]);
        semaphore.release();
        semaphore.release();
        settle().await;
        trace.assert_eq(["b", "c"]);
        assert_eq!(format!("{semaphore:?}"), "Semaphore { free: 0, waiting: 1 }");
    });
}

// EV-LOCK-05: "release without a prior acquire is allowed"
#[test]
fn a_semaphore_grows_by_what_is_released() {
    let event_loop = TestLoop::new();
    let semaphore = semaphore(0);
    let releases = Rc::clone(&semaphore);
    event_loop.call_soon(move || releases.release());
    assert!(event_loop.block_on(semaphore.acquire()));
    semaphore.release();
    semaphore.release();
    assert!(semaphore.try_acquire() && semaphore.try_acquire() && !semaphore.try_acquire());
}

// EV-LOCK-06
#[test]
fn nobody_takes_a_slot_that_is_owed() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (semaphore, trace) = (semaphore(0), Trace::new());
        let _first = taker(&semaphore, &trace, "first");
        settle().await;
        semaphore.release();
        assert!(!semaphore.try_acquire());
        let mut late = pin!(semaphore.acquire());
        assert!(polled(&mut late).await.is_pending());
        settle().await;
        trace.assert_eq(["first"]);
        semaphore.release();
        assert!(late.await);
    });
}

// EV-LOCK-06, D-12
#[test]
fn a_thousand_are_served_in_the_order_of_their_coming() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (semaphore, served) = (semaphore(3), Rc::new(RefCell::new(Vec::new())));
        let barged = Rc::new(Cell::new(false));
        let tasks: Vec<_> = (0..1000)
            .map(|number| {
                let (semaphore, served) = (Rc::clone(&semaphore), Rc::clone(&served));
                let barged = Rc::clone(&barged);
                spawn(async move {
                    let slot = semaphore.lock().await;
                    served.borrow_mut().push(number);
                    evergreen_task::yield_now().await;
                    drop(slot);
                    // From here on the slot is another's, as long as anybody waits.
                    barged.set(barged.get() || (number < 997 && semaphore.try_acquire()));
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("served");
        }
        assert!(served.borrow().iter().copied().eq(0..1000));
        assert!(!barged.get());
        assert_eq!(format!("{semaphore:?}"), "Semaphore { free: 3, waiting: 0 }");
    });
}
