//! From point to point.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what was counted, and where it failed"
)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use evergreen_task::timeout;

use crate::common::TestLoop;
use crate::point::Point;
use crate::stage::Stage;

/// Plays a scenario undisturbed, then once for each point of its roles.
pub(crate) fn every_point(method: &str, scenario: impl AsyncFn(&Stage)) {
    let undisturbed = play(None, &scenario);
    let suspensions = undisturbed.suspensions();
    assert!(suspensions.iter().any(|&times| times > 0), "{method}: nobody has waited");
    let points = || (0..).zip(&suspensions).flat_map(|(role, &times)| Point::of_role(role, times));
    let reached = points().filter(|&point| reaches(method, point, &scenario)).count();
    println!(
        "{method}: {} suspensions of {} roles, {reached} of {} points",
        suspensions.iter().sum::<usize>(),
        suspensions.len(),
        points().count(),
    );
    assert_eq!(reached, points().count(), "{method}: a role did not come to its point");
}

/// Plays a scenario to a point; a failure says which.
fn reaches(method: &str, point: Point, scenario: &impl AsyncFn(&Stage)) -> bool {
    let played = catch_unwind(AssertUnwindSafe(|| play(Some(point), scenario)));
    match played {
        Ok(stage) if stage.is_complete() => true,
        Ok(_) => {
            eprintln!("{method}: not reached: {point:?}");
            false
        },
        Err(panic) => {
            eprintln!("{method}: failed with {point:?}");
            resume_unwind(panic);
        },
    }
}

fn play(point: Option<Point>, scenario: &impl AsyncFn(&Stage)) -> Stage {
    let event_loop = TestLoop::with_virtual_time();
    let stage = Stage::new(point);
    // Virtual: it is over when nothing is left to do.
    let played = event_loop.block_on(timeout(1_000_000.0, scenario(&stage)));
    assert!(played.is_ok(), "the scenario waits for ever");
    stage
}
