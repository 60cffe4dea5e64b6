//! `Semaphore`, where who waits or has a slot is killed: rows EV-LOCK-07 and EV-LOCK-08.

mod common;

use std::pin::pin;
use std::rc::Rc;

use common::{TestLoop, Trace, polled, settle, virtual_loop};
use evergreen_sync::locks::Semaphore;
use evergreen_task::{Task, sleep, spawn};

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

// EV-LOCK-07
#[test]
fn a_slot_of_one_killed_after_the_hand_over_goes_to_the_next() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (semaphore, trace) = (semaphore(0), Trace::new());
        let [a, b, c] = ["a", "b", "c"].map(|name| taker(&semaphore, &trace, name));
        settle().await;
        a.kill();
        b.kill();
        semaphore.release();
        assert!(!semaphore.try_acquire());
        settle().await;
        trace.assert_eq(["c"]);
        assert!(a.await.is_err() && b.await.is_err() && c.await.is_ok());
        assert_eq!(format!("{semaphore:?}"), "Semaphore { free: 0, waiting: 0 }");
    });
}

// EV-LOCK-07
#[test]
fn a_slot_of_one_gone_after_the_hand_over_goes_back() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let semaphore = semaphore(0);
        {
            let mut granted = pin!(semaphore.acquire());
            assert!(polled(&mut granted).await.is_pending());
            semaphore.release();
        }
        assert_eq!(format!("{semaphore:?}"), "Semaphore { free: 1, waiting: 0 }");
        // Never polled: nothing was asked for.
        drop(semaphore.acquire());
        assert!(semaphore.try_acquire());
    });
}

// EV-LOCK-07: nothing is granted to one who has given up.
#[test]
fn a_slot_of_one_whose_time_is_over_goes_to_the_next() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let semaphore = semaphore(0);
        let [first, second] = [1.0, 2.0].map(|limit| {
            let semaphore = Rc::clone(&semaphore);
            spawn(async move { semaphore.acquire_timeout(limit).await })
        });
        sleep(1.5).await;
        semaphore.release();
        assert_eq!((first.await.expect("done"), second.await.expect("done")), (false, true));
        assert_eq!(format!("{semaphore:?}"), "Semaphore { free: 0, waiting: 0 }");
    });
    event_loop.destroy().expect("not running");
}

// EV-LOCK-08
#[test]
fn a_guard_releases_on_every_way_out_and_a_raw_acquire_on_none() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let semaphore = semaphore(1);
        drop((semaphore.lock().await, semaphore.try_lock()));
        let guarded = Rc::clone(&semaphore);
        let task = spawn(async move {
            let _slot = guarded.lock().await;
            std::future::pending::<()>().await;
        });
        settle().await;
        assert!(!semaphore.try_acquire());
        task.kill_and_wait().await.expect("started");
        let raw = Rc::clone(&semaphore);
        let task = spawn(async move {
            raw.acquire().await;
            std::future::pending::<()>().await;
        });
        settle().await;
        task.kill_and_wait().await.expect("started");
        assert_eq!(format!("{semaphore:?}"), "Semaphore { free: 0, waiting: 0 }");
    });
}
