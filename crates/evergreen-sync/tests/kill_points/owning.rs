//! `Mutex` and `RwLock`: as EV-LOCK-07, for locks that own their value.

use std::rc::Rc;

use evergreen_sync::{Mutex, RwLock};
use evergreen_task::yield_now;
use evergreen_testing::kill_points::{Stage, every_point};

async fn mutex_lock(stage: &Stage) {
    let mutex = Rc::new(Mutex::new(0));
    for _ in 0..4 {
        let mutex = Rc::clone(&mutex);
        stage.role(async move {
            let mut value = mutex.lock().await;
            *value += 1;
            yield_now().await;
            *value += 1;
        });
    }
    stage.rest_in_order().await;
    let held = mutex.try_lock().expect("nobody has it");
    // Whoever was killed at its second suspension has done one half.
    assert!([6, 7, 8].contains(&*held), "{held}");
    let newcomer = Rc::clone(&mutex);
    stage.serves(async move { *newcomer.lock().await += 1 }, || drop(held)).await;
    assert!(format!("{mutex:?}").ends_with("waiting: 0 }"), "{mutex:?}");
    assert!(mutex.try_lock().is_some());
}

/// Readers count among those who write, to tell a half-written value.
async fn read_and_write(stage: &Stage) {
    let lock = Rc::new(RwLock::new((0, 0)));
    for writes in [false, true, true, false, false, true, false] {
        let lock = Rc::clone(&lock);
        stage.role(async move {
            if writes {
                let mut value = lock.write().await;
                let former = *value;
                yield_now().await;
                *value = (former.0 + 1, former.1 + 1);
            } else {
                let value = lock.read().await;
                let before = *value;
                yield_now().await;
                assert_eq!(*value, before, "somebody writes while others read");
            }
        });
    }
    stage.rest_in_order().await;
    assert!(format!("{lock:?}").ends_with("waiting: 0 }"), "{lock:?}");
    let held = lock.try_write().expect("nobody has it");
    assert!([(2, 2), (3, 3)].contains(&*held), "{held:?}");
    let newcomer = Rc::clone(&lock);
    stage.serves(async move { drop(newcomer.read().await) }, || drop(held)).await;
}

/// Those who wait behind the writer are let in by whoever is gone.
async fn readers_behind_a_writer(stage: &Stage) {
    let lock = Rc::new(RwLock::new(()));
    let held = lock.try_read().expect("nobody has it");
    for writes in [true, false, false] {
        let lock = Rc::clone(&lock);
        stage.role(async move {
            if writes { drop(lock.write().await) } else { drop(lock.read().await) }
        });
    }
    stage.settle().await;
    // Without the writer the readers need not wait for this.
    assert_eq!(stage.present() == 0, stage.victim() == Some(0) && !stage.waits_to_be_woken());
    drop(held);
    stage.rest_in_order().await;
    assert_eq!(format!("{lock:?}"), format!("{:?}", RwLock::new(())));
}

#[test]
fn mutex() {
    every_point("Mutex::lock", mutex_lock);
}

#[test]
fn rwlock() {
    every_point("RwLock::read", read_and_write);
    every_point("RwLock::write", read_and_write);
    every_point("RwLock::read", readers_behind_a_writer);
}
