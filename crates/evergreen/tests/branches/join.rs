//! `join!`: order, outputs, kills.

use std::future::{Future, pending};
use std::task::Poll;

use evergreen::{join, select, sleep, spawn, yield_now};

use crate::{Trace, run, soon};

#[test]
fn outputs_are_a_tuple_in_written_order_whatever_comes_first() {
    run(async {
        let slow = async {
            sleep(0.001).await;
            "slow"
        };
        assert_eq!(join!(slow, async { 2 }, soon()), ("slow", 2, ()));
        assert_eq!(join!(biased; async { 1 }), (1,));
        let (): () = join!();
        let (): () = join!(biased;);
    });
}

#[test]
fn a_branch_is_polled_until_it_is_ready_and_then_dropped_at_once() {
    let trace = Trace::default();
    let outputs =
        run(async { join!(trace.branch("a", 2), trace.branch("b", 1), trace.branch("c", 3)) });
    assert_eq!(outputs, ("a", "b", "c"));
    let expected = [
        "poll a", "poll b", "drop b", "poll c", // each has its turn
        "poll a", "drop a", "poll c", // without the one that is ready
        "poll c", "drop c",
    ];
    assert_eq!(trace.take(), expected);
}

#[test]
fn branches_borrow_what_surrounds_them() {
    run(async {
        let (mut number, mut other) = (1, 2);
        let add = async {
            soon().await;
            other += 1;
        };
        let ((), held) = join!(add, hold(&mut number));
        assert_eq!((held, number, other), (2, 2, 3));
    });
}

async fn hold(number: &mut u8) -> u8 {
    soon().await;
    *number += 1;
    *number
}

// D-8
#[test]
fn every_branch_that_waits_is_polled_at_every_wake_up() {
    let trace = Trace::default();
    run(async {
        let waits = std::future::poll_fn(|_| {
            trace.note("poll");
            Poll::<()>::Pending
        });
        select! {
            _ = async { join!(waits, pending::<()>()) } => {}
            () = async { yield_now().await; yield_now().await } => {}
        }
    });
    // Nobody woke it, yet it saw all three turns of the task.
    assert_eq!(trace.take(), ["poll"; 3]);
}

// EV-TASK-08
#[test]
fn a_kill_drops_all_branches_in_written_order() {
    let trace = Trace::default();
    run(async {
        let words = trace.clone();
        let task = spawn(async move {
            let hold = |name| {
                let guard = words.on_drop(name);
                async move {
                    let _guard = guard;
                    pending::<()>().await;
                }
            };
            join!(hold("first"), hold("second"))
        });
        yield_now().await;
        task.kill();
        assert!(task.await.is_err());
    });
    assert_eq!(trace.take(), ["drop first", "drop second"]);
}

#[test]
fn it_may_stand_where_a_future_must_be_send() {
    fn send<F: Future + Send>(future: F) -> F {
        future
    }
    let future = send(async { join!(soon_sent(1), soon_sent(2)) });
    assert_eq!(run(future), (1, 2));
}

async fn soon_sent(number: u8) -> u8 {
    yield_now().await;
    number
}
