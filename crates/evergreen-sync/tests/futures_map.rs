//! `map`: rows EV-FUT-15 to EV-FUT-17.

mod common;

use std::cell::Cell;
use std::future::pending;
use std::pin::pin;
use std::rc::Rc;

use common::{TestLoop, Trace, polled, settle, virtual_loop};
use evergreen_loop::EventLoop;
use evergreen_sync::futures::{JobError, MapResults, TaskPoolExecutor};
use evergreen_task::{sleep, spawn, yield_now};
use futures_core::Stream;

fn pool(max_workers: usize) -> TaskPoolExecutor {
    TaskPoolExecutor::new(max_workers).expect("more than no workers")
}

async fn rest<T>(mut results: MapResults<T>) -> Vec<T> {
    let mut values = Vec::new();
    while let Some(value) = results.next().await {
        values.push(value.expect("neither cancelled nor panicked"));
    }
    values
}

async fn seconds<R>(event_loop: &EventLoop, wait: impl Future<Output = R>) -> (R, u64) {
    let before = event_loop.time();
    let output = wait.await;
    (output, (event_loop.time() - before).as_secs())
}

// EV-FUT-15
#[test]
fn results_come_in_the_order_of_what_went_in() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let trace = Trace::new();
        let notes = trace.clone();
        let results = pool(3).map([3, 1, 2], move |number| {
            let notes = notes.clone();
            async move {
                sleep(f64::from(number)).await;
                notes.note(number);
                number * 10
            }
        });
        let (values, seconds) = seconds(&event_loop, rest(results.expect("not shut down"))).await;
        assert_eq!((values, seconds), (vec![30, 10, 20], 3));
        trace.assert_eq(["1", "2", "3"]);
    });
    event_loop.destroy().expect("not running");
}

// EV-FUT-15
#[test]
fn all_is_submitted_before_the_first_result_is_asked_for() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (pool, trace) = (pool(2), Trace::new());
        let (items, calls) = (trace.clone(), trace.clone());
        let numbers = (0..3).inspect(move |number| items.note(format_args!("item {number}")));
        let results = pool.map(numbers, move |number| {
            calls.note(format_args!("call {number}"));
            async move { number }
        });
        trace.assert_eq(["item 0", "item 1", "item 2"]);
        settle().await;
        trace.assert_eq(["call 0", "call 1", "call 2"]);
        assert_eq!(rest(results.expect("not shut down")).await, [0, 1, 2]);
    });
}

// EV-FUT-15
#[test]
fn several_inputs_end_with_the_shortest_and_none_give_no_result() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let pool = pool(2);
        let pairs = [1, 2, 3].into_iter().zip([10, 20]);
        let sums = pool.map(pairs, |(left, right)| async move { left + right });
        assert_eq!(rest(sums.expect("not shut down")).await, [11, 22]);
        let none = pool.map([0; 0], |number| async move { number });
        assert_eq!(rest(none.expect("not shut down")).await, []);
    });
}

// EV-FUT-15, EV-FUT-17
#[test]
fn a_failure_comes_when_its_turn_does_and_cancels_the_rest() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (pool, trace) = (pool(1), Trace::new());
        let calls = trace.clone();
        let results = pool.map(0..4, move |number| {
            let calls = calls.clone();
            async move {
                yield_now().await;
                calls.note(format_args!("call {number}"));
                assert_ne!(number, 1);
                number
            }
        });
        let mut results = results.expect("not shut down");
        assert!(matches!(results.next().await, Some(Ok(0))));
        assert!(matches!(results.next().await, Some(Err(JobError::Panicked(_)))));
        assert!(results.next().await.is_none());
        pool.shutdown(true).await;
        // The third was running when the second's failure was seen, and nobody takes that back.
        trace.assert_eq(["call 0", "call 1", "call 2"]);
    });
}

// EV-FUT-16: the limit is one for all, and counts from the call. Python waits for ever here.
#[test]
fn the_limit_is_one_for_all_results_from_the_call_on() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let call = |number| async move { sleep(f64::from(number) * 2.0).await };
        let results = pool(3).map_timeout([1, 2, 3], call, 5.0);
        let mut results = results.expect("not shut down");
        for expected in [2, 2] {
            let (result, seconds) = seconds(&event_loop, results.next()).await;
            assert!(matches!(result, Some(Ok(()))));
            assert_eq!(seconds, expected);
        }
        let (result, seconds) = seconds(&event_loop, results.next()).await;
        assert!(matches!(result, Some(Err(JobError::TimedOut))));
        assert_eq!(seconds, 1);
        assert!(results.next().await.is_none());
    });
    event_loop.destroy().expect("not running");
}

// EV-FUT-16: asked for when it is over already.
#[test]
fn a_limit_that_is_long_over_gives_what_is_done_and_then_the_error_at_once() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let call = |number| async move { sleep(f64::from(number)).await };
        let results = pool(2).map_timeout([1, 3600], call, 5.0);
        let mut results = results.expect("not shut down");
        sleep(60.0).await;
        let (result, seconds_waited) = seconds(&event_loop, results.next()).await;
        assert!(matches!(result, Some(Ok(()))), "R-3: the value first");
        assert_eq!(seconds_waited, 0);
        let (result, seconds_waited) = seconds(&event_loop, results.next()).await;
        assert!(matches!(result, Some(Err(JobError::TimedOut))));
        assert_eq!(seconds_waited, 0);
    });
    event_loop.destroy().expect("not running");
}

// EV-FUT-16, D-11
#[test]
fn a_limit_of_zero_is_over_after_one_trip_and_a_negative_one_never() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let pool = pool(1);
        let mut results = pool.map_timeout([1], |_| sleep(1.0), 0.0).expect("not shut down");
        assert!(matches!(results.next().await, Some(Err(JobError::TimedOut))));
        let mut results = pool.map_timeout([1], |_| sleep(3600.0), -1.0).expect("not shut down");
        assert!(matches!(results.next().await, Some(Ok(()))));
    });
    event_loop.destroy().expect("not running");
}

// EV-FUT-17
#[test]
fn leaving_early_cancels_what_has_not_begun() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (pool, trace) = (pool(2), Trace::new());
        let calls = trace.clone();
        let results = pool.map(0..10, move |number| {
            calls.note(number);
            pending::<()>()
        });
        settle().await;
        drop(results);
        trace.assert_eq(["0", "1"]);
        assert!(format!("{pool:?}").ends_with("workers: 2, queued: 8 }"));
        evergreen_task::all().iter().for_each(evergreen_task::TaskRef::kill);
        settle().await;
        trace.assert_eq([]);
        assert!(format!("{pool:?}").ends_with("workers: 0, queued: 0 }"));
    });
}

// EV-FUT-17: the input may end the map itself.
#[test]
fn a_map_whose_input_shuts_the_pool_down_cancels_what_it_had_submitted() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (pool, trace) = (pool(1), Trace::new());
        let (shuts, calls) = (pool.clone(), trace.clone());
        let items = (0..3).inspect(move |number| {
            if *number == 1 {
                evergreen_testing::poll_once(&mut Box::pin(shuts.shutdown(false))).is_ready();
            }
        });
        let results = pool.map(items, move |number| {
            calls.note(number);
            async {}
        });
        assert!(results.is_err());
        pool.shutdown(true).await;
        trace.assert_eq([]);
    });
}

// EV-FUT-15: killed at its suspension, and dropped at any poll.
#[test]
fn a_wait_for_the_next_result_that_is_dropped_takes_none_with_it() {
    for polls in 0..4 {
        let event_loop = TestLoop::new();
        event_loop.block_on(async {
            let results = pool(2).map([1, 2, 3], |number| async move {
                yield_now().await;
                number
            });
            let mut results = results.expect("not shut down");
            let mut next = Box::pin(results.next());
            for _ in 0..polls {
                if polled(&mut next).await.is_ready() {
                    return;
                }
                yield_now().await;
            }
            settle().await;
            drop(next);
            assert_eq!(rest(results).await, [1, 2, 3], "after {polls} polls");
        });
    }
}

// EV-FUT-15, EV-FUT-17
#[test]
fn who_is_killed_while_it_reads_results_cancels_the_rest() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (pool, begun) = (pool(1), Rc::new(Cell::new(0)));
        let counts = Rc::clone(&begun);
        let results = pool.map(0..3, move |_| {
            counts.set(counts.get() + 1);
            async {
                for _ in 0..3 {
                    yield_now().await;
                }
            }
        });
        let reader = spawn(rest(results.expect("not shut down")));
        yield_now().await;
        reader.kill();
        pool.shutdown(true).await;
        assert_eq!(begun.get(), 1);
    });
}

#[test]
fn the_results_are_a_stream() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let results = pool(1).map([1, 2], |number| async move { number });
        let mut results = pin!(results.expect("not shut down"));
        assert_eq!(results.size_hint(), (1, Some(2)));
        for expected in [Some(1), Some(2), None] {
            let next = std::future::poll_fn(|cx| results.as_mut().poll_next(cx)).await;
            assert_eq!(next.map(|value| value.expect("made")), expected);
        }
        assert_eq!(results.size_hint(), (0, Some(0)));
    });
}
