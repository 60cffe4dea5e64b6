//! The atomics through which other threads look at a task, in one place, so that a model checker
//! can put its own here: `--cfg evergreen_loom`.

#[cfg(evergreen_loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8};
#[cfg(not(evergreen_loom))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8};
