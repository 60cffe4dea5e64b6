//! What a callback of any kind may do to the loop that calls it: F23 of the fault catalogue.

mod common;

use std::cell::{Cell, RefCell};
use std::future::ready;
use std::time::Duration;

use common::kinds::{KINDS, Kept, Kind, signal};
use common::{Trace, turn};
use evergreen_loop::{EventLoop, LoopError, RunError, TurnOutcome};

thread_local! {
    /// The callbacks of a test: callbacks may be sent, so they cannot own their handles.
    static HELD: RefCell<Vec<Option<Kept>>> = const { RefCell::new(Vec::new()) };
    /// The last handle to the loop.
    static LAST: Cell<Option<EventLoop>> = const { Cell::new(None) };
}

fn take_back(index: usize) {
    let kept = HELD.with_borrow_mut(|held| held[index].take());
    kept.expect("held").take_back();
}

fn hold(kind: Kind, f: impl FnMut() + Send + 'static) {
    let kept = kind.hold(&current(), f);
    HELD.with_borrow_mut(|held| held.push(Some(kept)));
}

fn current() -> EventLoop {
    EventLoop::try_current().expect("a loop")
}

/// Three callbacks of a kind, called in one turn. The first does something, once.
fn first_of_three(kind: Kind, act: impl FnOnce() + Send + 'static) -> (EventLoop, Trace) {
    let event_loop = EventLoop::new().expect("a loop");
    let trace = Trace::new().of_errors(&event_loop);
    let (noted, mut act) = (trace.clone(), Some(act));
    hold(kind, move || {
        noted.note("first");
        if let Some(act) = act.take() {
            act();
        }
    });
    hold(kind, trace.noting("second"));
    hold(kind, trace.noting("third"));
    (event_loop, trace)
}

/// What the second turn calls, if the first called this.
fn again<'a>(kind: Kind, repeated: &[&'a str]) -> Vec<&'a str> {
    if kind.repeats() { repeated.to_vec() } else { Vec::new() }
}

fn end(event_loop: &EventLoop) {
    event_loop.destroy().expect("destroyed");
    let held = HELD.take();
    held.into_iter().flatten().for_each(Kept::take_back);
}

// F23, EV-HND-01
#[test]
fn it_may_take_itself_back() {
    for kind in KINDS {
        let (event_loop, trace) = first_of_three(kind, || take_back(0));
        kind.call(&event_loop);
        assert_eq!(trace.take(), ["first", "second", "third"], "{kind:?}");
        kind_again(kind, &event_loop);
        assert_eq!(trace.take(), again(kind, &["second", "third"]), "{kind:?}");
        end(&event_loop);
    }
}

/// Once more; what does not repeat is not there any more.
fn kind_again(kind: Kind, event_loop: &EventLoop) {
    if kind.repeats() {
        kind.call(event_loop);
    } else {
        turn(event_loop);
    }
}

// F23, EV-HND-01, EV-LOOP-10: also one that is to be called in this pass.
#[test]
fn it_may_take_back_what_is_to_be_called_next() {
    for kind in KINDS {
        let (event_loop, trace) = first_of_three(kind, || take_back(1));
        kind.call(&event_loop);
        assert_eq!(trace.take(), ["first", "third"], "{kind:?}");
        kind_again(kind, &event_loop);
        assert_eq!(trace.take(), again(kind, &["first", "third"]), "{kind:?}");
        end(&event_loop);
    }
}

// F23: taking all back leaves nothing alive but what runs.
#[test]
fn it_may_take_everything_back() {
    for kind in KINDS {
        let (event_loop, trace) = first_of_three(kind, || (0..3).for_each(take_back));
        kind.call(&event_loop);
        assert_eq!(trace.take(), ["first"], "{kind:?}");
        assert_eq!(turn(&event_loop), TurnOutcome::Idle, "{kind:?}");
        assert_eq!(event_loop.metrics().sources + event_loop.metrics().timers, 0, "{kind:?}");
        end(&event_loop);
    }
}

// F23, D-2: what is added is not called before whatever was there.
#[test]
fn it_may_add_any_other() {
    for kind in KINDS {
        for other in KINDS {
            let event_loop = EventLoop::new().unwrap();
            let trace = Trace::new().of_errors(&event_loop);
            let (noted, mut first) = (trace.clone(), true);
            hold(kind, move || {
                if std::mem::take(&mut first) {
                    hold(other, noted.noting("added"));
                    noted.note("first");
                }
            });
            hold(kind, trace.noting("second"));
            kind.call(&event_loop);
            let called = trace.take();
            assert_eq!(called[..2], ["first", "second"], "{other:?} in {kind:?}");
            if called.len() == 2 {
                (0..2).for_each(take_back);
                other.call(&event_loop);
                assert!(trace.count("added") > 0, "{other:?} in {kind:?}: {:?}", trace.take());
            }
            end(&event_loop);
        }
    }
}

// F23, EV-LOOP-20
#[test]
fn it_may_stop_the_loop_once_or_twice() {
    for kind in KINDS.into_iter().filter(|kind| *kind != Kind::Signal) {
        let stop = || (0..2).for_each(|_| current().stop().expect("running"));
        let (event_loop, trace) = first_of_three(kind, stop);
        // A check watcher alone does not end a wait.
        event_loop.call_soon(|| ());
        let report = event_loop.run_forever().unwrap();
        assert!(report.stopped);
        assert_eq!(trace.take()[..3], ["first", "second", "third"], "{kind:?}");
        end(&event_loop);
    }
}

// F23, EV-LOOP-18, EV-LOOP-21
#[test]
fn it_can_neither_destroy_the_loop_nor_run_it_again() {
    for kind in KINDS {
        let act = || {
            let event_loop = current();
            assert!(matches!(event_loop.destroy(), Err(LoopError::AlreadyRunning)));
            let runs = [
                event_loop.run().err(),
                event_loop.run_forever().err(),
                event_loop.run_until(ready(())).err(),
                event_loop.turn(Some(Duration::ZERO)).err(),
            ];
            let refused =
                |run: &Option<RunError>| matches!(run, Some(RunError::Loop(LoopError::InsideLoop)));
            assert!(runs.iter().all(refused), "{runs:?}");
            assert!(matches!(EventLoop::new(), Err(LoopError::AlreadyExists)));
        };
        let (event_loop, trace) = first_of_three(kind, act);
        kind.call(&event_loop);
        assert_eq!(trace.take(), ["first", "second", "third"], "{kind:?}");
        assert!(!event_loop.is_closed());
        end(&event_loop);
    }
}

// F23, D-1: the loop belongs to its thread, not to its handles.
#[test]
fn it_may_drop_the_last_handle_of_the_loop() {
    for kind in KINDS {
        let (event_loop, trace) = first_of_three(kind, || drop(LAST.take()));
        LAST.set(Some(event_loop.clone()));
        kind.call(&event_loop);
        drop(event_loop);
        assert_eq!(trace.take(), ["first", "second", "third"], "{kind:?}");
        end(&current());
    }
}

// F23: the other signal handlers of a delivery are of the queue by then.
#[test]
fn a_signal_handler_may_remove_all_handlers_of_its_signal() {
    let act = || assert!(current().remove_signal_handler(signal()).expect("a signal"));
    let (event_loop, trace) = first_of_three(Kind::Signal, act);
    Kind::Signal.call(&event_loop);
    assert_eq!(trace.take(), ["first"]);
    assert!(!event_loop.remove_signal_handler(signal()).unwrap());
    end(&event_loop);
}
