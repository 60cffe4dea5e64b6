//! Tasks for the evergreen event loop: futures that start, are joined and killed, sleep, and wait
//! with a limit.
//!
//! A task is one entry of the loop's queue at a time, like any callback, so the order in which
//! tasks run is the order in which they became ready. Tasks need no `Send`.
//!
//! ```
//! use evergreen_loop::EventLoop;
//! use evergreen_task::{sleep, spawn};
//!
//! let event_loop = EventLoop::new()?;
//! let seen = event_loop.block_on(async {
//!     let task = spawn(async {
//!         sleep(0.001).await;
//!         "done"
//!     });
//!     task.await
//! })?;
//! assert_eq!(seen, "done");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to start reading
//!
//! `state` draws the life of a task. `header` is what stands in front of its future, `body` polls
//! the future and ends the task, `raw` is where both meet `async-task`, `registry` knows the tasks
//! of a loop. `task`, `task_ref` and `remote` are the handles; `kill` and `join` what they do;
//! `scope` catches a kill, and `interrupt` says whose turn it is to take one.

mod body;
mod branches;
mod budget;
mod builder;
mod dump;
mod error;
mod failure;
mod group;
mod header;
mod interrupt;
mod interval;
mod join;
mod joiners;
mod kill;
mod kill_on_drop;
mod local;
mod raw;
mod registry;
mod remote;
mod run;
mod scope;
mod sleep;
mod spawn;
mod state;
mod sync;
mod task;
mod task_ref;
mod timeout;
mod yield_now;

pub use budget::consume_budget;
pub use builder::Builder;
pub use error::{JoinError, TaskError, TaskExit};
pub use group::{GroupError, TaskGroup};
pub use header::TaskId;
pub use interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use join::Join;
pub use kill_on_drop::KillOnDrop;
pub use local::{Local, TaskLocal, Unset};
pub use remote::{RemoteTask, RemoteTasks};
pub use run::Run;
pub use scope::{CatchKill, catch_kill};
pub use sleep::{Sleep, sleep, sleep_until};
pub use spawn::{LoopTasks, spawn};
pub use state::TaskState;
pub use std::pin::pin;
pub use task::Task;
pub use task_ref::{TaskRef, all, current};
pub use timeout::{Armed, Limited, Timeout, timeout, timeout_at, timeout_or, timeout_silent};
pub use yield_now::{YieldNow, yield_now};

/// What the crates above build on. Programs have no use for it.
pub mod build {
    pub use crate::task_ref::current_id;
}

#[doc(hidden)]
pub mod __private {
    pub use crate::branches::*;
    pub use std::thread_local;
}
