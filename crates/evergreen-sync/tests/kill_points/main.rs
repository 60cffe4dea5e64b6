//! Every async method of this crate, ended at each of its suspensions (D-12).
//!
//! A scenario is played once undisturbed, which counts the suspensions of its roles. Then it is
//! played again for each suspension and each [`Ending`](point::Ending). Whatever was ended, the others must
//! all be served, in order; nobody may be left waiting, and nothing lost or doubled. `covered` reads
//! the sources, and fails if an async method has no scenario.

mod barriers;
mod channel;
#[path = "../common/mod.rs"]
mod common;
mod conditions;
mod covered;
mod event;
mod executors;
mod items;
mod jobs;
mod locks;
mod oneshot;
mod owning;
mod point;
mod queues;
mod role;
mod stage;
mod streams;
mod waiting;
mod walk;
