//! `try_join!`: values, and the first error.

use std::convert::Infallible;
use std::future::pending;

use evergreen::{try_join, yield_now};

use crate::{Trace, run};

async fn fails_after(turns: u32, name: &'static str) -> Result<Infallible, &'static str> {
    for _ in 0..turns {
        yield_now().await;
    }
    Err(name)
}

#[test]
fn values_are_a_tuple_in_written_order() {
    run(async {
        let late = async {
            yield_now().await;
            Ok::<_, ()>(1)
        };
        assert_eq!(try_join!(late, async { Ok("b") }), Ok((1, "b")));
        assert_eq!(try_join!(async { Ok::<_, ()>(1) },), Ok((1,)));
        assert_eq!(try_join!(), Ok::<(), ()>(()));
        assert_eq!(try_join!(biased;), Ok::<(), ()>(()));
    });
}

#[test]
fn the_first_error_in_time_ends_it() {
    run(async {
        let outcome = try_join!(fails_after(2, "late"), fails_after(1, "early"), pending());
        assert_eq!(outcome, Err::<(_, _, ()), _>("early"));
    });
}

#[test]
fn of_two_errors_in_one_turn_it_is_the_one_written_first() {
    run(async {
        let outcome = try_join!(fails_after(1, "first"), fails_after(1, "second"));
        assert_eq!(outcome, Err("first"));
    });
}

#[test]
fn after_an_error_nothing_is_polled_and_all_is_dropped_before_it_arrives() {
    let trace = Trace::default();
    let outcome = run(async {
        let waits = async { Ok(trace.branch("waits", 9).await) };
        let value = async { Ok(trace.on_drop("value")) };
        let fails = async { Err::<(), _>(trace.branch("fails", 2).await) };
        let never = async { Ok(trace.branch("never", 9).await) };
        let outcome = try_join!(waits, value, fails, never).map(|_| ());
        trace.note("error");
        outcome
    });
    assert_eq!(outcome, Err("fails"));
    let expected = [
        "poll waits",
        "poll fails",
        "poll never",
        "poll waits",
        "poll fails",
        "drop fails",
        "drop waits",
        "drop value",
        "drop never",
        "error",
    ];
    assert_eq!(trace.take(), expected);
}

#[test]
fn the_question_mark_takes_the_error_apart() {
    async fn sum() -> Result<u8, &'static str> {
        let (one, two) = try_join!(async { Ok(1) }, async { Ok::<u8, &str>(2) })?;
        Ok(one + two)
    }
    assert_eq!(run(sum()), Ok(3));
}
