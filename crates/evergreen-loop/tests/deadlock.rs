//! Waits that nothing can end: `try_block_on` gives up, `block_on` tells once and waits on.

mod common;

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::future::{pending, poll_fn, ready};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::process::Output;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;

use common::{MILLISECOND, deliver, in_a_process_with, manual_loop, printed, sleepy_loop};
use evergreen_loop::build::{TaskTable, task_table};
use evergreen_loop::{EventLoop, KeepAlive, LoopError, RunError, SystemExit};

/// Something that is waited for, set once from anywhere.
#[derive(Clone, Default)]
struct Event(Arc<Mutex<(bool, Option<Waker>)>>);

impl Event {
    fn set(&self) {
        let mut state = self.0.lock().expect("no panic");
        state.0 = true;
        let waker = state.1.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    fn setting(&self) -> impl Fn() + Send + 'static {
        let event = self.clone();
        move || event.set()
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            let mut state = self.0.lock().expect("no panic");
            state.1 = Some(cx.waker().clone());
            if state.0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

fn is_exit<T>(ended: &Result<T, RunError>) -> bool {
    matches!(ended, Err(RunError::Exit(_)))
}

// D-6, EV-LOOP-24, GEV-JOIN-06
#[test]
fn a_wait_for_nothing_is_given_up_at_once_and_the_loop_is_usable_afterwards() {
    let event_loop = EventLoop::new().unwrap();
    for _ in 0..2 {
        let ended = event_loop.try_block_on(pending::<()>());
        let Err(RunError::Exit(exit)) = ended else { panic!("{ended:?}") };
        assert_eq!((exit.parked_tasks(), exit.tasks()), (0, ""));
        assert_eq!(exit.to_string(), "the event loop has nothing left to wait for");
        assert!(!event_loop.is_running());
    }
    assert_eq!(event_loop.try_block_on(ready(1)).unwrap(), 1);
    assert_eq!(event_loop.run().unwrap().parked_tasks, 0);
    assert!(is_exit(&event_loop.try_block_on(pending::<()>())), "also after the run");
}

// D-6, D-5: each of these can still wake the future.
#[test]
fn what_is_alive_is_waited_for() {
    let (event, event_loop) = (Event::default(), EventLoop::new().unwrap());
    let waited = |event: Event| event_loop.try_block_on(async move { event.wait().await });

    event_loop.call_soon(event.setting());
    waited(event).expect("a queued entry");

    let event = Event::default();
    event_loop.call_later(MILLISECOND, event.setting());
    waited(event).expect("a timer");

    let event = Event::default();
    let (ours, theirs) = UnixStream::pair().unwrap();
    event_loop.add_reader(ours.as_raw_fd(), event.setting()).unwrap();
    event_loop.call_later(MILLISECOND, move || drop(theirs));
    waited(event).expect("a reader");
    event_loop.remove_reader(ours.as_raw_fd());

    let event = Event::default();
    drop(event_loop.run_blocking(event.setting()));
    let job = event_loop.run_blocking(|| thread::sleep(MILLISECOND));
    event_loop.try_block_on(job).expect("a blocking job").unwrap();

    let event = Event::default();
    event_loop.remote().call_from_thread(event.setting()).unwrap();
    waited(event).expect("a call on its way");

    assert!(is_exit(&waited(Event::default())));
}

// D-5, D-6: what has come is handled; what may come is not waited for.
#[test]
fn a_signal_is_handled_if_it_was_delivered_and_not_waited_for_otherwise() {
    let event_loop = EventLoop::new().unwrap();
    let event = Event::default();
    event_loop.add_signal_handler(libc::SIGUSR2, event.setting()).unwrap();
    let delivered = async {
        deliver(&event_loop, libc::SIGUSR2);
        event.wait().await;
    };
    event_loop.try_block_on(delivered).expect("delivered before the wait");
    assert!(is_exit(&event_loop.try_block_on(pending::<()>())));
}

thread_local! {
    /// The loop's thread keeps the token until the other thread has called.
    static TOKEN: Cell<Option<KeepAlive>> = const { Cell::new(None) };
}

// D-6: "who waits for a foreign thread there holds a KeepAlive".
#[test]
fn a_token_makes_it_wait_for_another_thread() {
    let event_loop = EventLoop::new().unwrap();
    let event = Event::default();
    let (set, remote) = (event.setting(), event_loop.remote());
    TOKEN.set(Some(event_loop.keep_alive()));
    let (parked, is_parked) = mpsc::channel();
    let caller = thread::spawn(move || {
        is_parked.recv().unwrap();
        set();
        remote.call_from_thread(|| drop(TOKEN.take())).unwrap();
    });
    event_loop.call_soon(move || parked.send(()).unwrap());
    event_loop.try_block_on(async { event.wait().await }).expect("the thread came");
    assert!(is_exit(&event_loop.try_block_on(pending::<()>())), "the token is gone");
    caller.join().unwrap();
}

// D-6
#[test]
fn it_waits_for_a_timer_only_as_long_as_the_timer_is_there() {
    let (event_loop, clock) = manual_loop();
    let timer = event_loop.call_later(MILLISECOND, || unreachable!("cancelled"));
    event_loop.call_soon(move || {
        clock.advance(MILLISECOND / 2);
        timer.cancel();
    });
    assert!(is_exit(&event_loop.try_block_on(pending::<()>())));
}

// D-6, D-7
#[test]
fn other_ends_of_the_wait_come_through() {
    let event_loop = EventLoop::new().unwrap();
    let inner = event_loop.clone();
    event_loop.call_soon(move || {
        let nested = inner.try_block_on(ready(()));
        assert!(matches!(nested, Err(RunError::Loop(LoopError::InsideLoop))), "{nested:?}");
        inner.stop().unwrap();
    });
    let stopped = event_loop.try_block_on(pending::<()>());
    assert!(matches!(stopped, Err(RunError::Stopped)), "{stopped:?}");

    event_loop.remote().stop_with(SystemExit::new(3)).unwrap();
    let ended = event_loop.try_block_on(pending::<()>());
    assert!(matches!(ended, Err(RunError::System(_))), "{ended:?}");

    event_loop.destroy().unwrap();
    let closed = event_loop.try_block_on(ready(()));
    assert!(matches!(closed, Err(RunError::Loop(LoopError::Closed))), "{closed:?}");
}

// D-6, R-10
#[test]
fn the_free_try_block_on_uses_the_loop_of_its_thread_or_one_of_its_own() {
    assert!(is_exit(&evergreen_loop::try_block_on(pending::<()>())));
    assert_eq!(EventLoop::try_current(), None);
    let event_loop = EventLoop::new().unwrap();
    let seen = evergreen_loop::try_block_on(async { EventLoop::current().unwrap() });
    assert_eq!(seen.unwrap(), event_loop);
}

/// Two tasks that never end, as far as the loop can tell.
struct TwoTasks;

impl TaskTable for TwoTasks {
    fn into_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }

    fn len(&self) -> usize {
        // None when the loop is destroyed.
        if EventLoop::try_current().is_some_and(|event_loop| event_loop.is_closed()) {
            0
        } else {
            2
        }
    }

    fn end_all(&self) {}

    fn dump(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("reader: parked\nwriter: parked\n")
    }

    fn run_first(&self) {
        unreachable!("no task starts");
    }
}

/// The future of this wait is woken twice while the loop sleeps, and is done the second time.
fn wait_through_two_sleeps() {
    let (event_loop, asleep) = sleepy_loop();
    task_table(|| Rc::new(TwoTasks)).expect("a loop");
    let waker: Arc<Mutex<Option<Waker>>> = Arc::default();
    let waiting = Arc::clone(&waker);
    let caller = thread::spawn(move || {
        for _ in 0..2 {
            asleep.recv().expect("the loop goes to sleep");
            waiting.lock().expect("no panic").take().expect("a waker").wake();
        }
    });
    let mut polls = 0;
    event_loop.block_on(poll_fn(|cx| {
        *waker.lock().expect("no panic") = Some(cx.waker().clone());
        polls += 1;
        if polls == 3 { Poll::Ready(()) } else { Poll::Pending }
    }));
    caller.join().expect("no panic");
    event_loop.destroy().expect("destroyed");
}

fn told_with(debug: &str, test: &str, body: fn()) -> Option<Vec<String>> {
    let output: Option<Output> = in_a_process_with(&[("EVERGREEN_DEBUG", debug)], test, body);
    output.as_ref().map(printed)
}

// D-6
#[test]
fn block_on_tells_once_who_is_parked_and_waits_on() {
    let name = "block_on_tells_once_who_is_parked_and_waits_on";
    let Some(told) = told_with("1", name, wait_through_two_sleeps) else { return };
    let told: Vec<&str> = told.iter().take_while(|line| *line != "ok").map(|s| &**s).collect();
    let [first, parked @ ..] = &*told else { panic!("nothing was told") };
    assert!(first.starts_with("evergreen: the wait at "), "{first}");
    assert!(first.contains("tests/deadlock.rs:"), "{first}");
    assert!(first.ends_with("nothing left to wait for, and 2 tasks are parked:"), "{first}");
    assert_eq!(parked, ["  reader: parked", "  writer: parked"]);
}

// D-6: the same program, where debugging is off.
#[test]
fn block_on_says_nothing_where_debugging_is_off() {
    let name = "block_on_says_nothing_where_debugging_is_off";
    let Some(told) = told_with("0", name, wait_through_two_sleeps) else { return };
    assert_eq!(told, [""; 0]);
}

// D-6: an error that the caller gets need not be printed.
#[test]
fn try_block_on_prints_nothing() {
    let given_up = || {
        let event_loop = EventLoop::new().unwrap();
        assert!(is_exit(&event_loop.try_block_on(pending::<()>())));
    };
    let Some(told) = told_with("1", "try_block_on_prints_nothing", given_up) else { return };
    assert_eq!(told, [""; 0]);
}
