//! How the tasks of one evergreen event loop wait for each other: events, locks, mutexes, channels,
//! queues, futures and executors.
//!
//! Whoever waits is served in the order of coming, and what was granted to a waiter that is gone by
//! then goes to the next (D-12). Nothing here is atomic and nothing is `Send`: all of it belongs to
//! one thread, and other threads come in through
//! [`LoopRemote`](evergreen_loop::LoopRemote::call_from_thread).
//!
//! ```
//! use evergreen_loop::EventLoop;
//! use evergreen_sync::Event;
//! use evergreen_task::spawn;
//! use std::rc::Rc;
//!
//! let event_loop = EventLoop::new()?;
//! event_loop.block_on(async {
//!     let ready = Rc::new(Event::new());
//!     let waits = Rc::clone(&ready);
//!     let task = spawn(async move { waits.wait().await });
//!     ready.set();
//!     assert!(task.await.expect("neither killed nor panicked"));
//! });
//! # Ok::<(), evergreen_loop::LoopError>(())
//! ```
//!
//! # Where to start reading
//!
//! `wait_list` is the engine: who waits, in which order, and what each was granted. `wait` is the
//! future that stands in such a list. Each primitive says what it grants, and what becomes of a
//! grant that nobody takes; `event` and `locks::semaphore` are the shortest.

mod budget;
pub mod channel;
pub mod event;
pub mod futures;
pub mod locks;
mod mutex;
pub mod oneshot;
pub mod queue;
mod rwlock;
mod wait;
mod wait_list;

pub use event::Event;
pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
