//! Every async method of `io`'s classes, ended at each of its suspensions (D-12).
//!
//! Whatever was ended: no byte is lost or doubled, and no connection; whoever comes next is served,
//! whoever waits is told when the stream is closed, and no descriptor is left.

#[path = "../common/mod.rs"]
mod common;
mod connecting;
mod datagrams;
mod handling;
mod reading;
mod serving;
mod writing;

#[test]
fn every_async_method_has_a_scenario() {
    evergreen_testing::kill_points::assert_covered("src/io", "tests/kill_points");
}
