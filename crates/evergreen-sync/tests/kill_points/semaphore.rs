//! `Semaphore`: EV-LOCK-07, EV-LOCK-08.

use std::rc::Rc;

use evergreen_sync::locks::Semaphore;
use evergreen_task::yield_now;

use crate::common::OnDrop;
use crate::stage::Stage;
use crate::walk::every_point;

/// Both slots are back, and a newcomer gets one when it is released.
async fn look(stage: &Stage, seats: Rc<Semaphore>) {
    stage.rest_in_order().await;
    assert_eq!(format!("{seats:?}"), "Semaphore { free: 2, waiting: 0 }");
    assert!(seats.try_acquire() && seats.try_acquire());
    let newcomer = Rc::clone(&seats);
    stage.serves(async move { newcomer.acquire().await }, || seats.release()).await;
}

fn two_seats() -> Rc<Semaphore> {
    Rc::new(Semaphore::new(2).expect("not negative"))
}

/// A kill does not undo a bare acquire, so that is for the role.
async fn hold(seats: &Semaphore) {
    let _slot = OnDrop::new(|| seats.release());
    yield_now().await;
}

#[test]
fn semaphore_acquire() {
    every_point("Semaphore::acquire", async |stage| {
        let seats = two_seats();
        for _ in 0..5 {
            let seats = Rc::clone(&seats);
            stage.role(async move {
                assert!(seats.acquire().await);
                hold(&seats).await;
            });
        }
        look(stage, seats).await;
    });
}

#[test]
fn semaphore_acquire_timeout() {
    every_point("Semaphore::acquire_timeout", async |stage| {
        let seats = two_seats();
        for limit in [0.0, 1.0, -1.0, 1.0, 1.0] {
            let seats = Rc::clone(&seats);
            stage.role(async move {
                assert!(seats.acquire_timeout(limit).await);
                hold(&seats).await;
            });
        }
        look(stage, seats).await;
    });
}

#[test]
fn semaphore_acquire_timeout_that_is_over() {
    every_point("Semaphore::acquire_timeout", async |stage| {
        let seats = two_seats();
        assert!(seats.try_acquire() && seats.try_acquire());
        for limit in [0.0, 0.5, 0.5] {
            let seats = Rc::clone(&seats);
            stage.role(async move { assert!(!seats.acquire_timeout(limit).await) });
        }
        stage.rest_in_order().await;
        seats.release();
        seats.release();
        look(stage, seats).await;
    });
}

#[test]
fn semaphore_lock() {
    every_point("Semaphore::lock", async |stage| {
        let seats = two_seats();
        for _ in 0..5 {
            let seats = Rc::clone(&seats);
            stage.role(async move {
                let _slot = seats.lock().await;
                yield_now().await;
            });
        }
        look(stage, seats).await;
    });
}
