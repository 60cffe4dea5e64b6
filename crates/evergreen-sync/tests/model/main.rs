//! Each primitive beside a plain model of it, under random schedules.
//!
//! A schedule starts tasks, kills them, wakes them for nothing, calls what does not wait, and lets
//! turns or seconds pass. [`World`](world::World) is the loop and its tasks as plain lists; each
//! model says what a task does in a turn. After every step both sides must have told the same, in
//! the same order, and look the same.
//!
//! `EVERGREEN_SCHEDULES` says how many schedules each primitive gets.

mod actors;
mod barrier;
mod channel;
#[path = "../common/mod.rs"]
mod common;
mod completed;
mod event;
mod job;
mod lock;
mod oneshot;
mod owned;
mod play;
mod queue;
mod rwlock;
mod schedule;
mod slots;
mod subject;
mod task_pool;
mod world;
