//! The read buffer and the stream beside plain models, under random schedules.
//!
//! What was written is what is read, whatever the pieces, the limits, and who is killed meanwhile.
//! After every step both sides must have told the same, and look the same.
//!
//! `EVERGREEN_SCHEDULES` says how many schedules each gets.

mod asks;
mod buffer;
#[path = "../common/mod.rs"]
mod common;
mod plain;
mod stream;

use std::fmt::Debug;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestError, TestRunner};

/// Draws schedules, and plays each; a failure prints the shortest that fails.
fn agree<T: Debug>(schedules: impl Strategy<Value = T>, play: impl Fn(&T) -> TestCaseResult) {
    let wanted = std::env::var("EVERGREEN_SCHEDULES").ok();
    let cases = wanted.map_or(500, |number| number.parse().expect("a number"));
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    match TestRunner::new(config).run(&schedules, |schedule| play(&schedule)) {
        Ok(()) => {},
        Err(TestError::Fail(why, schedule)) => panic!("{why}, at the end of\n{schedule:#?}"),
        Err(error) => panic!("{error}"),
    }
}
