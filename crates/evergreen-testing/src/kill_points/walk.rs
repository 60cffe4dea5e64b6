//! From point to point.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what was counted, and where it failed"
)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use evergreen_task::timeout;

use super::point::Point;
use super::stage::Stage;
use crate::test_loop::TestLoop;

/// Plays a scenario undisturbed, then once for each point of its roles, each time on a loop of its
/// own with virtual time. Prints what it has counted, and gives the number of points.
///
/// `method` is what the scenario is for: `Type::method`, or the name of a function or a future. That
/// is what [`assert_covered`](super::assert_covered) looks for.
///
/// # Panics
///
/// With what the scenario panics; at which point is printed. If it waits for ever, if no role ever
/// suspends, or if a role does not come to its point again: each play must go the same way up to
/// there. If this thread has a loop.
pub fn every_point(method: &str, scenario: impl AsyncFn(&Stage)) -> usize {
    let undisturbed = play(None, &scenario);
    let suspensions = undisturbed.suspensions();
    assert!(suspensions.iter().any(|&times| times > 0), "{method}: nobody has waited");
    let points = || (0..).zip(&suspensions).flat_map(|(role, &times)| Point::of_role(role, times));
    let reached = points().filter(|&point| reaches(method, point, &scenario)).count();
    let (all, roles) = (points().count(), suspensions.len());
    let suspended = suspensions.iter().sum::<usize>();
    println!("{method}: {suspended} suspensions of {roles} roles, {reached} of {all} points");
    assert_eq!(reached, all, "{method}: a role did not come to its point");
    all
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
