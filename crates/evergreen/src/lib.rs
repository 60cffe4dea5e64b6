//! A single-threaded, cooperative async runtime with the event loop as a first-class citizen.
//!
//! Tasks need no `Send`, run in an order that can be predicted, and start, join and kill mean one
//! precise thing each. One loop per thread, nothing behind its back.
//!
//! ```
//! use evergreen::{sleep, spawn};
//! use std::time::Duration;
//!
//! #[evergreen::main]
//! async fn main() {
//!     let task = spawn(async {
//!         sleep(Duration::from_millis(10)).await;
//!         "evergreen"
//!     });
//!     println!("hello, {}", task.await.expect("neither killed nor panicked"));
//! }
//! ```
//!
//! # What is where
//!
//! - [`EventLoop`]: callbacks, timers, descriptors, signals, other threads, embedding.
//! - [`block_on`], [`try_block_on`], [`spawn_blocking`]: from outside, and for work that blocks.
//! - [`tasks`]: [`spawn`], [`Task`], [`sleep`](fn@sleep), [`timeout`](fn@timeout), locals.
//! - [`event`], [`locks`], [`channel`], [`queue`], [`oneshot`], [`Mutex`], [`RwLock`]: tasks that wait
//!   for each other. [`futures`]: executors, and the jobs that they are given.
//! - [`net`], [`pipe`], [`AsyncFd`]: sockets, pipes, any descriptor that can be polled. [`resolve`]: names.
//! - [`io`]: streams that are held, read until a delimiter, and served; copying from one to another.
//! - [`process`], [`stdio`], [`signal`]: children, the standard streams, ctrl-c.
//! - [`lib`](mod@lib), [`patcher`], [`ext`]: what Python evergreen has for Python's own modules, as far
//!   as Rust can have it.
//! - [`current`]: this thread's loop and task.
//!
//! Each part is a crate of its own: `evergreen-loop`, `evergreen-task`, `evergreen-sync`,
//! `evergreen-io`. Tests have another one, `evergreen-testing`: virtual time, golden traces, streams in
//! memory.

pub mod ext;
pub mod patcher;

#[cfg(feature = "hyper")]
pub use evergreen_io::hyper;
pub use evergreen_io::{AsyncFd, Interest, Ready, fs, net, pipe, process, resolve, signal, stdio};
pub use evergreen_loop::{
    BlockingError, BlockingJob, Builder, Delay, ErrorContext, ErrorOrigin, EventLoop, Handler,
    InvalidDelay, KeepAlive, KeyboardInterrupt, LoopError, LoopExit, LoopRemote, LoopTime, Metrics,
    Panic, RemoteHandler, RunError, RunReport, SystemError, SystemExit, SystemStop, TurnOutcome,
    Watcher, block_on, spawn_blocking, try_block_on,
};
pub use evergreen_macros::{main, task, test};
pub use evergreen_sync::{
    Event, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, channel, event, futures,
    locks, oneshot, queue,
};
pub use evergreen_task::{
    GroupError, Interval, JoinError, KillOnDrop, Local, LoopTasks, MissedTickBehavior, RemoteTask,
    RemoteTasks, Sleep, Task, TaskError, TaskExit, TaskGroup, TaskId, TaskLocal, TaskRef,
    TaskState, Timeout, catch_kill, consume_budget, interval, interval_at, join, pin, select,
    sleep, sleep_until, spawn, task_local, timeout, timeout_at, try_join, yield_now,
};

/// Bytes, whatever they come from.
pub mod io {
    #[doc(inline)]
    pub use evergreen_io::io::*;
    pub use evergreen_io::{copy, copy_bidirectional};
}

/// Python's modules that block, as Python evergreen has them. Those of the standard library's names
/// are chosen by the [`patcher`].
pub mod lib {
    #[doc(inline)]
    pub use evergreen_io::lib::{select, socket, time};

    pub mod net;
    pub mod patched;
    pub mod thread;
}

/// Everything about tasks.
pub mod tasks {
    pub use evergreen_task::*;
}

/// The loop and the task of this moment, looked up at every call.
pub mod current {
    use crate::{EventLoop, LoopError};
    pub use evergreen_task::current as task;

    /// The loop of this thread, as [`EventLoop::current`] gives it.
    ///
    /// # Errors
    ///
    /// [`LoopError::NoLoop`] on a thread that has none and is not the main thread.
    pub fn event_loop() -> Result<EventLoop, LoopError> {
        EventLoop::current()
    }
}

/// What a program usually wants to name: `use evergreen::prelude::*`.
pub mod prelude {
    pub use crate::{
        Delay, EventLoop, LoopRemote, LoopTasks, LoopTime, RemoteTasks, Task, sleep, spawn,
        timeout, yield_now,
    };
}

/// What the macros expand to.
#[doc(hidden)]
pub mod __private {
    pub use evergreen_loop::{TestRun, block_on as test, run_main as main};
}
