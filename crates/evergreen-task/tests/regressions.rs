//! Faults that were found once.

use std::future::Future;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::pin::{Pin, pin};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use evergreen_loop::{EventLoop, block_on};
use evergreen_task::{Sleep, Timeout, sleep, spawn};

const HOUR: f64 = 3600.0;

fn poll_once(sleep: &mut Sleep, waker: &Waker) -> Poll<()> {
    Pin::new(sleep).poll(&mut Context::from_waker(waker))
}

// the request to arm it came after the request to forget it, and armed it for nobody.
#[test]
fn a_sleep_that_is_dropped_before_its_request_arrives_holds_nothing() {
    let event_loop = EventLoop::new().unwrap();
    let mut asleep = sleep(HOUR);
    let polled = thread::spawn(move || {
        assert!(poll_once(&mut asleep, Waker::noop()).is_pending());
        asleep
    });
    drop(polled.join().unwrap());
    event_loop.run().unwrap();
    assert_eq!(event_loop.metrics().timers, 0);
}

/// A waker that owns a timer of the loop it wakes.
struct Owner(Mutex<Option<Sleep>>);

impl Wake for Owner {
    fn wake(self: Arc<Self>) {
        drop(self.0.lock().map(|mut owned| owned.take()));
    }
}

// The borrow rule: the waker that another replaces may have a destructor that uses the loop.
#[test]
fn a_waker_may_own_a_sleep_of_the_loop() {
    let event_loop = EventLoop::new().unwrap();
    let mut owned = sleep(HOUR);
    assert!(poll_once(&mut owned, Waker::noop()).is_pending());
    let mut asleep = sleep(HOUR);
    let owner = Waker::from(Arc::new(Owner(Mutex::new(Some(owned)))));
    assert!(poll_once(&mut asleep, &owner).is_pending());
    drop(owner);
    assert_eq!(event_loop.metrics().timers, 2);
    assert!(poll_once(&mut asleep, Waker::noop()).is_pending());
    assert_eq!(event_loop.metrics().timers, 1);
}

// D-8: expiry drops the inner future, also where the limited one lives on.
#[test]
fn an_expired_limit_drops_what_ran_under_it() {
    let event_loop = EventLoop::new().unwrap();
    event_loop.block_on(async {
        let held = Arc::new(());
        let inner = Arc::clone(&held);
        let mut limited = pin!(Timeout::after(0.001).run(async move {
            let _held = inner;
            sleep(HOUR).await;
        }));
        assert!(limited.as_mut().await.is_err());
        assert_eq!((Arc::strong_count(&held), event_loop.metrics().timers), (1, 0));
    });
}

/// Runs the test of this name again, in a process of its own, as what it is about.
fn as_a_process(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env("AS_A_PROCESS", "1");
    command
}

fn is_a_process() -> bool {
    std::env::var_os("AS_A_PROCESS").is_some()
}

// F26: the end of the thread's loop waited for the task that was ending the process.
#[test]
fn a_task_may_exit_the_process() {
    if is_a_process() {
        block_on(async { spawn(async { std::process::exit(3) }).await }).unwrap();
    }
    let status = as_a_process("a_task_may_exit_the_process").status().unwrap();
    assert_eq!(status.code(), Some(3));
}

// D-7, F13: the report of a panic failed, and took the loop with it.
#[test]
fn a_panic_that_cannot_be_reported_ends_its_task_and_nothing_else() {
    if is_a_process() {
        let ended = block_on(async { spawn(async { panic!("on purpose") }).await });
        std::process::exit(if ended.is_err_and(|error| error.is_panic()) { 4 } else { 5 });
    }
    let (closed, stderr) = UnixStream::pair().unwrap();
    drop(closed);
    let status = as_a_process("a_panic_that_cannot_be_reported_ends_its_task_and_nothing_else")
        .stderr(Stdio::from(OwnedFd::from(stderr)))
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(4));
}
