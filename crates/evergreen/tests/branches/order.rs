//! `select!`: the order of conditions, futures, polls, drops and the handler.

use std::cell::Cell;

use evergreen::{select, yield_now};

use crate::{Trace, run};

// D-2
#[test]
fn branches_are_polled_in_written_order_at_every_wake_up() {
    let trace = Trace::default();
    let won = run(async {
        select! {
            name = trace.branch("a", 3) => name,
            name = trace.branch("b", 9) => name,
            name = trace.branch("c", 9) => name,
        }
    });
    assert_eq!(won, "a");
    let polls: Vec<_> = trace.take().into_iter().filter(|word| word.starts_with("poll")).collect();
    let round = ["poll a", "poll b", "poll c"];
    assert_eq!(polls, [&round[..], &round, &round[..1]].concat());
}

//
#[test]
fn of_two_ready_branches_the_first_written_always_wins() {
    run(async {
        for _ in 0..1000 {
            let won = select! {
                () = async {} => 1,
                () = async {} => 2,
            };
            assert_eq!(won, 1);
        }
    });
}

//
#[test]
fn a_value_written_before_a_limit_is_not_lost_when_both_are_ready() {
    run(async {
        let won = select! {
            () = yield_now() => "value",
            () = yield_now() => "limit",
        };
        assert_eq!(won, "value");
    });
}

#[test]
fn all_futures_are_dropped_in_written_order_before_the_handler_runs() {
    let trace = Trace::default();
    run(async {
        select! {
            _ = trace.branch("loser", 9) => trace.note("wrong handler"),
            _ = trace.branch("disabled", 1), if false => trace.note("wrong handler"),
            _ = trace.branch("winner", 2) => trace.note("handler"),
            _ = trace.branch("last", 9) => trace.note("wrong handler"),
        }
    });
    let expected = [
        "poll loser",
        "poll winner",
        "poll last",
        "poll loser",
        "poll winner",
        "drop loser",
        "drop disabled",
        "drop winner",
        "drop last",
        "handler",
    ];
    assert_eq!(trace.take(), expected);
}

#[test]
fn the_futures_are_dropped_before_the_handler_of_else() {
    let trace = Trace::default();
    run(async {
        select! {
            None::<()> = async { trace.branch("only", 1).await; Some(()) } => {}
            else => trace.note("else"),
        }
    });
    assert_eq!(trace.take(), ["poll only", "drop only", "else"]);
}

#[test]
fn conditions_are_evaluated_once_before_any_future_is_made() {
    let trace = Trace::default();
    let (first, second) = (Cell::new(true), Cell::new(false));
    let check = |name, condition: &Cell<bool>| {
        trace.note(name);
        condition.get()
    };
    run(async {
        select! {
            _ = { trace.note("make a"); trace.branch("a", 2) }, if check("a?", &first) => {}
            _ = { trace.note("make b"); trace.branch("b", 1) }, if check("b?", &second) => {}
            // What a condition has said holds for this time.
            () = { first.set(false); second.set(true); std::future::pending() } => {}
        }
    });
    let expected = ["a?", "b?", "make a", "make b", "poll a", "poll a", "drop a", "drop b"];
    assert_eq!(trace.take(), expected);
}

#[test]
fn a_value_that_does_not_match_is_dropped_and_disables_its_branch() {
    let trace = Trace::default();
    let won = run(async {
        select! {
            (None::<u8>, _) = async { (Some(1), trace.on_drop("value")) } => "no match",
            () = trace_after(&trace) => "match",
        }
    });
    assert_eq!(won, "match");
    assert_eq!(trace.take(), ["drop value", "first", "second"]);
}

async fn trace_after(trace: &Trace) {
    trace.note("first");
    yield_now().await;
    trace.note("second");
}

#[test]
fn a_value_that_the_pattern_leaves_lives_through_the_handler() {
    let trace = Trace::default();
    run(async {
        select! {
            _ = async { trace.on_drop("value") } => trace.note("handler"),
        }
    });
    assert_eq!(trace.take(), ["handler", "drop value"]);
}
