//! Queues of items, with or without a limit, in three orders.

mod error;
mod get;
mod inlet;
mod items;
mod put;
mod queue_of;
mod storage;
mod unfinished;

pub use error::{PutError, QueueError};
pub use inlet::Inlet;
pub use items::Items;
pub use queue_of::QueueOf;
pub use storage::{Fifo, Lifo, Priority, Storage};

/// A queue whose oldest item is next.
///
/// ```
/// use evergreen_sync::queue::Queue;
/// use evergreen_task::spawn;
/// use std::rc::Rc;
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let jobs = Rc::new(Queue::new(1));
/// let takes = Rc::clone(&jobs);
/// let worker = spawn(async move {
///     let mut sum = 0;
///     for _ in 0..3 {
///         sum += takes.get().await;
///         takes.task_done().expect("once for each item");
///     }
///     sum
/// });
/// for number in 1..=3 {
///     jobs.put(number).await; // waits while there is no room
/// }
/// jobs.join().await;
/// assert_eq!(worker.await.expect("neither killed nor panicked"), 6);
/// # });
/// # Ok::<(), evergreen_loop::LoopError>(())
/// ```
pub type Queue<T> = QueueOf<T, Fifo<T>>;

/// A queue whose smallest item is next, and of equal ones the oldest.
///
/// ```
/// use evergreen_sync::queue::PriorityQueue;
///
/// let waiting = PriorityQueue::new(0);
/// waiting.put_nowait((2, "shop"))?;
/// waiting.put_nowait((1, "cook"))?;
/// assert_eq!(waiting.get_nowait()?, (1, "cook"));
/// # Ok::<(), evergreen_sync::queue::QueueError>(())
/// ```
///
/// [`Reverse`](std::cmp::Reverse) makes it the largest.
pub type PriorityQueue<T> = QueueOf<T, Priority<T>>;

/// A queue whose newest item is next.
///
/// ```
/// use evergreen_sync::queue::LifoQueue;
///
/// let plates = LifoQueue::new(0);
/// plates.put_nowait("first")?;
/// plates.put_nowait("second")?;
/// assert_eq!(plates.get_nowait()?, "second");
/// # Ok::<(), evergreen_sync::queue::QueueError>(())
/// ```
pub type LifoQueue<T> = QueueOf<T, Lifo<T>>;
