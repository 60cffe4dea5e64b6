//! The end of a loop: what is dropped, what its destructors may do, and what is left.

mod common;

use std::cell::{Cell, RefCell};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use common::{OnDrop, Trace, turn};
use evergreen_loop::build::{Direction, Interest, Registration};
use evergreen_loop::{
    BlockingError, ErrorContext, EventLoop, Handler, LoopError, RunError, TurnOutcome,
};

const HOUR: Duration = Duration::from_secs(3_600);

/// A callback that holds a value which notes `name` when it is dropped.
fn holding(trace: &Trace, name: &'static str) -> impl FnMut() + Send + 'static + use<> {
    let captured = trace.on_drop(name);
    let trace = trace.clone();
    move || {
        let _captured = &captured;
        trace.note("called");
    }
}

/// A callback whose destructor panics.
fn panicking(name: &'static str) -> impl FnMut() + Send + 'static {
    let captured = OnDrop::new(move || panic!("{name}"));
    move || {
        let _captured = &captured;
    }
}

// EV-LOOP-21
#[test]
fn destroy_drops_all_callbacks_unrun() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let fd = ours.as_raw_fd();
    let kept = event_loop.call_soon(holding(&trace, "soon"));
    event_loop.call_later(HOUR, holding(&trace, "timer"));
    event_loop.add_reader(fd, holding(&trace, "reader")).unwrap();
    event_loop.add_writer(fd, holding(&trace, "writer")).unwrap();
    event_loop.add_signal_handler(libc::SIGUSR1, holding(&trace, "signal handler")).unwrap();
    event_loop.call_from_thread(holding(&trace, "remote")).unwrap();
    let watchers = [
        event_loop.prepare(holding(&trace, "prepare")),
        event_loop.check(holding(&trace, "check")),
        event_loop.idle(holding(&trace, "idle")),
    ];
    event_loop.destroy().unwrap();
    let mut dropped = trace.take();
    dropped.sort();
    let expected = [
        "check",
        "idle",
        "prepare",
        "reader",
        "remote",
        "signal handler",
        "soon",
        "timer",
        "writer",
    ];
    assert_eq!(dropped, expected);
    assert!(kept.is_cancelled());
    let metrics = event_loop.metrics();
    assert_eq!((metrics.timers, metrics.sources, metrics.queued), (0, 0, 0));
    drop(watchers);
}

// EV-LOOP-21
#[test]
fn destroy_is_refused_the_second_time() {
    let event_loop = EventLoop::new().unwrap();
    assert!(!event_loop.is_closed());
    event_loop.destroy().unwrap();
    assert!(event_loop.is_closed() && event_loop.remote().is_closed());
    assert!(matches!(event_loop.destroy(), Err(LoopError::Closed)));
}

// EV-LOOP-21
#[test]
fn a_destroyed_loop_answers_with_errors() {
    let event_loop = EventLoop::new().unwrap();
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let fd = ours.as_raw_fd();
    event_loop.destroy().unwrap();
    let closed = |result: Result<_, RunError>| {
        assert!(matches!(result, Err(RunError::Loop(LoopError::Closed))));
    };
    closed(event_loop.run().map(drop));
    closed(event_loop.run_forever().map(drop));
    closed(event_loop.switch().map(drop));
    closed(event_loop.run_until(std::future::ready(())));
    closed(event_loop.turn(None).map(drop));
    assert!(matches!(event_loop.add_reader(fd, || ()), Err(LoopError::Closed)));
    assert!(matches!(event_loop.add_writer(fd, || ()), Err(LoopError::Closed)));
    assert!(matches!(event_loop.add_signal_handler(libc::SIGUSR2, || ()), Err(LoopError::Closed)));
    assert!(matches!(event_loop.call_from_thread(|| ()), Err(LoopError::Closed)));
    assert!(matches!(event_loop.stop(), Err(LoopError::Closed)));
    assert!(!event_loop.remove_reader(fd));
    assert!(!event_loop.remove_signal_handler(libc::SIGUSR2).unwrap());
    let job = evergreen_loop::block_on(event_loop.run_blocking(|| ()));
    assert!(matches!(job, Err(BlockingError::LoopClosed)));
    assert_eq!(event_loop.next_deadline(), None);
    drop(event_loop.keep_alive());
}

// EV-LOOP-01, EV-LOOP-21
#[test]
fn a_new_loop_takes_over_what_the_destroyed_one_watched() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let fd = ours.as_raw_fd();
    let first = EventLoop::new().unwrap();
    first.add_writer(fd, || ()).unwrap();
    first.destroy().unwrap();
    let second = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&second);
    second.add_writer(fd, trace.noting("writer of the second")).unwrap();
    turn(&second);
    assert_eq!(trace.take(), ["writer of the second"]);
    assert!(!first.remove_writer(fd));
    assert!(second.remove_writer(fd));
    let mut source = Registration::new(&ours, Interest::BOTH).unwrap();
    second.destroy().unwrap();
    let error = source.poll_ready(Direction::Read, Waker::noop());
    assert!(matches!(error, Poll::Ready(Err(_))), "{error:?}");
    source.release();
}

/// Polls its source again when it is woken, and keeps what that said.
struct PollAgain {
    source: Registration,
    said: Mutex<Option<Poll<std::io::Result<()>>>>,
}

impl Wake for PollAgain {
    fn wake(self: Arc<Self>) {
        let polled = self.source.poll_ready(Direction::Read, Waker::noop());
        *self.said.lock().expect("nobody panicked") = Some(polled);
    }
}

// EV-LOOP-21: nobody would come to wake who waits then.
#[test]
fn a_source_that_is_polled_while_its_loop_ends_says_so() {
    let event_loop = EventLoop::new().unwrap();
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let source = Registration::new(&ours, Interest::BOTH).unwrap();
    let waiting = Arc::new(PollAgain { source, said: Mutex::default() });
    let waker = Waker::from(Arc::clone(&waiting));
    assert!(waiting.source.poll_ready(Direction::Read, &waker).is_pending());
    event_loop.destroy().unwrap();
    let said = waiting.said.lock().unwrap().take();
    assert!(matches!(said, Some(Poll::Ready(Err(_)))), "{said:?}");
}

// EV-LOOP-21, F23
#[test]
fn destructors_may_use_the_loop_that_is_being_destroyed() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let other: Rc<RefCell<Option<Handler>>> = Rc::default();
    let (inner, on_drop, cancelled) = (event_loop.clone(), trace.clone(), Rc::clone(&other));
    let captured = OnDrop::new(move || {
        assert_eq!(EventLoop::current().unwrap(), inner);
        assert!(inner.is_closed());
        inner.call_soon(holding(&on_drop, "soon"));
        inner.call_later(HOUR, holding(&on_drop, "later"));
        cancelled.take().unwrap().cancel();
        on_drop.note(format!("{:?}", EventLoop::new().unwrap_err()));
        on_drop.note(format!("{:?}", inner.destroy().unwrap_err()));
        on_drop.note(format!("{:?}", inner.run().unwrap_err()));
        on_drop.note(format!("{:?}", inner.add_reader(ours.as_raw_fd(), || ()).unwrap_err()));
        on_drop.note(format!("{:?}", inner.call_from_thread(|| ()).unwrap_err()));
        drop(inner.keep_alive());
        on_drop.note("end of the destructor");
    });
    event_loop.call_soon(move || drop(captured));
    let last = event_loop.call_soon(holding(&trace, "cancelled by the destructor"));
    *other.borrow_mut() = Some(last);
    event_loop.destroy().unwrap();
    let expected = [
        "soon",
        "later",
        "cancelled by the destructor",
        "AlreadyExists",
        "Closed",
        "Loop(Closed)",
        "Closed",
        "Closed",
        "end of the destructor",
    ];
    assert_eq!(trace.take(), expected);
    assert_eq!(EventLoop::try_current(), None);
}

// EV-LOOP-21
#[test]
fn what_is_kept_after_destroy_can_be_cancelled_and_dropped() {
    let event_loop = EventLoop::new().unwrap();
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let handlers = [
        event_loop.call_soon(|| ()),
        event_loop.call_later(HOUR, || ()),
        event_loop.add_reader(ours.as_raw_fd(), || ()).unwrap(),
        event_loop.add_signal_handler(libc::SIGWINCH, || ()).unwrap(),
    ];
    let remote = event_loop.call_from_thread(|| ()).unwrap();
    let watcher = event_loop.idle(|| ());
    let token = event_loop.keep_alive();
    event_loop.destroy().unwrap();
    let next = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&next);
    next.add_writer(ours.as_raw_fd(), trace.noting("writer of the next loop")).unwrap();
    for handler in &handlers {
        handler.cancel();
        assert!(handler.is_cancelled());
    }
    remote.cancel();
    drop((watcher, token, event_loop));
    assert_eq!(turn(&next), TurnOutcome::Alive);
    assert_eq!(trace.take(), ["writer of the next loop"]);
}

// EV-LOOP-21, D-7, F14
#[test]
fn destructors_that_panic_are_reported_and_do_not_keep_destroy_from_its_end() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let (ours, _theirs) = UnixStream::pair().unwrap();
    event_loop.call_soon(panicking("soon"));
    event_loop.call_later(HOUR, panicking("timer"));
    event_loop.add_reader(ours.as_raw_fd(), panicking("reader")).unwrap();
    event_loop.add_signal_handler(libc::SIGALRM, panicking("signal handler")).unwrap();
    event_loop.call_from_thread(panicking("remote")).unwrap();
    event_loop.call_soon(holding(&trace, "the last one"));
    event_loop.destroy().unwrap();
    let mut told = trace.take();
    told.sort();
    let expected = [
        "Callback: panicked: remote",
        "Callback: panicked: soon",
        "Callback: panicked: timer",
        "DescriptorWatcher: panicked: reader",
        "SignalHandler: panicked: signal handler",
        "the last one",
    ];
    assert_eq!(told, expected);
    assert_eq!(EventLoop::try_current(), None);
}

// EV-LOOP-21, D-7
#[test]
fn a_watcher_whose_destructor_panics_does_not_keep_destroy_from_its_end() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    let _watcher = event_loop.prepare(panicking("prepare"));
    event_loop.call_soon(holding(&trace, "soon"));
    let destroyed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| event_loop.destroy()));
    assert!(destroyed.is_ok(), "the panic left destroy");
    assert_eq!(trace.count("soon"), 1);
    assert_eq!(EventLoop::try_current(), None);
}

// EV-LOOP-21, D-7: two panics while one list of jobs is dropped would end the process.
#[test]
fn queued_jobs_whose_destructors_panic_do_not_end_the_process() {
    let name = "queued_jobs_whose_destructors_panic_do_not_end_the_process";
    let output = common::in_a_process_of_its_own(name, || {
        let event_loop = EventLoop::builder().blocking_threads(1).build().unwrap();
        let (release, released) = channel::<()>();
        let (begin, begun) = channel();
        let running = event_loop.run_blocking(move || {
            begin.send(()).unwrap();
            released.recv().unwrap_err();
        });
        begun.recv().unwrap();
        let queued =
            [event_loop.run_blocking(panicking("1")), event_loop.run_blocking(panicking("2"))];
        event_loop.destroy().unwrap();
        drop((release, running, queued));
    });
    let Some(output) = output else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

// EV-LOOP-21: else a handler that knows its loop would keep it, and its descriptors, for ever.
#[test]
fn destroy_lets_go_of_the_exception_handler() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let captured = (event_loop.clone(), trace.on_drop("exception handler"));
    event_loop.set_exception_handler(move |_: &ErrorContext| {
        let _captured = &captured;
    });
    event_loop.destroy().unwrap();
    drop(event_loop);
    assert_eq!(trace.take(), ["exception handler"]);
}

// F26, EV-LOOP-21
#[test]
fn a_thread_that_ends_destroys_its_loop_on_itself() {
    let (told, dropped) = channel();
    let thread = thread::spawn(move || {
        let event_loop = EventLoop::new().unwrap();
        let id = thread::current().id();
        let captured = OnDrop::new(move || {
            let alive = EventLoop::try_current().is_some_and(|current| current.is_closed());
            told.send((thread::current().id() == id, alive)).unwrap();
        });
        event_loop.call_later(HOUR, move || drop(captured));
        event_loop.add_signal_handler(libc::SIGHUP, || ()).unwrap();
        event_loop.remote()
    });
    let remote = thread.join().unwrap();
    assert_eq!(dropped.try_recv(), Ok((true, true)));
    assert!(remote.is_closed());
    assert!(matches!(remote.call_from_thread(|| ()), Err(LoopError::Closed)));
}

type AtThreadEnd = RefCell<Option<OnDrop<Box<dyn FnOnce()>>>>;

thread_local! {
    static EARLIER: AtThreadEnd = const { RefCell::new(None) };
    static LATER: AtThreadEnd = const { RefCell::new(None) };
}

// F26: values of the thread's own may hold the loop, and may be dropped before it or after.
#[test]
fn values_of_a_thread_may_use_its_loop_while_the_thread_ends() {
    let trace = Trace::new();
    let on_thread = trace.clone();
    let using = move |event_loop: &EventLoop, name: &'static str| {
        let (event_loop, trace) = (event_loop.clone(), on_thread.clone());
        OnDrop::new(Box::new(move || {
            let closed = event_loop.is_closed();
            if !closed {
                event_loop.call_soon(|| ());
            }
            let refused = event_loop.call_from_thread(|| ()).is_err();
            event_loop.destroy().ok();
            assert_eq!((refused, event_loop.is_closed()), (closed, true));
            trace.note(name);
        }) as Box<dyn FnOnce()>)
    };
    let thread = thread::spawn(move || {
        // A thread's values are dropped in some order of their first use.
        drop(EARLIER.take());
        let event_loop = EventLoop::new().unwrap();
        EARLIER.set(Some(using(&event_loop, "first used before the loop was made")));
        LATER.set(Some(using(&event_loop, "first used after")));
    });
    thread.join().unwrap();
    let mut told = trace.take();
    told.sort();
    assert_eq!(told, ["first used after", "first used before the loop was made"]);
}

// F23
#[test]
fn dropping_the_last_handle_does_not_end_the_loop() {
    let trace = Trace::new();
    let (in_callback, handle) = (trace.clone(), Cell::new(None));
    let event_loop = EventLoop::new().unwrap();
    handle.set(Some(event_loop.clone()));
    event_loop.call_soon(move || {
        drop(handle.take());
        EventLoop::try_current().expect("a loop").call_soon(in_callback.noting("second"));
    });
    drop(event_loop);
    EventLoop::current().unwrap().run().unwrap();
    assert_eq!(trace.take(), ["second"]);
}
