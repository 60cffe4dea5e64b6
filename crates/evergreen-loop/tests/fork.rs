//! Forks: the child gets errors, and the poller, which is one for both in the kernel, stays as its
//! parent left it. F20 of the fault catalogue.
//!
//! Without a harness: a child may do what it likes only if the process that forked had one thread.
//! Each check runs in a process of its own, this program with the check's name as its argument.
#![allow(clippy::print_stdout, reason = "runners of tests read it")]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::{Command, exit};
use std::task::{Context, Waker};
use std::time::Duration;

use common::{OnDrop, Trace, readable_pair, turn};
use evergreen_loop::build::{BlockingPool, Direction, Interest, Registration};
use evergreen_loop::{BlockingError, EventLoop, Handler, LoopError, SystemExit};
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, waitpid};

const HOUR: Duration = Duration::from_secs(3_600);

const CHECKS: &[(&str, fn())] = &[
    ("the_child_gets_an_error_from_every_call", every_call),
    ("what_the_child_takes_back_stays_with_the_parent", taking_back),
    ("a_child_that_exits_drops_nothing_and_leaves_the_poller_alone", exiting),
    ("a_child_that_comes_out_of_a_callback_runs_nothing_more", inside_a_callback),
    ("a_child_that_comes_out_of_a_turn_is_told", inside_a_turn),
    ("a_future_that_forks_gives_its_output_in_both", inside_a_future),
    ("a_child_may_make_a_loop_of_its_own", a_new_loop),
    ("a_signal_in_the_child_does_not_wake_the_parent", a_signal),
    ("a_pool_of_threads_has_none_in_the_child", pool_of_threads),
    ("a_child_that_only_executes_inherits_nothing_of_the_loop", executing),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        let ignored = arguments.iter().any(|argument| argument == "--ignored");
        CHECKS.iter().filter(|_| !ignored).for_each(|(name, _)| println!("{name}: test"));
        return;
    }
    if let Some(chosen) = std::env::var_os("EVERGREEN_CHECK") {
        let check = CHECKS.iter().find(|(name, _)| chosen == *name).expect("a check");
        return check.1();
    }
    let filters: Vec<&String> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    let chosen = |name: &str| {
        filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()))
    };
    CHECKS.iter().filter(|(name, _)| chosen(name)).for_each(|(name, _)| in_a_process(name));
}

fn in_a_process(name: &str) {
    let program = std::env::current_exe().expect("this program");
    let process = Command::new(program).env("EVERGREEN_CHECK", name).output();
    let process = process.expect("this program can be run");
    assert!(process.status.success(), "{name}: {}", String::from_utf8_lossy(&process.stderr));
    println!("test {name} ... ok");
}

/// The child's number, or nothing in the child.
fn fork() -> Option<Pid> {
    // SAFETY: the process has one thread, so the child may call anything.
    #[expect(unsafe_code, reason = "forking is what is tested")]
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "no fork");
    Pid::from_raw(child)
}

/// Waits for the child, which is to end well.
fn wait_for(child: Pid) {
    let (_, status) = waitpid(Some(child), WaitOptions::empty()).expect("a child").expect("ended");
    assert_eq!(status.exit_status(), Some(0), "of the child: {status:?}");
}

/// Runs `body` in a child that exits afterwards, and gives what it said.
fn in_a_child(body: impl FnOnce() -> String) -> String {
    let (mut ours, mut theirs) = UnixStream::pair().expect("a pair");
    let Some(child) = fork() else {
        let said = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| "panicked".to_owned());
        theirs.write_all(said.as_bytes()).expect("a parent");
        exit(0);
    };
    drop(theirs);
    let mut said = String::new();
    ours.read_to_string(&mut said).expect("text");
    wait_for(child);
    said
}

/// What the kernel keeps for the loop's descriptors: the poller's table, and the wake-ups sent.
#[cfg(target_os = "linux")]
fn kernel_state() -> Vec<String> {
    let mut state = Vec::new();
    for entry in fs::read_dir("/proc/self/fdinfo").expect("a list").flatten() {
        // The descriptor that read the list is closed by now.
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        let told = |line: &&str| line.starts_with("tfd") || line.starts_with("eventfd-count");
        state.extend(text.lines().filter(told).map(|line| format!("{entry:?} {line}")));
    }
    assert!(!state.is_empty(), "no poller was found");
    state.sort();
    state
}

#[cfg(not(target_os = "linux"))]
fn kernel_state() -> Vec<String> {
    Vec::new()
}

fn text<T>(result: Result<T, impl std::error::Error>) -> String {
    result.err().map_or_else(|| "no error".to_owned(), |error| error.to_string())
}

/// A loop that watches the first of a pair, which has a byte to read.
struct Watching {
    event_loop: EventLoop,
    trace: Trace,
    reader: Handler,
    edge: Registration,
    ends: [UnixStream; 3],
}

impl Watching {
    fn new() -> Self {
        let event_loop = EventLoop::new().expect("a loop");
        let trace = Trace::new().of_errors(&event_loop);
        let (ours, theirs) = readable_pair();
        let reader =
            event_loop.add_reader(ours.as_raw_fd(), trace.noting("readable")).expect("a reader");
        let edge = Registration::new(&theirs, Interest::BOTH).expect("a registration");
        let other = theirs.try_clone().expect("a clone");
        event_loop.call_later(HOUR, || ());
        Self { event_loop, trace, reader, edge, ends: [ours, theirs, other] }
    }

    /// The descriptor that is watched.
    fn watched(&self) -> RawFd {
        self.ends[0].as_raw_fd()
    }

    /// The parent goes on as if there had been no child.
    fn goes_on(self) {
        let Self { event_loop, trace, edge, .. } = &self;
        turn(event_loop);
        assert_eq!(trace.take(), ["readable"]);
        assert!(event_loop.remove_reader(self.watched()), "the reader was still there");
        event_loop.add_writer(self.watched(), trace.noting("writable")).expect("a writer");
        turn(event_loop);
        assert_eq!(trace.take(), ["writable"]);
        assert!(event_loop.remove_writer(self.watched()));
        (&self.ends[0]).write_all(b"y").expect("written");
        event_loop.block_on(edge.readiness(Direction::Read)).expect("told of the byte");
        event_loop.remote().call_from_thread(trace.noting("called")).expect("a loop");
        turn(event_loop);
        assert_eq!(trace.take(), ["called"]);
        event_loop.destroy().expect("destroyed");
    }
}

fn every_call() {
    let watching = Watching::new();
    let (event_loop, other) = (&watching.event_loop, watching.ends[2].as_raw_fd());
    let before = kernel_state();
    let said = in_a_child(|| {
        let remote = event_loop.remote();
        let call_soon = || catch_unwind(AssertUnwindSafe(|| event_loop.call_soon(|| ())));
        let mut said = vec![
            text(event_loop.run()),
            text(event_loop.run_forever()),
            text(event_loop.run_until(async {})),
            text(event_loop.turn(None)),
            text(event_loop.stop()),
            text(event_loop.stop_with(SystemExit::new(1))),
            text(event_loop.destroy()),
            text(event_loop.add_reader(other, || ())),
            text(event_loop.add_writer(other, || ())),
            text(event_loop.add_signal_handler(libc::SIGUSR1, || ())),
            text(event_loop.call_from_thread(|| ())),
            text(remote.call_from_thread(|| ())),
            text(remote.stop()),
        ];
        let forked = LoopError::Forked.to_string();
        said.retain(|said| *said != forked);
        assert!(call_soon().is_err() && event_loop.is_closed());
        assert_eq!(EventLoop::try_current(), None);
        said.join(", ")
    });
    assert_eq!(said, "");
    assert_eq!(kernel_state(), before);
    watching.goes_on();
}

fn taking_back() {
    let mut watching = Watching::new();
    let before = kernel_state();
    let said = in_a_child(|| {
        watching.event_loop.remove_reader(watching.watched());
        watching.reader.cancel();
        let mut readiness = watching.edge.readiness(Direction::Read);
        let polled = Pin::new(&mut readiness).poll(&mut Context::from_waker(Waker::noop()));
        drop(readiness);
        watching.edge.release();
        format!("{polled:?}")
    });
    assert!(said.contains("Forked"), "{said}");
    assert_eq!(kernel_state(), before);
    // Only the child has let go of them.
    assert!(!watching.reader.is_cancelled());
    watching.goes_on();
}

fn exiting() {
    let watching = Watching::new();
    let parent = getpid();
    let captured = OnDrop::new(move || assert_eq!(getpid(), parent, "dropped in the child"));
    watching.event_loop.call_later(HOUR, move || drop(captured));
    let before = kernel_state();
    // The values of the thread are dropped when it exits, and that would end the loop.
    assert_eq!(in_a_child(String::new), "");
    assert_eq!(kernel_state(), before);
    watching.goes_on();
}

/// What ran where: the child tells through a pair, then exits.
fn tell(mut pair: &UnixStream, what: &str) -> ! {
    pair.write_all(what.as_bytes()).expect("a parent");
    exit(0)
}

fn inside_a_callback() {
    let watching = Watching::new();
    let (event_loop, trace) = (watching.event_loop.clone(), watching.trace.clone());
    watching.reader.cancel();
    let (mut ours, theirs) = UnixStream::pair().expect("a pair");
    let parent = getpid();
    let on_fork = trace.clone();
    event_loop.call_soon(move || match fork() {
        Some(child) => wait_for(child),
        None => on_fork.note("in the child"),
    });
    event_loop.call_soon(trace.noting("the rest of the pass"));
    let inner = event_loop.clone();
    event_loop.call_soon(move || inner.stop().expect("running"));
    let ended = event_loop.run();
    if getpid() != parent {
        tell(&theirs, &format!("{:?} {}", trace.take(), text(ended)));
    }
    drop(theirs);
    let mut said = String::new();
    ours.read_to_string(&mut said).expect("text");
    assert_eq!(said, format!(r#"["in the child"] {}"#, LoopError::Forked));
    assert!(ended.expect("a run").stopped);
    assert_eq!(trace.take(), ["the rest of the pass"]);
}

fn inside_a_turn() {
    let event_loop = EventLoop::new().expect("a loop");
    let (mut ours, theirs) = UnixStream::pair().expect("a pair");
    let parent = getpid();
    event_loop.call_soon(move || fork().into_iter().for_each(wait_for));
    let ended = event_loop.turn(Some(Duration::ZERO));
    if getpid() != parent {
        tell(&theirs, &text(ended));
    }
    drop(theirs);
    let mut said = String::new();
    ours.read_to_string(&mut said).expect("text");
    assert_eq!(said, LoopError::Forked.to_string());
    ended.expect("a turn");
}

fn inside_a_future() {
    let (mut ours, theirs) = UnixStream::pair().expect("a pair");
    let child = evergreen_loop::block_on(async { fork() });
    let Some(child) = child else { tell(&theirs, "the output") };
    drop(theirs);
    let mut said = String::new();
    ours.read_to_string(&mut said).expect("text");
    wait_for(child);
    assert_eq!(said, "the output");
}

fn a_new_loop() {
    let watching = Watching::new();
    let before = kernel_state();
    let use_loop = || {
        let trace = Trace::new();
        assert_eq!(evergreen_loop::block_on(async { 7 }), 7);
        let event_loop = EventLoop::new().expect("a loop of the child");
        assert!(matches!(EventLoop::new(), Err(LoopError::AlreadyExists)));
        let (inner, ours) = (event_loop.clone(), watching.watched());
        let on_call = trace.clone();
        let reader = event_loop.add_reader(ours, move || {
            on_call.note("readable");
            inner.remove_reader(ours);
        });
        reader.expect("a reader");
        event_loop.run().expect("a run");
        event_loop.destroy().expect("destroyed");
        format!("{:?}", trace.take())
    };
    let said = in_a_child(use_loop);
    assert_eq!(said, r#"["readable"]"#);
    assert_eq!(kernel_state(), before);
    watching.goes_on();
}

/// The pool has an owner by its first job. Its thread is gone before the fork: the process is to have
/// one.
fn pool_of_threads() {
    let event_loop = EventLoop::new().expect("a loop");
    let pool = BlockingPool::new("mine", 1);
    event_loop.block_on(pool.run(&event_loop, || ())).expect("no panic");
    pool.end(true);
    let use_pool = || {
        let event_loop = EventLoop::new().expect("a loop of the child");
        let refused = event_loop.block_on(pool.run(&event_loop, || ()));
        pool.end(true);
        match refused {
            Err(BlockingError::Os(error)) => error.to_string(),
            other => format!("{other:?}"),
        }
    };
    let refused = "its threads are the parent's: make a new pool behind a fork";
    assert_eq!(in_a_child(use_pool), refused);
}

fn a_signal() {
    let watching = Watching::new();
    watching.event_loop.add_signal_handler(libc::SIGUSR1, || ()).expect("a handler");
    let before = kernel_state();
    in_a_child(|| {
        kill_process(getpid(), Signal::USR1).expect("a signal sent");
        String::new()
    });
    assert_eq!(kernel_state(), before);
    watching.goes_on();
}

fn executing() {
    let watching = Watching::new();
    let before = kernel_state();
    let listed = Command::new("ls").args(["-l", "/proc/self/fd"]).output().expect("ls");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(!listed.contains("anon_inode"), "{listed}");
    assert_eq!(kernel_state(), before);
    watching.goes_on();
}
