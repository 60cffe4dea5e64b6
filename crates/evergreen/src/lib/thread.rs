//! Functions of `std::thread` that wait: they block their thread, or park their task once they are
//! patched by the [`patcher`](crate::patcher).

use std::thread;
use std::time::Duration;

use crate::patcher::{Module, Provider, choose};

/// Waits so long. The time begins when it is awaited.
///
/// # Kill safety
///
/// Nothing is lost. A thread that is blocked cannot be interrupted.
pub fn sleep(length: Duration) -> impl Future<Output = ()> {
    let provider = choose(Module::Thread);
    async move {
        match provider {
            Provider::Blocking => thread::sleep(length),
            Provider::Cooperative => evergreen_task::sleep(length).await,
        }
    }
}

/// Lets others run: other threads, or other tasks.
///
/// # Kill safety
///
/// Nothing is lost.
pub fn yield_now() -> impl Future<Output = ()> {
    let provider = choose(Module::Thread);
    async move {
        match provider {
            Provider::Blocking => thread::yield_now(),
            Provider::Cooperative => evergreen_task::yield_now().await,
        }
    }
}
