//! What the tests of all primitives share.
#![allow(dead_code, reason = "each test file uses its part")]

use evergreen_loop::EventLoop;
use evergreen_sync::queue::{QueueOf, Storage};
#[allow(unused_imports, reason = "each test file uses its part")]
pub(crate) use evergreen_testing::{OnDrop, TestLoop, Trace, poll_once, polled, settle};

/// A loop whose hours pass in no time.
pub(crate) fn virtual_loop() -> EventLoop {
    EventLoop::builder().virtual_time().build().expect("a loop")
}

/// Puts all of them in, which must have room.
pub(crate) fn put_all<T, S: Storage<T>, const N: usize>(queue: &QueueOf<T, S>, items: [T; N]) {
    for item in items {
        queue.put_nowait(item).expect("room");
    }
}

/// All that is in it.
pub(crate) fn drain<T, S: Storage<T>>(queue: &QueueOf<T, S>) -> Vec<T> {
    std::iter::from_fn(|| queue.get_nowait().ok()).collect()
}
