//! The event loop of evergreen: time, readiness and order on one thread.
//!
//! One [`EventLoop`] per thread runs callbacks, timers, descriptor watchers, signal handlers and
//! calls from other threads, all through a single first-in-first-out queue. Tasks are built on top
//! of it by `evergreen-task`; sockets by `evergreen-io`. Taken alone it is an event loop as
//! asyncio's or libuv's is, and it can be hosted by another one: see [`EventLoop::turn`].
//!
//! ```
//! use evergreen_loop::EventLoop;
//! use std::time::Duration;
//!
//! let event_loop = EventLoop::new()?;
//! event_loop.call_later(Duration::from_millis(5), || println!("later"));
//! event_loop.call_soon(|| println!("soon"));
//! let report = event_loop.run()?;
//! assert_eq!(report.parked_tasks, 0);
//! event_loop.destroy()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to start reading
//!
//! `turn` is one iteration, step by step. `core` is what it works on, `ready` the queue, `entry`
//! what stands in the queue. `timers` and `wheel` keep time; `selector` and `sources` readiness;
//! `inbox` and `remote` what comes from other threads; `signals` and `blocking` the rest of the
//! outside world. `deadlock` and `slow` tell of what goes wrong. `event_loop` is the face that all
//! of it shows.
//!
//! # Panics in callbacks
//!
//! A panic ends the callback, is reported to the loop's exception handler and does not stop the
//! loop. This needs unwinding: with `panic = "abort"` the process ends instead.

#[cfg(not(unix))]
compile_error!("evergreen-loop runs on Unix systems: Linux, macOS, the BSDs");
#[cfg(not(target_pointer_width = "64"))]
compile_error!("evergreen-loop packs a generation into its 64-bit keys: build for a 64-bit target");

mod arena;
mod blocking;
mod blocking_pool;
mod budget;
mod builder;
mod clock;
mod core;
mod current;
mod deadlock;
mod debug;
mod entry;
mod entry_points;
mod error;
mod event_loop;
mod fork;
mod handler;
mod inbox;
mod liveness;
mod loop_id;
mod main_future;
mod metrics;
mod panic;
mod ready;
mod registration;
mod remote;
mod selector;
mod signals;
mod slow;
mod sources;
mod spawn_blocking;
mod sync;
mod test_run;
mod timer;
mod timers;
mod turn;
mod virtual_time;
mod watchers;
mod wheel;

pub use blocking::{BlockingError, BlockingJob};
pub use builder::Builder;
pub use clock::{Delay, InvalidDelay, LoopTime};
pub use deadlock::LoopExit;
#[doc(hidden)]
pub use entry_points::run_main;
pub use entry_points::{block_on, try_block_on};
pub use error::{
    ErrorContext, ErrorOrigin, KeyboardInterrupt, LoopError, RunError, SystemError, SystemExit,
    SystemStop,
};
pub use event_loop::{EventLoop, RunReport, TurnOutcome};
pub use handler::{Handler, RemoteHandler};
pub use liveness::KeepAlive;
pub use metrics::Metrics;
pub use panic::Panic;
pub use remote::LoopRemote;
pub use spawn_blocking::spawn_blocking;
#[doc(hidden)]
pub use test_run::TestRun;
pub use watchers::Watcher;

/// What the crates above the loop build on: tasks, timers and sources.
///
/// Programs have no use for it; a crate that brings its own kind of task or I/O object does.
pub mod build {
    pub use crate::blocking_pool::BlockingPool;
    pub use crate::budget::poll_budget;
    pub use crate::core::{TaskTable, drop_payload, guarded};
    pub use crate::current::{task_table, turn_time};
    pub use crate::entry::TaskEntry;
    pub use crate::loop_id::LoopId;
    pub use crate::main_future::in_main_future;
    pub use crate::registration::{Direction, Interest, Readiness, Registration, descriptor_mode};
    pub use crate::signals::before_end;
    pub use crate::slow::SlowWatch;
    pub use crate::timer::Timer;
}

/// The places where another clock or another poller can be put in, and where time is controlled.
/// Unstable.
#[doc(hidden)]
pub mod seam {
    pub use crate::clock::{Clock, MonotonicClock};
    #[cfg(evergreen_loom)]
    pub use crate::selector::{Bell, ModelSelector};
    pub use crate::selector::{
        Event, Mode, Notify, PortableSelector, ReadySet, Selector, SelectorTraits, system_selector,
    };
    pub use crate::sources::SourceKey;
    pub use crate::virtual_time::{Freeze, QuietAt, TimeControl};
}
