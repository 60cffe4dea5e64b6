//! `Barrier`, how it is broken and made whole: row EV-LOCK-28.

mod common;

use std::cell::Cell;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::{Rc, Weak};

use common::{TestLoop, Trace, poll_once, polled, settle};
use evergreen_sync::locks::{Barrier, BarrierError};
use evergreen_task::{Task, spawn};

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

// EV-LOCK-28
#[test]
fn a_reset_fails_those_who_wait_and_makes_it_usable() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (barrier, trace) = (Rc::new(barrier(3)), Trace::new());
        barrier.reset();
        let _tasks = ["a", "b"].map(|name| party(&barrier, &trace, name));
        settle().await;
        barrier.reset();
        assert!(!barrier.is_broken());
        let _tasks = ["c", "d", "e"].map(|name| party(&barrier, &trace, name));
        settle().await;
        trace.assert_eq(["a broken", "b broken", "e 2", "c 0", "d 1"]);
    });
}

// EV-LOCK-28
#[test]
fn an_abort_leaves_it_broken_until_it_is_reset() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (barrier, trace) = (Rc::new(barrier(2)), Trace::new());
        let _a = party(&barrier, &trace, "a");
        settle().await;
        barrier.abort();
        let _b = party(&barrier, &trace, "b");
        settle().await;
        assert!(barrier.is_broken());
        trace.assert_eq(["a broken", "b broken"]);
        barrier.reset();
        let _tasks = ["c", "d"].map(|name| party(&barrier, &trace, name));
        settle().await;
        trace.assert_eq(["d 1", "c 0"]);
        // Whoever is through, is through.
        let mut through = pin!(barrier.wait());
        assert!(polled(&mut through).await.is_pending());
        assert_eq!(barrier.wait().await.ok(), Some(1));
        barrier.abort();
        assert_eq!(through.await.ok(), Some(0));
    });
}

// EV-LOCK-28: "a failing action breaks it and its error surfaces"
#[test]
fn an_action_that_fails_breaks_it_and_the_last_one_has_the_error() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let trace = Trace::new();
        let fails = Rc::new(Cell::new(true));
        let asked = Rc::clone(&fails);
        let act = move || -> Result<(), Box<dyn Error + Send + Sync>> {
            if asked.get() { Err("out of flour".into()) } else { Ok(()) }
        };
        let barrier = Rc::new(barrier(2).with_action(act));
        let _a = party(&barrier, &trace, "a");
        settle().await;
        let error = barrier.wait().await.expect_err("the action fails");
        assert!(matches!(error, BarrierError::Action(_)));
        assert_eq!(error.source().expect("the action's").to_string(), "out of flour");
        settle().await;
        trace.assert_eq(["a broken"]);
        assert!(barrier.is_broken());
        fails.set(false);
        barrier.reset();
        let _tasks = ["b", "c"].map(|name| party(&barrier, &trace, name));
        settle().await;
        trace.assert_eq(["c 1", "b 0"]);
    });
}

// EV-LOCK-28: "its error surfaces", where the error is a panic.
#[test]
fn an_action_that_panics_breaks_it_and_the_last_one_panics() {
    let event_loop = TestLoop::new();
    let trace = Trace::new().of_errors(&event_loop);
    let times = Rc::new(Cell::new(0));
    let counts = Rc::clone(&times);
    let barrier = Rc::new(barrier(2).with_action(move || {
        counts.set(counts.get() + 1);
        assert!(counts.get() > 1, "out of flour");
        Ok(())
    }));
    event_loop.block_on(async {
        let _a = party(&barrier, &trace, "a");
        settle().await;
        let mut last = pin!(barrier.wait());
        let panicked = catch_unwind(AssertUnwindSafe(|| poll_once(&mut last).is_ready()));
        assert_eq!(panicked.expect_err("passed on").downcast_ref(), Some(&"out of flour"));
        settle().await;
        trace.assert_eq(["a broken"]);
        assert!(barrier.is_broken());
        // The action is still there.
        barrier.reset();
        let _tasks = ["b", "c"].map(|name| party(&barrier, &trace, name));
        settle().await;
        trace.assert_eq(["c 1", "b 0"]);
        assert_eq!(times.get(), 2);
    });
}

// EV-LOCK-28: an action that breaks or resets its own barrier.
#[test]
fn nobody_is_let_through_by_an_action_that_aborts_or_resets() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for (fail, is_broken) in [(Barrier::abort as fn(&Barrier), true), (Barrier::reset, false)] {
            let trace = Trace::new();
            let barrier = Rc::new_cyclic(|own: &Weak<Barrier>| {
                let own = Weak::clone(own);
                barrier(2).with_action(move || {
                    fail(&*own.upgrade().ok_or("gone")?);
                    Ok(())
                })
            });
            let _tasks = ["a", "b"].map(|name| party(&barrier, &trace, name));
            settle().await;
            trace.assert_eq(["b broken", "a broken"]);
            assert_eq!(barrier.is_broken(), is_broken);
        }
    });
}
