//! What the tests of the `RLock` share.

use std::rc::Rc;

use evergreen_sync::locks::RLock;
use evergreen_task::{Task, spawn};
use evergreen_testing::{Trace, must_not_suspend};

pub(crate) const FREE: &str = "RLock { owner: None, level: 0, waiting: 0 }";

pub(crate) fn taker(lock: &Rc<RLock>, trace: &Trace, name: &'static str) -> Task<()> {
    let (lock, trace) = (Rc::clone(lock), trace.clone());
    spawn(async move {
        assert!(lock.acquire().await);
        assert!(must_not_suspend(lock.acquire()).await);
        trace.note(name);
        evergreen_task::yield_now().await;
        assert_eq!((lock.release(), lock.release()), (Ok(()), Ok(())));
    })
}

/// A task that holds the lock at this level until it is killed.
pub(crate) fn keeper(lock: &Rc<RLock>, level: usize) -> Task<()> {
    let lock = Rc::clone(lock);
    spawn(async move {
        let mut guards = Vec::new();
        for _ in 0..level {
            guards.push(lock.lock().await);
        }
        std::future::pending::<()>().await;
    })
}
