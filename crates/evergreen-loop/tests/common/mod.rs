//! What the tests share: a clock that is set by hand, a poller that can be watched, and a second
//! process for what ends one.

#![allow(dead_code, reason = "no test file uses all of it")]

pub(crate) mod kinds;

use std::cell::Cell;
use std::io::{self, Write};
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Output};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use evergreen_loop::build::Interest;
use evergreen_loop::seam::{
    Clock, Event, Mode, Notify, Selector, SelectorTraits, SourceKey, system_selector,
};
use evergreen_loop::{Builder, EventLoop, LoopTime};
#[allow(unused_imports, reason = "no test file uses all of it")]
pub(crate) use evergreen_testing::{OnDrop, Trace};
use rustix::process::{Signal, getpid, kill_process};

/// A clock that stands still until it is set forward.
#[derive(Clone, Default)]
pub(crate) struct ManualClock(Rc<Cell<Duration>>);

impl ManualClock {
    pub(crate) fn advance(&self, length: Duration) {
        self.0.set(self.0.get() + length);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> LoopTime {
        LoopTime::from_nanos(0) + self.0.get()
    }
}

/// A loop whose time is set by hand.
pub(crate) fn manual_loop() -> (EventLoop, ManualClock) {
    let clock = ManualClock::default();
    let event_loop = EventLoop::builder().clock(clock.clone()).build().expect("a loop");
    (event_loop, clock)
}

/// One turn that does not wait.
pub(crate) fn turn(event_loop: &EventLoop) -> evergreen_loop::TurnOutcome {
    event_loop.turn(Some(Duration::ZERO)).expect("a turn")
}

/// So many turns that do not wait.
pub(crate) fn turns(event_loop: &EventLoop, times: usize) {
    for _ in 0..times {
        turn(event_loop);
    }
}

/// A loop that tells whenever it is about to sleep until somebody wakes it.
pub(crate) fn sleepy_loop() -> (EventLoop, Receiver<()>) {
    sleepy(EventLoop::builder())
}

/// The same, with options.
pub(crate) fn sleepy(builder: Builder) -> (EventLoop, Receiver<()>) {
    let (asleep, notices) = channel();
    let event_loop = with_waits(builder, move |timeout| {
        if timeout.is_none() {
            // Nobody may be listening any more.
            asleep.send(()).ok();
        }
        Ok(())
    });
    (event_loop, notices)
}

/// A loop that calls `before` whenever it asks the poller, which an error makes it not do.
pub(crate) fn loop_with_waits(
    before: impl FnMut(Option<Duration>) -> io::Result<()> + 'static,
) -> EventLoop {
    with_waits(EventLoop::builder(), before)
}

fn with_waits(
    builder: Builder,
    before: impl FnMut(Option<Duration>) -> io::Result<()> + 'static,
) -> EventLoop {
    let selector = system_selector().expect("a selector");
    let selector = WatchedSelector { selector, before: Box::new(before) };
    builder.selector(selector).build().expect("a loop")
}

struct WatchedSelector {
    selector: Box<dyn Selector>,
    before: Box<dyn FnMut(Option<Duration>) -> io::Result<()>>,
}

impl Selector for WatchedSelector {
    fn traits(&self) -> SelectorTraits {
        self.selector.traits()
    }

    fn add(&mut self, fd: RawFd, key: SourceKey, interest: Interest, mode: Mode) -> io::Result<()> {
        self.selector.add(fd, key, interest, mode)
    }

    fn modify(
        &mut self,
        fd: RawFd,
        key: SourceKey,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<()> {
        self.selector.modify(fd, key, interest, mode)
    }

    fn delete(&mut self, fd: RawFd) -> io::Result<()> {
        self.selector.delete(fd)
    }

    fn wait(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()> {
        (self.before)(timeout)?;
        self.selector.wait(timeout, events)
    }

    fn notifier(&self) -> Arc<dyn Notify> {
        self.selector.notifier()
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.selector.descriptor()
    }
}

/// A pair of which the first end has a byte to read.
pub(crate) fn readable_pair() -> (UnixStream, UnixStream) {
    let (ours, mut theirs) = UnixStream::pair().expect("a pair");
    theirs.write_all(b"x").expect("written");
    (ours, theirs)
}

/// Calls the loop from another thread, which has ended when this returns.
pub(crate) fn call_from_thread(event_loop: &EventLoop, f: impl FnOnce() + Send + 'static) {
    let remote = event_loop.remote();
    let thread = thread::spawn(move || drop(remote.call_from_thread(f).expect("a loop")));
    thread.join().expect("no panic");
}

/// Sends this process a signal. Which thread gets it, and when, is the system's choice.
pub(crate) fn send_signal(signum: i32) {
    let signal = Signal::from_named_raw(signum).expect("a signal with a name");
    kill_process(getpid(), signal).expect("a signal sent");
}

/// Sends this process a signal that `event_loop`, which has nothing else to do, has a handler for,
/// and waits until it has come.
pub(crate) fn deliver(event_loop: &EventLoop, signum: i32) {
    assert_eq!(event_loop.next_deadline(), None);
    // To this very thread: TSan holds a signal back until the thread that got it makes a call, and
    // the main one of a test harness makes none.
    // SAFETY: it takes any number.
    #[expect(unsafe_code, reason = "rustix cannot send to one thread")]
    let raised = unsafe { libc::raise(signum) };
    assert_eq!(raised, 0);
    while event_loop.next_deadline().is_none() {
        thread::yield_now();
    }
}

pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);

/// Set in the process that [`in_a_process_of_its_own`] starts.
pub(crate) const CHILD: &str = "EVERGREEN_TEST_CHILD";

/// Runs `body` in a second process, and tells how that one ended; `test` is the name of the test
/// that calls this. `None` in the second process, after `body` has returned.
pub(crate) fn in_a_process_of_its_own(test: &str, body: impl FnOnce()) -> Option<Output> {
    in_a_process_with(&[], test, body)
}

/// As [`in_a_process_of_its_own`], with variables of its environment.
pub(crate) fn in_a_process_with(
    variables: &[(&str, &str)],
    test: &str,
    body: impl FnOnce(),
) -> Option<Output> {
    if std::env::var_os(CHILD).is_some() {
        body();
        return None;
    }
    let program = std::env::current_exe().expect("a program");
    let output = Command::new(program)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .envs(variables.iter().copied())
        .output()
        .expect("a second process");
    Some(output)
}

/// What the loop of a second process has printed to standard error, line by line.
pub(crate) fn printed(output: &Output) -> Vec<String> {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines = errors.lines().skip_while(|line| !line.starts_with("evergreen: "));
    lines.map(str::to_owned).collect()
}
