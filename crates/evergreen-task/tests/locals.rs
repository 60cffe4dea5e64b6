//! Values that each task has for itself.

mod common;

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use common::{OnDrop, TestLoop, Trace};
use evergreen_task::{Local, LoopTasks, Unset, spawn, task_local, yield_now};

// EV-LOC-01, EV-LOC-03
#[test]
fn each_task_sees_only_what_it_set() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let local = Rc::new(Local::new());
    local.set("outside".to_owned());
    for name in ["first", "second"] {
        let (local, trace) = (Rc::clone(&local), trace.clone());
        spawn(async move {
            trace.note(format_args!("{name} begins with {:?}", local.get()));
            local.set(name.to_owned());
            yield_now().await;
            trace.note(format_args!("{name} sees {:?}", local.get()));
        });
    }
    let (looking, noting) = (Rc::clone(&local), trace.clone());
    event_loop.call_soon(move || noting.note(format_args!("callback sees {:?}", looking.get())));
    event_loop.run().unwrap();
    assert_eq!(
        trace.take(),
        [
            "first begins with None",
            "second begins with None",
            "callback sees Some(\"outside\")",
            "first sees Some(\"first\")",
            "second sees Some(\"second\")",
        ]
    );
    assert_eq!(local.get(), Some("outside".to_owned()));
}

// EV-LOC-03
#[test]
fn a_task_inherits_nothing_from_the_task_that_spawned_it() {
    let event_loop = TestLoop::new();
    let local = Rc::new(Local::new());
    let inherited = event_loop.block_on(event_loop.spawn({
        let local = Rc::clone(&local);
        async move {
            local.set(1);
            let child = Rc::clone(&local);
            let inherited = spawn(async move { child.get() }).await.unwrap();
            (inherited, local.get())
        }
    }));
    assert_eq!(inherited.unwrap(), (None, Some(1)));
}

// EV-LOC-02
#[test]
fn reading_or_taking_what_was_not_set_says_so() {
    let local = Local::<String>::new();
    assert_eq!((local.get(), local.take(), local.is_set()), (None, None, false));
    assert_eq!(local.with(String::len), Err(Unset));
    assert_eq!(Unset.to_string(), "this task has not set the local value");
    local.set("four".to_owned());
    assert_eq!((local.with(String::len), local.is_set()), (Ok(4), true));
    assert_eq!(format!("{local:?}"), "Local { is_set: true, .. }");
    assert_eq!(local.take(), Some("four".to_owned()));
    assert_eq!((local.take(), local.is_set()), (None, false));
}

// EV-LOC-04
#[test]
fn two_locals_do_not_share_their_values() {
    let (first, second) = (Local::new(), Local::default());
    first.set(1);
    second.set(2);
    assert_eq!((first.take(), second.get()), (Some(1), Some(2)));
}

// EV-LOC-05
#[test]
fn a_value_goes_when_its_task_ends_before_joiners_wake() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let local = Rc::new(Local::new());
    let (set, value, future) =
        (Rc::clone(&local), trace.on_drop("value dropped"), trace.on_drop("future dropped"));
    let task = spawn(async move {
        let _future = future;
        set.set(value);
    });
    let noting = trace.clone();
    spawn(async move {
        task.join().await.unwrap();
        noting.note("joined");
    });
    event_loop.run().unwrap();
    assert_eq!(trace.take(), ["future dropped", "value dropped", "joined"]);
}

// EV-LOC-05
#[test]
fn a_value_goes_when_its_task_is_killed_panics_or_loses_its_loop() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let local = Rc::new(Local::new());
    event_loop.set_exception_handler(|_: &evergreen_loop::ErrorContext| ());
    let set = |name: &'static str, panics: bool| {
        let (local, value) = (Rc::clone(&local), trace.on_drop(name));
        spawn(async move {
            local.set(value);
            assert!(!panics);
            pending::<()>().await;
        })
    };
    let killed = set("killed", false);
    set("panicked", true);
    set("destroyed", false);
    event_loop.call_soon(move || killed.kill());
    event_loop.run().unwrap();
    trace.note("destroy");
    event_loop.destroy().unwrap();
    assert_eq!(trace.take(), ["panicked", "killed", "destroy", "destroyed"]);
    drop(local);
}

// EV-LOC-05
#[test]
fn the_values_of_a_local_go_with_it() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let local = Rc::new(Local::new());
    local.set(trace.on_drop("outside"));
    let (set, value) = (Rc::clone(&local), trace.on_drop("inside"));
    spawn(async move {
        set.set(value);
        drop(set);
        pending::<()>().await;
    });
    event_loop.turn(Some(Duration::ZERO)).unwrap();
    drop(local);
    let mut dropped = trace.take();
    dropped.sort();
    assert_eq!(dropped, ["inside", "outside"]);
    event_loop.run().unwrap();
}

// EV-LOC-01
#[test]
fn a_value_that_is_set_again_drops_the_former_one() {
    let trace = Trace::new();
    let local = Local::new();
    local.set(trace.on_drop("first"));
    local.set(trace.on_drop("second"));
    assert_eq!(trace.take(), ["first"]);
    drop(local.take());
    assert_eq!(trace.take(), ["second"]);
}

// EV-LOC-01, F23: code that is lent a value, or drops one, may use the local.
#[test]
fn a_local_may_be_used_while_it_lends_or_drops_a_value() {
    let local = Rc::new(Local::new());
    let seen = Rc::new(Cell::new(0));
    local.set(1);
    local
        .with(|one| {
            local.set(one + 1);
            seen.set(local.get().unwrap());
        })
        .unwrap();
    assert_eq!((seen.get(), local.get()), (2, Some(2)));

    let nested = Rc::new(Local::new());
    let (inner, noted) = (Rc::clone(&nested), Rc::clone(&seen));
    nested.set(Some(OnDrop::new(Box::new(move || {
        noted.set(10 + usize::from(inner.is_set()));
    }) as Box<dyn FnOnce()>)));
    nested.set(None);
    assert_eq!(seen.get(), 11);
}

#[test]
#[should_panic(expected = "the local value cannot be taken while `with` lends it")]
fn a_value_that_is_lent_cannot_be_taken() {
    let local = Local::new();
    local.set(1);
    local.with(|_| local.take()).unwrap();
}

task_local! {
    /// A name for each task.
    static NAME: String;
    static COUNT: Cell<u32>
}

// EV-LOC-01, EV-LOC-02
#[test]
fn a_static_local_has_a_value_for_each_task() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        assert_eq!(NAME.get(), None);
        NAME.set("outside".to_owned());
        let inside = spawn(async {
            assert_eq!(NAME.with(String::len), Err(Unset));
            NAME.set("inside".to_owned());
            COUNT.set(Cell::new(1));
            yield_now().await;
            COUNT.with(|count| count.set(count.get() + 1)).unwrap();
            (NAME.take(), COUNT.with(Cell::get), NAME.is_set())
        });
        assert_eq!(inside.await.unwrap(), (Some("inside".to_owned()), Ok(2), false));
        assert!(!COUNT.is_set());
        assert_eq!(NAME.get(), Some("outside".to_owned()));
        assert_eq!(format!("{NAME:?}"), "TaskLocal { is_set: true, .. }");
        NAME.take();
    });
}

// EV-LOC-05: a destructor of one local sets another: that one goes with the task as well.
#[test]
fn a_value_set_while_the_values_of_the_task_are_dropped_does_not_stay() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let (first, second) = (Rc::new(Local::new()), Rc::new(Local::new()));
    let (set, late, value) = (Rc::clone(&first), Rc::clone(&second), trace.on_drop("late value"));
    let setting = OnDrop::new(move || late.set(value));
    let task = spawn(async move { set.set(setting) });
    event_loop.run().unwrap();
    assert!(task.is_finished());
    assert_eq!(trace.take(), ["late value"]);
    drop((first, second));
}

// EV-LOC-05: what a task notes of its locals does not grow with what it does.
#[test]
#[cfg(target_os = "linux")]
fn setting_and_taking_for_ever_takes_no_memory() {
    const ROUNDS: usize = 500_000;
    fn resident_bytes() -> usize {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    }
    let event_loop = TestLoop::new();
    let task = spawn(async {
        let local = Local::new();
        local.set(0);
        local.take();
        let before = resident_bytes();
        for round in 0..ROUNDS {
            local.set(round);
            local.take();
        }
        resident_bytes().saturating_sub(before)
    });
    let grown = event_loop.block_on(task).unwrap();
    assert!(grown < 8 * ROUNDS, "less than a pointer a round, not {grown}");
}
