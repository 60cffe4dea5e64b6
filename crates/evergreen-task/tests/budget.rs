//! A budget of ready results: what only awaits what is ready gives way now and then.

mod common;

use std::future::Future;
use std::task::Context;

use common::{TestLoop, Trace, Wakes};
use evergreen_task::{catch_kill, consume_budget, spawn, yield_now};

/// Takes so many ready results, and notes each 64th.
async fn greedy(trace: Trace, results: usize) {
    for taken in 1..=results {
        consume_budget().await;
        if taken % 64 == 0 {
            trace.note(taken);
        }
    }
}

/// Two turns of somebody else, noted.
async fn other(trace: Trace) {
    trace.note("other");
    yield_now().await;
    trace.note("other again");
}

// "a budget of 128 ready results per poll and then yield once".
#[test]
fn a_task_goes_through_the_queue_once_for_each_128_results() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let task = spawn(greedy(trace.clone(), 320));
    let _other = spawn(other(trace.clone()));
    event_loop.block_on(task.join()).unwrap();
    assert_eq!(trace.take(), ["64", "128", "other", "192", "256", "other again", "320"]);
    assert_eq!(task.task_ref().polls(), 3);
}

//
#[test]
fn the_main_future_goes_through_the_queue_as_well() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let _other = spawn(other(trace.clone()));
    event_loop.block_on(async {
        // It stands before the other's turn.
        greedy(trace.clone(), 320).await;
    });
    assert_eq!(trace.take(), ["other", "64", "128", "other again", "192", "256", "320"]);
}

// the share is one of the turn, not of the future.
#[test]
fn a_task_that_waits_by_itself_has_a_full_share_afterwards() {
    let event_loop = TestLoop::new();
    let task = spawn(async {
        for _ in 0..3 {
            for _ in 0..128 {
                consume_budget().await;
            }
            yield_now().await;
        }
    });
    event_loop.block_on(task.join()).unwrap();
    assert_eq!(task.task_ref().polls(), 4);
}

// R-17, D-8: to give way is a suspension, at which a kill ends the task.
#[test]
fn a_greedy_task_can_be_killed() {
    let event_loop = TestLoop::new();
    let task = spawn(catch_kill(async {
        loop {
            consume_budget().await;
        }
    }));
    event_loop.call_soon({
        let task = task.task_ref();
        move || task.kill()
    });
    let caught: Result<Result<(), _>, _> = event_loop.block_on(task);
    assert!(caught.unwrap().is_err());
}

/// How many ready results a future polled by hand gets at once, and whether it was woken then.
fn by_hand(most: usize) -> (usize, usize) {
    let (wakes, waker) = Wakes::new();
    let mut cx = Context::from_waker(&waker);
    let mut ready = 0;
    while ready < most && Box::pin(consume_budget()).as_mut().poll(&mut cx).is_ready() {
        ready += 1;
    }
    (ready, wakes.count())
}

// outside of the loop's entries there is nobody to give way to.
#[test]
fn outside_of_the_loop_there_is_no_budget() {
    assert_eq!(by_hand(1000), (1000, 0));
    let event_loop = TestLoop::new();
    assert_eq!(by_hand(1000), (1000, 0));
    // In an entry there is, whoever polls.
    let trace = Trace::new();
    let noting = trace.clone();
    event_loop.call_soon(move || noting.note(format_args!("{:?}", by_hand(1000))));
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["(128, 1)"]);
}
