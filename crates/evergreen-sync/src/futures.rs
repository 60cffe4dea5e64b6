//! Work that is handed out, and the jobs by which it is followed.
//!
//! A [`Job`] is what Python calls a `Future`: the handle to a call that somebody else makes, to be
//! waited for, cancelled and asked for its result. [`promise()`] makes one by hand; an executor makes
//! one for each call that it is given.
//!
//! A pool of processes, Python's `ProcessPoolExecutor`, is not here: a closure cannot cross into
//! another process. What it is used for there, computing on several processors, threads do here. Who
//! needs the walls of a process runs a program of its own with [`std::process::Command`] and talks
//! with it over its pipes.

mod as_completed;
mod claim;
mod delivery;
mod door;
mod error;
mod executor;
mod get;
mod job;
mod map;
mod promise;
mod state;
mod task_pool;
mod thread_pool;
mod wait;
mod worker;

pub use as_completed::{AsCompleted, as_completed, as_completed_timeout};
pub use error::{ExecutorError, JobError, PromiseError, UnfinishedError};
pub use executor::Executor;
pub use get::Get;
pub use job::Job;
pub use map::MapResults;
pub use promise::{Promise, promise};
pub use task_pool::TaskPoolExecutor;
pub use thread_pool::ThreadPoolExecutor;
pub use wait::{DoneAndNotDone, WaitFor, wait, wait_timeout};
