//! Every place of the loop where foreign code may panic, by every way that it gets there: F14 and
//! F15 of the fault catalogue.
//!
//! In each cell the sink is told once, with origin and place, what comes later in the pass runs in
//! order, what was captured is dropped once, and the loop goes on.

mod common;

use std::cell::Cell;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWakerVTable, Wake, Waker};
use std::thread;

use common::kinds::{KINDS, Kept, Kind, signal};
use common::{OnDrop, Trace, in_a_process_of_its_own, turn};
use evergreen_loop::{BlockingError, ErrorContext, EventLoop};

/// A loop that notes what it is told, and what its callbacks do.
struct Cells {
    event_loop: EventLoop,
    trace: Trace,
}

impl Cells {
    fn new() -> Self {
        let event_loop = EventLoop::new().expect("a loop");
        let trace = Trace::new();
        let told = trace.clone();
        event_loop.set_exception_handler(move |context: &ErrorContext| told.note(line(context)));
        Self { event_loop, trace }
    }

    /// Has the loop hold `f`, as what `kind` says.
    #[track_caller]
    fn hold(&self, kind: Kind, f: impl FnMut() + Send + 'static) -> Kept {
        kind.hold(&self.event_loop, f)
    }

    /// One turn in which whatever is held is called.
    fn turn(&self, kind: Kind) {
        kind.call(&self.event_loop);
    }

    /// The loop runs on after all.
    fn goes_on(self) {
        self.event_loop.call_soon(self.trace.noting("the loop goes on"));
        turn(&self.event_loop);
        assert_eq!(self.trace.take(), ["the loop goes on"]);
        self.event_loop.destroy().expect("destroyed");
        assert_eq!(self.trace.take(), [""; 0]);
    }
}

/// Origin, place and message. The place is to be in this file.
fn line(context: &ErrorContext) -> String {
    let mut line = format!("{:?}", context.origin());
    match context.location() {
        Some(place) if place.file() == file!() => {},
        Some(place) => write!(line, " at {place}").expect("written"),
        None => line.push_str(" of no place"),
    }
    line + ": " + context.message()
}

/// Notes and counts its end.
fn counted(dropped: &Arc<AtomicUsize>) -> impl Send + use<> {
    let dropped = Arc::clone(dropped);
    OnDrop::new(move || {
        dropped.fetch_add(1, Ordering::SeqCst);
    })
}

/// Counts its end and panics.
fn bomb(dropped: &Arc<AtomicUsize>) -> impl Send + use<> {
    let counted = counted(dropped);
    OnDrop::new(move || {
        drop(counted);
        panic!("in drop")
    })
}

fn told(kind: Kind, what: &str) -> String {
    format!("{:?}: panicked: {what}", kind.origin())
}

// F14
#[test]
fn a_callback_of_any_kind_may_panic() {
    for kind in KINDS {
        let cells = Cells::new();
        let dropped = Arc::default();
        let captured = counted(&dropped);
        let panicking = cells.hold(kind, move || {
            let _captured = &captured;
            panic!("in the call");
        });
        let next = cells.hold(kind, cells.trace.noting("next"));
        cells.turn(kind);
        assert_eq!(cells.trace.take(), [told(kind, "in the call"), "next".to_owned()], "{kind:?}");
        next.take_back();
        panicking.take_back();
        assert_eq!(dropped.load(Ordering::SeqCst), 1, "{kind:?}");
        cells.goes_on();
    }
}

// F14
#[test]
fn a_callback_of_any_kind_may_panic_again_and_again() {
    for kind in KINDS.into_iter().filter(|kind| kind.repeats()) {
        let cells = Cells::new();
        let _panicking = cells.hold(kind, || panic!("in the call"));
        let _next = cells.hold(kind, cells.trace.noting("next"));
        (0..3).for_each(|_| cells.turn(kind));
        let once = [told(kind, "in the call"), "next".to_owned()];
        assert_eq!(cells.trace.take(), [&once[..], &once, &once].concat(), "{kind:?}");
        cells.event_loop.destroy().expect("destroyed");
    }
}

// F14: what it captured panics where it has run for the last time.
#[test]
fn captures_that_panic_after_the_only_call_are_a_panic_of_the_callback() {
    for kind in KINDS.into_iter().filter(|kind| !kind.repeats()) {
        let cells = Cells::new();
        let dropped = Arc::default();
        let (captured, trace) = (bomb(&dropped), cells.trace.clone());
        let _panicking = cells.hold(kind, move || {
            let _captured = &captured;
            trace.note("called");
        });
        let _next = cells.hold(kind, cells.trace.noting("next"));
        cells.turn(kind);
        let expected = ["called".to_owned(), told(kind, "in drop"), "next".to_owned()];
        assert_eq!(cells.trace.take(), expected, "{kind:?}");
        assert_eq!(dropped.load(Ordering::SeqCst), 1, "{kind:?}");
        cells.goes_on();
    }
}

thread_local! {
    /// What a callback takes back, which may be itself.
    static OWN: Cell<Kept> = Cell::default();
}

fn take_back() {
    OWN.take().take_back();
}

// F14, F23: two panics in one call, which would be the end of the process if one unwound the other.
#[test]
fn a_callback_may_take_itself_back_and_panic_and_its_captures_may_panic_too() {
    for kind in KINDS.into_iter().filter(|kind| kind.repeats()) {
        let cells = Cells::new();
        let dropped = Arc::default();
        let captured = bomb(&dropped);
        OWN.set(cells.hold(kind, move || {
            let _captured = &captured;
            take_back();
            panic!("in the call");
        }));
        let next = cells.hold(kind, cells.trace.noting("next"));
        cells.turn(kind);
        let expected = [told(kind, "in the call"), told(kind, "in drop"), "next".to_owned()];
        assert_eq!(cells.trace.take(), expected, "{kind:?}");
        assert_eq!(dropped.load(Ordering::SeqCst), 1, "{kind:?}");
        next.take_back();
        cells.goes_on();
    }
}

// F14, EV-LOOP-22: who takes a callback back runs its destructors, so their panic is his.
#[test]
fn captures_that_panic_when_they_are_taken_back_are_a_panic_of_who_takes_them() {
    for kind in KINDS.into_iter().filter(|kind| *kind != Kind::Remote) {
        let cells = Cells::new();
        let dropped = Arc::default();
        let captured = bomb(&dropped);
        // It stands in the queue before whatever the poll brings.
        cells.event_loop.call_soon(take_back);
        cells.event_loop.call_soon(cells.trace.noting("next"));
        OWN.set(cells.hold(kind, move || {
            let _captured = &captured;
        }));
        turn(&cells.event_loop);
        let expected = ["Callback: panicked: in drop", "next"];
        assert_eq!(cells.trace.take(), expected, "{kind:?}");
        assert_eq!(dropped.load(Ordering::SeqCst), 1, "{kind:?}");
        cells.goes_on();
    }
}

// F14, EV-SIG-04: all handlers of a signal go in one call.
#[test]
fn handlers_that_are_removed_together_may_all_panic() {
    let cells = Cells::new();
    let dropped = Arc::default();
    for captured in [bomb(&dropped), bomb(&dropped)] {
        let added = cells.event_loop.add_signal_handler(signal(), move || {
            let _captured = &captured;
        });
        drop(added);
    }
    assert!(cells.event_loop.remove_signal_handler(signal()).unwrap());
    assert_eq!(cells.trace.take(), [told(Kind::Signal, "in drop"), told(Kind::Signal, "in drop")]);
    assert_eq!(dropped.load(Ordering::SeqCst), 2);
    cells.goes_on();
}

// F14, EV-LOOP-21
#[test]
fn captures_that_panic_when_the_loop_is_destroyed_are_each_told_of_once() {
    for kind in KINDS {
        let cells = Cells::new();
        let dropped = Arc::default();
        let kept = [bomb(&dropped), bomb(&dropped)].map(|captured| {
            cells.hold(kind, move || {
                let _captured = &captured;
            })
        });
        let last = cells.trace.on_drop("the last one");
        cells.event_loop.call_soon(move || drop(last));
        cells.event_loop.destroy().unwrap();
        let mut noted = cells.trace.take();
        noted.sort();
        let panicked = told(kind, "in drop");
        assert_eq!(noted, [panicked.clone(), panicked, "the last one".to_owned()], "{kind:?}");
        assert_eq!(dropped.load(Ordering::SeqCst), 2, "{kind:?}");
        assert_eq!(EventLoop::try_current(), None);
        drop(kept);
    }
}

// F14: the sink fails for every kind of report, and is asked once for each.
#[test]
fn the_exception_handler_itself_may_panic() {
    for kind in KINDS {
        let cells = Cells::new();
        let on_report = cells.trace.clone();
        cells.event_loop.set_exception_handler(move |context: &ErrorContext| {
            on_report.note(line(context));
            panic!("in the sink");
        });
        let kept = cells.hold(kind, || panic!("in the call"));
        let next = cells.hold(kind, cells.trace.noting("next"));
        cells.turn(kind);
        assert_eq!(cells.trace.take(), [told(kind, "in the call"), "next".to_owned()], "{kind:?}");
        next.take_back();
        kept.take_back();
        cells.goes_on();
    }
}

// F14: the sink that is replaced, or goes with the loop, may panic in its destructor.
#[test]
fn an_exception_handler_that_panics_when_it_goes_does_not_keep_destroy_from_its_end() {
    let cells = Cells::new();
    let dropped = Arc::default();
    let captured = bomb(&dropped);
    cells.event_loop.set_exception_handler(move |_: &ErrorContext| {
        let _captured = &captured;
    });
    cells.event_loop.destroy().unwrap();
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    assert_eq!(EventLoop::try_current(), None);
}

/// A waker that panics when it is woken.
struct PanickingWaker;

impl Wake for PanickingWaker {
    fn wake(self: Arc<Self>) {
        panic!("in a waker");
    }
}

// F15: the result is an error, the thread goes on, and so does the loop.
#[test]
fn a_job_that_panics_gives_its_panic_to_who_awaits_it() {
    let event_loop = EventLoop::builder().blocking_threads(1).build().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let failing = event_loop.run_blocking(|| -> u8 { panic!("in a job") });
    let (inner, noted) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(move || {
        inner.call_soon(noted.noting("the loop goes on"));
    });
    let Err(BlockingError::Panicked(panic)) = event_loop.block_on(failing) else {
        panic!("no panic");
    };
    assert_eq!(panic.into_payload().downcast_ref(), Some(&"in a job"));
    let thread = || thread::current().id();
    let first = event_loop.block_on(event_loop.run_blocking(thread)).unwrap();
    assert_eq!(event_loop.block_on(event_loop.run_blocking(thread)).unwrap(), first);
    assert_eq!(trace.take(), ["the loop goes on"]);
    event_loop.destroy().unwrap();
}

// F15: whoever waits for a job may have a waker that panics.
#[test]
fn a_waker_that_panics_when_a_job_is_done_is_reported_and_the_result_is_there() {
    let cells = Cells::new();
    let mut job = cells.event_loop.run_blocking(|| 7);
    let waker = Waker::from(Arc::new(PanickingWaker));
    assert!(Pin::new(&mut job).poll(&mut Context::from_waker(&waker)).is_pending());
    cells.event_loop.run().unwrap();
    assert_eq!(cells.trace.take(), ["Waker of no place: panicked: in a waker"]);
    let polled = Pin::new(&mut job).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Ok(7))));
    cells.event_loop.destroy().unwrap();
}

// F15: a result that nobody takes any more is dropped on the pool's thread, where it may panic.
#[test]
fn a_result_that_panics_after_the_loop_is_gone_does_not_end_the_process() {
    let name = "a_result_that_panics_after_the_loop_is_gone_does_not_end_the_process";
    let output = in_a_process_of_its_own(name, || {
        let dropped = Arc::new(AtomicUsize::new(0));
        let event_loop = EventLoop::new().unwrap();
        let (begin, begun) = channel();
        let (release, released) = channel::<()>();
        let result = bomb(&dropped);
        let job = event_loop.run_blocking(move || {
            begin.send(()).unwrap();
            released.recv().unwrap_err();
            result
        });
        begun.recv().unwrap();
        event_loop.destroy().unwrap();
        drop((job, release));
        while dropped.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
    });
    let Some(output) = output else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

// F15
#[test]
fn a_thread_that_panics_with_a_remote_in_its_hands_leaves_the_loop_alone() {
    let cells = Cells::new();
    let (remote, trace) = (cells.event_loop.remote(), cells.trace.clone());
    let thread = thread::spawn(move || {
        let _remote = remote.clone();
        let _handler = remote.call_from_thread(trace.noting("called")).expect("a loop");
        panic!("on a thread");
    });
    assert!(thread.join().is_err());
    turn(&cells.event_loop);
    assert_eq!(cells.trace.take(), ["called"]);
    cells.goes_on();
}

/// Tells who drops it, and panics.
fn foreign_bomb(told: Arc<Mutex<Vec<thread::ThreadId>>>) -> impl Send {
    OnDrop::new(move || {
        told.lock().expect("not poisoned").push(thread::current().id());
        panic!("in drop");
    })
}

// F15: a call that is refused or cancelled elsewhere is dropped there, and its panic is that thread's.
#[test]
fn a_call_that_panics_when_another_thread_takes_it_back_is_that_threads_panic() {
    let cells = Cells::new();
    let told = Arc::<Mutex<Vec<_>>>::default();
    let remote = cells.event_loop.remote();
    let (cancelled, refused) = (foreign_bomb(Arc::clone(&told)), foreign_bomb(Arc::clone(&told)));
    let handler = remote.call_from_thread(move || drop(cancelled)).unwrap();
    let thread = thread::spawn(move || handler.cancel());
    assert!(thread.join().is_err());
    // The loop finds nothing of it, and no lock that the panic has poisoned.
    turn(&cells.event_loop);
    assert_eq!(cells.trace.take(), [""; 0]);
    cells.event_loop.destroy().unwrap();
    let thread = thread::spawn(move || remote.call_from_thread(move || drop(refused)));
    assert!(thread.join().is_err());
    assert_eq!(told.lock().unwrap().len(), 2);
    assert!(!told.lock().unwrap().contains(&thread::current().id()));
}

/// A waker that panics when it is cloned.
fn unclonable() -> Waker {
    const VTABLE: RawWakerVTable =
        RawWakerVTable::new(|_| panic!("in clone"), |_| (), |_| (), |_| ());
    // SAFETY: the functions do nothing with the pointer.
    #[expect(unsafe_code, reason = "the safe way to make a waker cannot fail in a clone")]
    unsafe {
        Waker::new(std::ptr::null(), &VTABLE)
    }
}

// F15: a waker that panics when it is cloned leaves the job as it was.
#[test]
fn a_waker_that_cannot_be_cloned_leaves_what_it_was_to_wait_for() {
    let event_loop = EventLoop::new().unwrap();
    let (release, released) = channel::<()>();
    let mut job = event_loop.run_blocking(move || released.recv().is_err());
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let waker = unclonable();
        drop(Pin::new(&mut job).poll(&mut Context::from_waker(&waker)));
    }));
    assert!(polled.is_err());
    drop(release);
    assert!(event_loop.block_on(job).unwrap());
    event_loop.destroy().unwrap();
}
