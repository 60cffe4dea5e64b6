//! Every async method of this crate, ended at each of its suspensions (D-12).
//!
//! Whatever was ended, the others must all be served, in order; nobody may be left waiting, and
//! nothing lost or doubled.

mod barriers;
mod channel;
mod conditions;
mod event;
mod executors;
mod items;
mod jobs;
mod locks;
mod oneshot;
mod owning;
mod queues;
mod streams;
mod waiting;

#[test]
fn every_async_method_has_a_scenario() {
    evergreen_testing::kill_points::assert_covered("src", "tests/kill_points");
}
