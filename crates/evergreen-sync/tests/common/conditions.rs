//! What the tests of conditions share.
#![allow(dead_code, reason = "each test file uses its part")]

use std::rc::Rc;

use evergreen_sync::locks::{AnyLock, BoundedSemaphore, Condition, Lock, RLock, Semaphore};
use evergreen_task::{Task, spawn};
use evergreen_testing::Trace;

/// A condition over each kind of lock: semaphore, bounded semaphore, lock and `RLock`.
pub(crate) fn of_each_kind() -> [Rc<Condition>; 4] {
    let semaphore = Rc::new(Semaphore::new(1).expect("not negative"));
    let bounded = Rc::new(BoundedSemaphore::new(1).expect("not negative"));
    let locks: [AnyLock; 4] = [
        semaphore.into(),
        bounded.into(),
        Rc::new(Lock::new()).into(),
        Rc::new(RLock::new()).into(),
    ];
    locks.map(|lock| Rc::new(Condition::with_lock(lock)))
}

/// A task that waits for a notification, and notes that it has come.
pub(crate) fn waiter(condition: &Rc<Condition>, trace: &Trace, name: &'static str) -> Task<()> {
    let (condition, trace) = (Rc::clone(condition), trace.clone());
    spawn(async move {
        let _guard = condition.lock().await;
        assert_eq!(condition.wait().await, Ok(true));
        trace.note(name);
    })
}

pub(crate) async fn notify(condition: &Condition, n: usize) {
    let _guard = condition.lock().await;
    condition.notify(n).expect("acquired");
}

/// How many wait, as the condition shows it.
pub(crate) fn waiting(condition: &Condition) -> usize {
    let shown = format!("{condition:?}");
    let (_, number) = shown.rsplit_once("waiting: ").expect("it is shown");
    number.trim_end_matches(" }").parse().expect("a number")
}
