//! What the tests of queues share.

use std::rc::Rc;

use evergreen_sync::queue::{Queue, QueueOf, Storage};
use evergreen_task::{Task, spawn};
use evergreen_testing::Trace;

/// Gets one item and notes it.
pub(crate) fn getter<S: Storage<u32> + 'static>(
    queue: &Rc<QueueOf<u32, S>>,
    trace: &Trace,
    name: &'static str,
) -> Task<()> {
    let (queue, trace) = (Rc::clone(queue), trace.clone());
    spawn(async move {
        let item = queue.get().await;
        trace.note(format_args!("{name} got {item}"));
    })
}

/// Puts one item and notes when it is in.
pub(crate) fn putter(queue: &Rc<Queue<u32>>, trace: &Trace, item: u32) -> Task<()> {
    let (queue, trace) = (Rc::clone(queue), trace.clone());
    spawn(async move {
        queue.put(item).await;
        trace.note(format_args!("{item} is in"));
    })
}
