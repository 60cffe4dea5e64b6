//! Who is parked and where it was made: in a `LoopExit`, in a dump, and on standard error.

mod common;

use std::cell::Cell;
use std::fmt::Write;
use std::future::{Future, pending, poll_fn};
use std::io::{BufRead, BufReader, Read};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use common::{TestLoop, is_second_process, second_process};
use evergreen_loop::{EventLoop, RunError};
use evergreen_task::{Task, spawn, yield_now};

/// Where the first line of this file stands that has this text.
fn place_of(code: &str) -> String {
    let line = include_str!("seeing_inside.rs").lines().position(|line| line.contains(code));
    format!("tests/seeing_inside.rs:{}:", line.expect("a line") + 1)
}

/// A named task and one without a name that wait for nobody knows what.
fn park_two() -> [Task<()>; 2] {
    let named = Task::builder().name("consumer").spawn(pending());
    let plain = spawn(pending::<()>());
    [named, plain]
}

fn is_about(line: &str, name: &str, code: &str) -> bool {
    line.trim_start().starts_with(&format!("{name}: ")) && line.contains(&place_of(code))
}

// D-6, design decision 9
#[test]
fn a_loop_exit_names_each_parked_task_and_its_place() {
    let event_loop = TestLoop::new();
    let _unstarted = Task::new(pending::<()>());
    let tasks = park_two();
    let ended = event_loop.try_block_on(async {
        spawn(yield_now()).await.expect("it ends");
        pending::<()>().await;
    });
    let Err(RunError::Exit(exit)) = ended else { panic!("{ended:?}") };
    assert_eq!(exit.parked_tasks(), 2);
    let lines: Vec<&str> = exit.tasks().lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(is_about(lines[0], "consumer", "Task::builder()"), "{}", lines[0]);
    assert!(is_about(lines[1], &tasks[1].name(), "let plain = "), "{}", lines[1]);
    assert!(lines.iter().all(|line| line.contains("parked")), "{lines:?}");
    let text = exit.to_string();
    assert!(text.starts_with("the event loop has nothing left to wait for, and 2 tasks"), "{text}");
    assert!(lines.iter().all(|line| text.contains(line)), "{text}");
}

// D-6, GEV-JOIN-06: "the hub is usable afterwards".
#[test]
fn tasks_that_were_parked_at_a_loop_exit_go_on_later() {
    let event_loop = TestLoop::new();
    let (waker, woken) = (Rc::new(Cell::new(None)), Rc::new(Cell::new(false)));
    let (park, seen) = (Rc::clone(&waker), Rc::clone(&woken));
    let mut task = spawn(poll_fn(move |cx| {
        park.set(Some(cx.waker().clone()));
        if seen.get() { Poll::Ready(5) } else { Poll::Pending }
    }));
    assert!(matches!(event_loop.try_block_on(&mut task), Err(RunError::Exit(_))));
    woken.set(true);
    waker.take().map(Waker::wake).expect("it has had a turn");
    assert_eq!(event_loop.try_block_on(task).unwrap().unwrap(), 5);
}

// D-5: a task that is queued, and one that the future waits for, are no deadlock.
#[test]
fn a_task_that_runs_is_waited_for() {
    let event_loop = TestLoop::new();
    let task = spawn(async {
        evergreen_task::sleep(0.001).await;
        spawn(yield_now()).await.expect("it ends");
        7
    });
    assert_eq!(event_loop.try_block_on(task).unwrap().unwrap(), 7);
}

#[test]
fn a_dump_has_a_line_for_each_task_in_the_order_in_which_they_were_made() {
    let event_loop = TestLoop::new();
    assert_eq!(event_loop.dump_tasks().to_string(), "");
    let killed = spawn(pending::<()>());
    let tasks = park_two();
    event_loop.block_on(async {
        yield_now().await;
        killed.kill();
        assert!(killed.await.is_err());
    });
    // The slot of the task that has ended is the first to be used again.
    let last = Task::builder().name("last").spawn(pending::<()>());
    event_loop.block_on(yield_now());
    let text = event_loop.dump_tasks().to_string();
    let names: Vec<&str> = text.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(names, ["consumer", &tasks[1].name(), "last"]);
    drop(last);
}

/// Starts a task whenever text comes.
struct Spawning(usize);

impl Write for Spawning {
    fn write_str(&mut self, _: &str) -> std::fmt::Result {
        drop(spawn(pending::<()>()));
        self.0 += 1;
        Ok(())
    }
}

// The borrow rule: a formatter may be the user's, and may use the loop.
#[test]
fn a_dump_may_be_written_to_what_uses_the_loop() {
    let event_loop = TestLoop::new();
    let _tasks = park_two();
    event_loop.block_on(yield_now());
    let mut spawning = Spawning(0);
    write!(spawning, "{}", event_loop.dump_tasks()).expect("written");
    assert!(spawning.0 > 0);
}

/// Waits until the other process closes this one's standard input.
fn wait_for_the_other_process() -> impl Future<Output = ()> {
    let mut asked = false;
    poll_fn(move |cx| {
        if std::mem::replace(&mut asked, true) {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        thread::spawn(move || {
            std::io::stdin().read_to_end(&mut Vec::new()).expect("standard input");
            waker.wake();
        });
        Poll::Pending
    })
}

// D-6
#[test]
fn block_on_prints_once_who_is_parked_and_is_woken_from_elsewhere_all_the_same() {
    let test = "block_on_prints_once_who_is_parked_and_is_woken_from_elsewhere_all_the_same";
    if is_second_process() {
        let event_loop = TestLoop::new();
        let _tasks = park_two();
        return event_loop.block_on(wait_for_the_other_process());
    }
    let mut child = second_process(test).env("EVERGREEN_DEBUG", "1").spawn().unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let first = errors.find(|line| line.starts_with("evergreen: ")).expect("the dump");
    let parked: Vec<String> = errors.by_ref().take(2).collect();
    // It has told, and waits.
    drop(child.stdin.take());
    let rest: Vec<String> = errors.collect();
    assert!(child.wait().unwrap().success());
    assert!(
        first.contains("the wait at ") && first.contains(&place_of("block_on(wait")),
        "{first}"
    );
    assert!(is_about(&parked[0], "consumer", "Task::builder()"), "{}", parked[0]);
    assert!(is_about(&parked[1], "Task-2", "let plain = "), "{}", parked[1]);
    assert!(!rest.iter().any(|line| line.starts_with("evergreen: ")), "{rest:?}");
}

// AIO-DBG-02
#[test]
fn a_slow_task_is_reported_by_its_name_and_place() {
    let test = "a_slow_task_is_reported_by_its_name_and_place";
    if is_second_process() {
        let builder = EventLoop::builder().slow_entry_threshold(Some(Duration::ZERO));
        let event_loop = TestLoop::of(builder.build().unwrap());
        let task = Task::builder().name("sluggard").spawn(async {});
        event_loop.run().unwrap();
        return drop(task);
    }
    let output = second_process(test).output().unwrap();
    assert!(output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr);
    let reports: Vec<&str> = errors.lines().filter(|line| line.contains("held up")).collect();
    let [report] = reports[..] else { panic!("one turn, one report: {reports:?}") };
    assert!(report.starts_with("evergreen: task sluggard (made at "), "{report}");
    assert!(report.contains(&place_of("name(\"sluggard\")")), "{report}");
}
