//! What is acquired and released: EV-LOCK-07, EV-LOCK-08.

use std::fmt::Debug;
use std::future::Future;
use std::rc::Rc;

use evergreen_loop::Delay;
use evergreen_sync::locks::{BoundedSemaphore, Condition, Lock, RLock, Semaphore};
use evergreen_task::yield_now;
use evergreen_testing::OnDrop;
use evergreen_testing::kill_points::{Stage, every_point};

trait Slots: Debug + Sized + 'static {
    const SLOTS: usize;

    fn open() -> Self;
    fn acquire(&self) -> impl Future<Output = bool>;
    fn acquire_timeout(&self, limit: Delay) -> impl Future<Output = bool>;
    fn lock(&self) -> impl Future<Output: Debug>;
    fn try_acquire(&self) -> bool;
    fn release(&self);
}

macro_rules! slots {
    ($subject:ident, $slots:literal: $open:expr, $release:expr) => {
        impl Slots for $subject {
            const SLOTS: usize = $slots;

            fn open() -> Self {
                $open
            }

            fn acquire(&self) -> impl Future<Output = bool> {
                self.acquire()
            }

            fn acquire_timeout(&self, limit: Delay) -> impl Future<Output = bool> {
                self.acquire_timeout(limit)
            }

            fn lock(&self) -> impl Future<Output: Debug> {
                self.lock()
            }

            fn try_acquire(&self) -> bool {
                self.try_acquire()
            }

            fn release(&self) {
                ($release)(self);
            }
        }
    };
}

slots!(Semaphore, 2: Self::new(2).expect("not negative"), Self::release);
slots!(BoundedSemaphore, 2: Self::new(2).expect("not negative"), |it: &Self| it.release().expect("taken"));
slots!(Lock, 1: Self::new(), |it: &Self| it.release().expect("locked"));
slots!(Condition, 1: Self::new(), |it: &Self| it.release().expect("owned"));
slots!(RLock, 1: Self::new(), |it: &Self| it.release().expect("owned"));

/// All is as it began, and a newcomer gets a slot when it is released.
async fn look<L: Slots>(stage: &Stage, slots: Rc<L>) {
    stage.rest_in_order().await;
    assert_eq!(format!("{slots:?}"), format!("{:?}", L::open()));
    take(&*slots);
    let newcomer = Rc::clone(&slots);
    stage.serves(async move { newcomer.acquire().await }, || slots.release()).await;
}

/// Takes all slots, and says how many. An owner may enter again.
fn take<L: Slots>(slots: &L) -> usize {
    let free = L::SLOTS;
    (0..free).for_each(|_| assert!(slots.try_acquire()));
    free
}

/// A kill does not undo a bare acquire, so that is for the role.
async fn hold<L: Slots>(slots: &L) {
    let _slot = OnDrop::new(|| slots.release());
    yield_now().await;
}

async fn acquire<L: Slots>(stage: &Stage) {
    let slots = Rc::new(L::open());
    for _ in 0..5 {
        let slots = Rc::clone(&slots);
        stage.role(async move {
            assert!(slots.acquire().await);
            hold(&*slots).await;
        });
    }
    look(stage, slots).await;
}

async fn acquire_in_time<L: Slots>(stage: &Stage) {
    let slots = Rc::new(L::open());
    for limit in [0.0, 1.0, -1.0, 1.0, 1.0] {
        let slots = Rc::clone(&slots);
        stage.role(async move {
            assert!(slots.acquire_timeout(limit.into()).await);
            hold(&*slots).await;
        });
    }
    look(stage, slots).await;
}

async fn acquire_too_late<L: Slots>(stage: &Stage) {
    let slots = Rc::new(L::open());
    let taken = take(&*slots);
    for limit in [0.0, 0.5, 0.5] {
        let slots = Rc::clone(&slots);
        stage.role(async move { assert!(!slots.acquire_timeout(limit.into()).await) });
    }
    stage.rest_in_order().await;
    (0..taken).for_each(|_| slots.release());
    look(stage, slots).await;
}

async fn lock<L: Slots>(stage: &Stage) {
    let slots = Rc::new(L::open());
    for _ in 0..5 {
        let slots = Rc::clone(&slots);
        stage.role(async move {
            let _slot = slots.lock().await;
            yield_now().await;
        });
    }
    look(stage, slots).await;
}

#[test]
fn semaphore() {
    every_point("Semaphore::acquire", acquire::<Semaphore>);
    every_point("Semaphore::acquire_timeout", acquire_in_time::<Semaphore>);
    every_point("Semaphore::acquire_timeout", acquire_too_late::<Semaphore>);
    every_point("Semaphore::lock", lock::<Semaphore>);
}

#[test]
fn bounded_semaphore() {
    every_point("BoundedSemaphore::acquire", acquire::<BoundedSemaphore>);
    every_point("BoundedSemaphore::acquire_timeout", acquire_in_time::<BoundedSemaphore>);
    every_point("BoundedSemaphore::acquire_timeout", acquire_too_late::<BoundedSemaphore>);
    every_point("BoundedSemaphore::lock", lock::<BoundedSemaphore>);
}

/// The owner is let in again at once; the lock is the next one's when all levels are gone.
async fn enter_again(stage: &Stage) {
    let lock = Rc::new(RLock::new());
    for _ in 0..3 {
        let lock = Rc::clone(&lock);
        stage.role(async move {
            let outer = lock.lock().await;
            yield_now().await;
            let inner = lock.lock().await;
            yield_now().await;
            drop(outer);
            assert!(lock.acquire_timeout(0.0).await);
            lock.release().expect("owned");
            yield_now().await;
            drop(inner);
        });
    }
    look(stage, lock).await;
}

#[test]
fn rlocks() {
    every_point("RLock::acquire", acquire::<RLock>);
    every_point("RLock::acquire_timeout", acquire_in_time::<RLock>);
    every_point("RLock::acquire_timeout", acquire_too_late::<RLock>);
    every_point("RLock::lock", lock::<RLock>);
    every_point("RLock::lock", enter_again);
}

#[test]
fn condition() {
    every_point("Condition::acquire", acquire::<Condition>);
    every_point("Condition::acquire_timeout", acquire_in_time::<Condition>);
    every_point("Condition::acquire_timeout", acquire_too_late::<Condition>);
    every_point("Condition::lock", lock::<Condition>);
}

#[test]
fn locks() {
    every_point("Lock::acquire", acquire::<Lock>);
    every_point("Lock::acquire_timeout", acquire_in_time::<Lock>);
    every_point("Lock::acquire_timeout", acquire_too_late::<Lock>);
    every_point("Lock::lock", lock::<Lock>);
}
