//! `Barrier`: rows EV-LOCK-26, EV-LOCK-27 and EV-LOCK-29.

mod common;

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;

use common::{TestLoop, Trace, poll_once, polled, settle, virtual_loop};
use evergreen_sync::locks::{Barrier, BarrierError};
use evergreen_task::{JoinError, Task, sleep, spawn};
use evergreen_testing::must_not_suspend;

fn barrier(parties: usize) -> Barrier {
    Barrier::new(parties).expect("not for nobody")
}

fn party(barrier: &Rc<Barrier>, trace: &Trace, name: &'static str) -> Task<()> {
    let (barrier, trace) = (Rc::clone(barrier), trace.clone());
    spawn(async move {
        match barrier.wait().await {
            Ok(number) => trace.note(format_args!("{name} {number}")),
            Err(BarrierError::Broken) => trace.note(format_args!("{name} broken")),
            Err(error) => trace.note(format_args!("{name}: {error}")),
        }
    })
}

fn is_broken<T>(outcome: &Result<T, BarrierError>) -> bool {
    matches!(outcome, Err(BarrierError::Broken))
}

// EV-LOCK-26
#[test]
fn nobody_goes_on_before_all_have_come_and_each_has_a_number() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (barrier, trace) = (Rc::new(barrier(4)), Trace::new());
        let _tasks = ["a", "b", "c"].map(|name| party(&barrier, &trace, name));
        settle().await;
        trace.assert_eq([]);
        assert_eq!(must_not_suspend(barrier.wait()).await.ok(), Some(3));
        settle().await;
        trace.assert_eq(["a 0", "b 1", "c 2"]);
    });
}

// EV-LOCK-26: "one task runs the action first"
#[test]
fn the_action_is_run_once_a_round_before_any_goes_on() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (trace, count) = (Trace::new(), Cell::new(0));
        let noting = trace.clone();
        let barrier = Rc::new(barrier(2).with_action(move || {
            count.set(count.get() + 1);
            noting.note(format_args!("action {}", count.get()));
            Ok(())
        }));
        for round in [["action 1", "b 1", "a 0"], ["action 2", "b 1", "a 0"]] {
            let _tasks = ["a", "b"].map(|name| party(&barrier, &trace, name));
            settle().await;
            trace.assert_eq(round);
        }
    });
}

// EV-LOCK-26: "cyclic"
#[test]
fn it_serves_round_after_round() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let barrier = Rc::new(barrier(3));
        let rounds = Rc::new(RefCell::new(Vec::new()));
        let tasks = [(); 3].map(|()| {
            let (barrier, rounds) = (Rc::clone(&barrier), Rc::clone(&rounds));
            spawn(async move {
                for round in 0..100 {
                    barrier.wait().await.expect("whole");
                    rounds.borrow_mut().push(round);
                }
            })
        });
        for task in tasks {
            task.await.expect("done");
        }
        assert!(rounds.borrow().iter().copied().eq((0..300).map(|turn| turn / 3)));
    });
}

// EV-LOCK-26: "newcomers wait while it drains"
#[test]
fn a_round_is_not_complete_before_the_last_one_has_drained() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let barrier = barrier(2);
        let mut slow = pin!(barrier.wait());
        assert!(polled(&mut slow).await.is_pending());
        assert_eq!(barrier.wait().await.ok(), Some(1));
        let mut newcomers = [(); 4].map(|()| Box::pin(barrier.wait()));
        for newcomer in &mut newcomers {
            assert!(polled(newcomer).await.is_pending());
        }
        let [third, gone, fourth, mut fifth] = newcomers;
        drop(gone);
        assert_eq!(slow.await.ok(), Some(0));
        assert_eq!((fourth.await.ok(), third.await.ok()), (Some(1), Some(0)));
        assert!(polled(&mut fifth).await.is_pending());
        assert_eq!((barrier.wait().await.ok(), fifth.await.ok()), (Some(1), Some(0)));
    });
}

// EV-LOCK-26: bad input.
#[test]
fn a_barrier_is_for_one_or_more() {
    let none = Barrier::new(0);
    assert!(matches!(none, Err(BarrierError::NoParties)));
    assert_eq!(
        BarrierError::NoParties.to_string(),
        "a barrier cannot be for no parties: use one or more"
    );
    assert!(poll_once(&mut pin!(barrier(1).wait())).is_ready());
}

// EV-LOCK-27: "expiry breaks the barrier and everyone gets the broken error"
#[test]
fn a_limit_that_is_over_breaks_it_for_all() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let (barrier, trace) = (Rc::new(barrier(4)), Trace::new());
        let _tasks = ["a", "b"].map(|name| party(&barrier, &trace, name));
        settle().await;
        let before = event_loop.time();
        assert!(is_broken(&barrier.wait_timeout(5.0).await));
        assert_eq!((event_loop.time() - before).as_secs(), 5);
        assert!(barrier.is_broken());
        settle().await;
        trace.assert_eq(["a broken", "b broken"]);
        // Also for who comes later, at once.
        assert!(is_broken(&must_not_suspend(barrier.wait()).await));
        assert!(is_broken(&must_not_suspend(barrier.wait_timeout(1.0)).await));
        barrier.reset();
        assert!(is_broken(&barrier.wait_timeout(0.0).await));
    });
    event_loop.destroy().expect("not running");
}

// EV-LOCK-27: "own timeout overrides the default", D-11
#[test]
fn a_limit_of_the_wait_stands_above_that_of_the_barrier() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let barrier = Rc::new(barrier(2).with_timeout(5.0));
        for (limit, lasts) in [(None, 5), (Some(2.0), 2), (Some(8.0), 8)] {
            let before = event_loop.time();
            let outcome = match limit {
                Some(limit) => barrier.wait_timeout(limit).await,
                None => barrier.wait().await,
            };
            assert!(is_broken(&outcome));
            assert_eq!((event_loop.time() - before).as_secs(), lasts);
            barrier.reset();
        }
        let late = Rc::clone(&barrier);
        let other = spawn(async move {
            sleep(3600.0).await;
            late.wait().await.ok()
        });
        assert_eq!(barrier.wait_timeout(-1.0).await.ok(), Some(0));
        assert_eq!(other.await.expect("done"), Some(1));
    });
    event_loop.destroy().expect("not running");
}

// EV-LOCK-27, R-3: the value first, then the deadline.
#[test]
fn the_last_one_may_come_with_the_deadline() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let barrier = Rc::new(barrier(2));
        let last = Rc::clone(&barrier);
        event_loop.call_later(1.0, move || assert!(poll_once(&mut pin!(last.wait())).is_ready()));
        assert_eq!(barrier.wait_timeout(1.0).await.ok(), Some(0));
        assert!(!barrier.is_broken());
    });
    event_loop.destroy().expect("not running");
}

// EV-LOCK-29
#[test]
fn it_tells_how_many_wait_and_none_when_all_have_come() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (barrier, trace) = (Rc::new(barrier(3)), Trace::new());
        let seen =
            |barrier: &Barrier| (barrier.parties(), barrier.n_waiting(), barrier.is_broken());
        assert_eq!(seen(&barrier), (3, 0, false));
        let _tasks = ["a", "b"].map(|name| party(&barrier, &trace, name));
        settle().await;
        assert_eq!(seen(&barrier), (3, 2, false));
        assert_eq!(barrier.wait().await.ok(), Some(2));
        assert_eq!(seen(&barrier), (3, 0, false));
        settle().await;
        let _c = party(&barrier, &trace, "c");
        settle().await;
        barrier.abort();
        assert_eq!(seen(&barrier), (3, 0, true));
        let message = BarrierError::Broken.to_string();
        assert_eq!(
            message,
            "the barrier is broken or was reset before all had come: reset it and come again"
        );
    });
}

// EV-LOCK-26, D-12: as in asyncio, a party that is killed has not come.
#[test]
fn a_killed_party_leaves_its_place_to_another() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (barrier, trace) = (Rc::new(barrier(3)), Trace::new());
        let [a, b] = ["a", "b"].map(|name| party(&barrier, &trace, name));
        settle().await;
        a.kill();
        assert!(matches!(a.await, Err(JoinError::Killed)));
        assert_eq!((barrier.n_waiting(), barrier.is_broken()), (1, false));
        let _tasks = ["c", "d"].map(|name| party(&barrier, &trace, name));
        b.await.expect("let through");
        settle().await;
        trace.assert_eq(["d 2", "b 0", "c 1"]);
    });
}

// EV-LOCK-26, D-12: a party that is killed when all have come does not keep the others, nor a place.
#[test]
fn a_party_killed_on_its_way_out_keeps_nobody() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (barrier, trace) = (Rc::new(barrier(3)), Trace::new());
        let [a, _b] = ["a", "b"].map(|name| party(&barrier, &trace, name));
        settle().await;
        a.kill();
        assert_eq!(barrier.n_waiting(), 2);
        assert_eq!(barrier.wait().await.ok(), Some(2));
        settle().await;
        trace.assert_eq(["b 1"]);
        let _tasks = ["c", "d", "e"].map(|name| party(&barrier, &trace, name));
        settle().await;
        trace.assert_eq(["e 2", "c 0", "d 1"]);
    });
}
