//! Which types may go to other threads (D-10, R-1).

use evergreen_loop::LoopRemote;
use evergreen_task::{
    Builder, CatchKill, GroupError, Interval, Join, JoinError, KillOnDrop, Limited, Local,
    RemoteTask, RemoteTasks, Run, Sleep, Task, TaskError, TaskExit, TaskGroup, TaskId, TaskRef,
    TaskState, Timeout, Unset, YieldNow, catch_kill, consume_budget, sleep, timeout,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::rc::Rc;

// Handles of the loop's thread.
assert_not_impl_any!(Task<()>: Send, Sync);
assert_not_impl_any!(TaskRef: Send, Sync);
assert_not_impl_any!(Join: Send, Sync);
assert_not_impl_any!(Local<u8>: Send, Sync);
assert_not_impl_any!(KillOnDrop<()>: Send, Sync);
assert_not_impl_any!(TaskGroup<()>: Send, Sync);
assert_impl_all!(Task<Rc<u8>>: Unpin);
assert_impl_all!(KillOnDrop<Rc<u8>>: Unpin);
assert_impl_all!(TaskGroup<Rc<u8>>: Unpin);
assert_impl_all!(Join: Unpin);

// Handles for all threads.
assert_impl_all!(RemoteTask<u8>: Send, Sync, Unpin);
assert_not_impl_any!(RemoteTask<Rc<u8>>: Send);
assert_impl_all!(TaskId: Send, Sync);
assert_impl_all!(LoopRemote: Send, Sync, RemoteTasks);

// Scopes: a task that is sent to its loop may have them.
assert_impl_all!(CatchKill<Sleep>: Send, Sync, Unpin);
assert_not_impl_any!(CatchKill<Task<()>>: Send);
assert_not_impl_any!(CatchKill<std::marker::PhantomPinned>: Unpin);

// Time.
assert_impl_all!(Sleep: Send, Sync, Unpin);
assert_impl_all!(Interval: Send, Sync, Unpin);
assert_impl_all!(Timeout: Send, Sync, Unpin);
assert_impl_all!(YieldNow: Send, Sync, Unpin);
assert_impl_all!(Limited<Sleep>: Send, Sync, Unpin);
assert_not_impl_any!(Limited<Task<()>>: Send);

// Plain values.
assert_impl_all!(JoinError: Send, Sync, std::error::Error);
assert_impl_all!(TaskError: Send, Sync, std::error::Error);
assert_impl_all!(TaskExit: Send, Sync, Copy, std::error::Error);
assert_impl_all!(GroupError<std::io::Error>: Send, Sync, std::error::Error);
assert_not_impl_any!(GroupError<Rc<u8>>: Send);
assert_impl_all!(TaskState: Send, Sync, Copy);
assert_impl_all!(Unset: Send, Sync, std::error::Error);
assert_impl_all!(Builder: Send, Sync);
assert_impl_all!(Timeout: std::error::Error);

struct Worker;

impl Run for Worker {
    type Output = ();

    async fn run(self) {}
}

assert_impl_all!(Worker: Run);

//
#[test]
fn a_future_that_holds_a_sleep_a_limit_or_a_scope_may_be_sent() {
    fn sent<F: Future + Send>(_: F) {}
    sent(async {
        let asleep = sleep(1.0);
        let limit = Timeout::after(1.0);
        asleep.await;
        drop(timeout(1.0, sleep(2.0)).await);
        drop(limit.run(sleep(2.0)).await);
        catch_kill(sleep(2.0)).await.ok();
        consume_budget().await;
        let mut armed = Timeout::after(1.0);
        let mut armed = armed.arm();
        drop(armed.scope(sleep(2.0)).await);
        evergreen_task::interval(std::time::Duration::from_secs(1)).tick().await;
    });
}
