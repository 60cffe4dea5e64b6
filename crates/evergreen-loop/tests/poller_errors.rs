//! Pollers that fail: while something is added, and while the loop waits. F24 of the fault
//! catalogue.
//!
//! In one arm a selector of ours fails, in the other the kernel does, made to by `strace`, without
//! which these tests fail. That arm runs a test of this file in a second process.
#![cfg(target_os = "linux")]

mod common;

use std::cell::Cell;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use common::{CHILD, Trace, call_from_thread, readable_pair, turn};
use evergreen_loop::build::{Interest, Registration};
use evergreen_loop::seam::{
    Event, Mode, Notify, Selector, SelectorTraits, SourceKey, system_selector,
};
use evergreen_loop::{EventLoop, LoopError, RunError};

const HOUR: Duration = Duration::from_secs(3_600);

/// Which call of a selector fails, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Add(i32),
    Modify(i32),
    Delete(i32),
    Wait(i32),
}

/// The system's selector, but for the fault that is set.
struct Failing {
    selector: Box<dyn Selector>,
    fault: Rc<Cell<Fault>>,
    waits: Rc<Cell<usize>>,
}

impl Failing {
    /// A loop on such a selector, with what sets the fault and counts the waits.
    fn event_loop() -> (EventLoop, Rc<Cell<Fault>>, Rc<Cell<usize>>) {
        let (fault, waits) = (Rc::new(Cell::new(Fault::None)), Rc::default());
        let selector = system_selector().expect("a selector");
        let selector = Self { selector, fault: Rc::clone(&fault), waits: Rc::clone(&waits) };
        (EventLoop::builder().selector(selector).build().expect("a loop"), fault, waits)
    }

    fn check(&self, fault: impl Fn(i32) -> Fault) -> io::Result<()> {
        let code = match self.fault.get() {
            Fault::None => return Ok(()),
            Fault::Add(code) | Fault::Modify(code) | Fault::Delete(code) | Fault::Wait(code) => {
                code
            },
        };
        let ours = self.fault.get() == fault(code);
        if ours { Err(io::Error::from_raw_os_error(code)) } else { Ok(()) }
    }
}

impl Selector for Failing {
    fn traits(&self) -> SelectorTraits {
        self.selector.traits()
    }

    fn add(&mut self, fd: RawFd, key: SourceKey, interest: Interest, mode: Mode) -> io::Result<()> {
        self.check(Fault::Add)?;
        self.selector.add(fd, key, interest, mode)
    }

    fn modify(
        &mut self,
        fd: RawFd,
        key: SourceKey,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<()> {
        self.check(Fault::Modify)?;
        self.selector.modify(fd, key, interest, mode)
    }

    fn delete(&mut self, fd: RawFd) -> io::Result<()> {
        self.check(Fault::Delete)?;
        self.selector.delete(fd)
    }

    fn wait(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()> {
        self.waits.set(self.waits.get() + 1);
        self.check(Fault::Wait)?;
        self.selector.wait(timeout, events)
    }

    fn notifier(&self) -> Arc<dyn Notify> {
        self.selector.notifier()
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.selector.descriptor()
    }
}

fn system_error<T>(result: Result<T, LoopError>) -> Option<i32> {
    match result {
        Err(LoopError::Os(error)) => error.raw_os_error(),
        _ => None,
    }
}

/// What is refused leaves nothing behind, and the next attempt is a first one.
fn refuse_then_take(event_loop: &EventLoop, code: i32, mend: impl FnOnce()) {
    let trace = Trace::new().of_errors(event_loop);
    let (ours, theirs) = readable_pair();
    let captured = trace.on_drop("the callback dropped");
    let before = event_loop.metrics().sources;
    let refused = event_loop.add_reader(ours.as_raw_fd(), move || {
        let _captured = &captured;
    });
    assert_eq!(system_error(refused), Some(code));
    assert_eq!(trace.take(), ["the callback dropped"]);
    assert_eq!(system_error(Registration::new(&theirs, Interest::BOTH)), Some(code));
    assert_eq!(event_loop.metrics().sources, before);
    assert!(!event_loop.remove_reader(ours.as_raw_fd()));
    mend();
    event_loop.add_reader(ours.as_raw_fd(), trace.noting("readable")).expect("taken now");
    turn(event_loop);
    assert_eq!(trace.take(), ["readable"]);
    assert!(event_loop.remove_reader(ours.as_raw_fd()));
}

// F24, EV-LOOP-09
#[test]
fn a_descriptor_that_the_poller_has_no_room_for_is_refused_and_may_be_added_later() {
    for code in [libc::ENOMEM, libc::ENOSPC] {
        let (event_loop, fault, _) = Failing::event_loop();
        fault.set(Fault::Add(code));
        refuse_then_take(&event_loop, code, || fault.set(Fault::None));
        event_loop.run().expect("nothing is watched");
        event_loop.destroy().expect("destroyed");
    }
}

// F24, EV-LOOP-13
#[test]
fn a_second_direction_that_is_refused_leaves_the_first() {
    let (event_loop, fault, _) = Failing::event_loop();
    let trace = Trace::new().of_errors(&event_loop);
    let (ours, _theirs) = UnixStream::pair().unwrap();
    event_loop.add_writer(ours.as_raw_fd(), trace.noting("writable")).unwrap();
    fault.set(Fault::Modify(libc::ENOMEM));
    let refused = event_loop.add_reader(ours.as_raw_fd(), trace.noting("readable"));
    assert_eq!(system_error(refused), Some(libc::ENOMEM));
    fault.set(Fault::None);
    turn(&event_loop);
    assert_eq!(trace.take(), ["writable"]);
    event_loop.destroy().unwrap();
}

// F24, EV-LOOP-10
#[test]
fn a_delete_that_fails_is_nothing_to_whoever_removes() {
    let (event_loop, fault, _) = Failing::event_loop();
    let trace = Trace::new().of_errors(&event_loop);
    let (ours, _theirs) = readable_pair();
    let fd = ours.as_raw_fd();
    event_loop.add_reader(fd, trace.noting("readable")).unwrap();
    fault.set(Fault::Delete(libc::EBADF));
    assert!(event_loop.remove_reader(fd));
    // The poller still reports it, which is nobody's event now.
    turn(&event_loop);
    assert_eq!(trace.take(), [""; 0]);
    assert_eq!(event_loop.metrics().sources, 0);
    event_loop.run().expect("nothing is alive");
    event_loop.destroy().unwrap();
}

/// The error that each way of running gives, and how often the poller was asked.
fn run_every_way(event_loop: &EventLoop) -> Vec<Option<i32>> {
    let code = |error| match error {
        RunError::Loop(LoopError::Os(error)) => error.raw_os_error(),
        _ => None,
    };
    let never = std::future::pending::<()>;
    vec![
        event_loop.turn(None).err().and_then(code),
        event_loop.run_until(never()).err().and_then(code),
        event_loop.run_forever().err().and_then(code),
    ]
}

// F24: an error of each run, and no second look at a poller that is broken.
#[test]
fn a_wait_that_fails_for_ever_ends_each_run_at_once_with_its_error() {
    for code in [libc::EBADF, libc::EINVAL, libc::ENOMEM, libc::EFAULT] {
        let (event_loop, fault, waits) = Failing::event_loop();
        event_loop.call_later(HOUR, || ());
        fault.set(Fault::Wait(code));
        assert_eq!(run_every_way(&event_loop), [Some(code); 3]);
        assert_eq!(waits.get(), 3);
        assert!(!event_loop.is_running());
        event_loop.destroy().expect("destroyed, though the poller is broken");
    }
}

// F24: what was queued before the poller failed is not lost.
#[test]
fn what_a_failing_wait_held_up_runs_when_the_poller_has_recovered() {
    let (event_loop, fault, _) = Failing::event_loop();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.call_later(Duration::from_nanos(1), trace.noting("timer"));
    fault.set(Fault::Wait(libc::ENOMEM));
    let (ours, _theirs) = readable_pair();
    event_loop.add_reader(ours.as_raw_fd(), trace.noting("readable")).unwrap();
    event_loop.turn(None).unwrap_err();
    assert_eq!(trace.take(), [""; 0]);
    fault.set(Fault::None);
    call_from_thread(&event_loop, trace.noting("called"));
    turn(&event_loop);
    turn(&event_loop);
    assert_eq!([trace.count("timer"), trace.count("called")], [1, 1]);
    assert!(trace.count("readable") > 0);
    event_loop.destroy().unwrap();
}

/// What this process, which is a second one under `strace`, is there for.
fn part() -> Option<String> {
    std::env::var(CHILD).ok()
}

/// Runs `test` of this file in a second process under `strace`, as the part that it plays there,
/// with these faults injected. Gives the calls of those kinds that it made.
fn under_strace(test: &str, part: &str, calls: &str, inject: &str) -> Vec<String> {
    let log = std::env::temp_dir().join(format!("evergreen-{}-{part}", std::process::id()));
    let program = std::env::current_exe().expect("this program");
    let output = Command::new("strace")
        .args(["-f", "-qq", "-e", "signal=none", "-e", &format!("trace={calls}"), "-o"])
        .arg(&log)
        .args(["-e", &format!("inject={calls}:{inject}")])
        .arg(program)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        // The leak check of AddressSanitizer refuses to work under a tracer.
        .envs([(CHILD, part), ("ASAN_OPTIONS", "detect_leaks=0")])
        .output()
        .expect("strace is installed");
    let made = fs::read_to_string(&log).expect("a log");
    fs::remove_file(&log).expect("a log of ours");
    assert!(output.status.success(), "{}{made}", String::from_utf8_lossy(&output.stderr));
    made.lines().map(str::to_owned).collect()
}

// F24, EV-LOOP-09: by the kernel.
#[test]
fn the_kernels_refusal_to_watch_is_an_error_of_the_call() {
    let name = "the_kernels_refusal_to_watch_is_an_error_of_the_call";
    if let Some(part) = part() {
        let event_loop = EventLoop::new().unwrap();
        match part.as_str() {
            "count" => {},
            "ENOMEM" => refuse_then_take(&event_loop, libc::ENOMEM, || ()),
            _ => refuse_then_take(&event_loop, libc::ENOSPC, || ()),
        }
        return;
    }
    // What it takes to make a loop is let through.
    let calls = under_strace(name, "count", "epoll_ctl", "error=ENOMEM:when=1000");
    let first = 1 + calls.iter().filter(|call| call.contains("EPOLL_CTL_ADD")).count();
    for code in ["ENOMEM", "ENOSPC"] {
        let inject = format!("error={code}:when={first}..{}", first + 1);
        let calls = under_strace(name, code, "epoll_ctl", &inject);
        let injected = calls.iter().filter(|call| call.contains("INJECTED")).count();
        assert_eq!(injected, 2, "{calls:?}");
    }
}

// F24: by the kernel.
#[test]
fn the_kernels_refusal_to_wait_ends_the_run_and_is_not_asked_again() {
    let name = "the_kernels_refusal_to_wait_ends_the_run_and_is_not_asked_again";
    if part().is_some() {
        let event_loop = EventLoop::new().unwrap();
        event_loop.call_later(HOUR, || ());
        assert_eq!(run_every_way(&event_loop), [Some(libc::EBADF); 3]);
        event_loop.destroy().unwrap();
        return;
    }
    let waits = "epoll_wait,epoll_pwait,epoll_pwait2";
    let calls = under_strace(name, "wait", waits, "error=EBADF");
    assert_eq!(calls.len(), 3, "{calls:?}");
}
