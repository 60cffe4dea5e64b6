//! The list of tasks, and what each says of itself.

mod common;

use std::future::pending;
use std::time::Duration;

use common::{OnDrop, TestLoop, Trace, settle};
use evergreen_loop::EventLoop;
use evergreen_task::{RemoteTasks, Task, all, current, sleep, spawn, yield_now};

fn names() -> Vec<String> {
    all().iter().map(|task| format!("{} {}", task.name(), task.state())).collect()
}

fn named(name: &str) -> Task<()> {
    Task::builder().name(name).spawn(pending::<()>())
}

#[test]
fn all_has_every_task_between_its_start_and_its_end_in_the_order_in_which_they_were_made() {
    assert_eq!(names(), Vec::<String>::new(), "no loop");
    let event_loop = TestLoop::new();
    assert_eq!(names(), Vec::<String>::new(), "no task");
    let unstarted = Task::builder().name("first").build(pending::<()>());
    let (parked, killed) = (named("parked"), named("killed"));
    settle(&event_loop);
    killed.kill();
    settle(&event_loop);
    let queued = named("queued");
    assert_eq!(names(), ["parked started", "queued started"]);
    unstarted.start().unwrap();
    assert_eq!(names(), ["first started", "parked started", "queued started"]);
    assert_eq!(all()[1], parked.task_ref());
    drop(queued);
}

#[test]
fn a_running_task_finds_itself_in_the_list_also_in_its_first_turn() {
    let event_loop = TestLoop::new();
    let looks = Task::builder().name("looks").spawn(async {
        let me = current().expect("a task");
        let first = (names(), me.polls(), me.parked_for());
        yield_now().await;
        (first, (names(), me.polls(), me.parked_for()))
    });
    let expected = vec!["looks running".to_owned()];
    let (first, second) = event_loop.block_on(looks).unwrap();
    assert_eq!(first, (expected.clone(), 1, None));
    assert_eq!(second, (expected, 2, None));
}

// D-10
#[test]
fn a_task_from_another_thread_is_listed_from_its_first_turn_on() {
    let event_loop = TestLoop::new();
    let remote = event_loop.remote();
    let task = std::thread::spawn(move || remote.spawn_from_thread(pending::<()>()));
    let task = task.join().expect("no panic").unwrap();
    settle(&event_loop);
    let listed = all();
    assert_eq!((listed.len(), listed[0].id(), listed[0].polls()), (1, task.id(), 1));
    listed[0].kill();
    assert!(event_loop.block_on(task).unwrap_err().is_exit());
}

// A destructor may ask, too.
#[test]
fn a_task_that_ends_is_listed_until_its_future_is_gone() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    let noting = trace.clone();
    let guard = OnDrop::new(move || noting.note(names().join(", ")));
    let task = Task::builder().name("ends").spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    settle(&event_loop);
    task.kill();
    settle(&event_loop);
    assert_eq!(trace.take(), ["ends running"]);
    assert_eq!(names(), Vec::<String>::new());
}

#[test]
fn polls_counts_turns_and_the_count_outlives_the_task() {
    let event_loop = TestLoop::new();
    let task = spawn(async {
        for _ in 0..3 {
            yield_now().await;
        }
    });
    let early = task.task_ref();
    assert_eq!(early.polls(), 0);
    event_loop.block_on(task.join()).unwrap();
    // The one that counted it, and one that was made after its end.
    assert_eq!((early.polls(), task.task_ref().polls()), (4, 4));
}

// On the loop's own clock, to the millisecond.
#[test]
fn parked_for_counts_from_the_last_turn() {
    let event_loop = TestLoop::with_virtual_time();
    let parked = named("parked");
    assert_eq!(parked.task_ref().parked_for(), None, "it has not begun");
    let parked_for = |seconds: u64| {
        event_loop.block_on(sleep(Duration::from_secs(seconds)));
        parked.task_ref().parked_for()
    };
    assert_eq!(parked_for(20), Some(Duration::from_secs(20)));
    assert_eq!(parked_for(30), Some(Duration::from_secs(50)));
    parked.task_ref().wake();
    assert_eq!(parked_for(7), Some(Duration::from_secs(7)), "it has had another turn");
    parked.kill();
    assert_eq!(parked_for(1), None, "it has ended");
}

#[test]
fn a_dump_says_of_each_task_what_it_does_and_how_often_it_was_polled() {
    let event_loop = TestLoop::new();
    let _parked = named("parked");
    settle(&event_loop);
    let looks = Task::builder().name("looks").spawn(async {
        let _queued = named("queued");
        EventLoop::current().expect("a loop").dump_tasks().to_string()
    });
    let text = event_loop.block_on(looks).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].starts_with("parked: parked for 0."), "{text}");
    assert!(lines[0].contains(" s, polls: 1, spawned at "), "{text}");
    assert!(lines[1].starts_with("looks: running, polls: 1, spawned at "), "{text}");
    assert!(lines[2].starts_with("queued: waits for its first turn, polls: 0, "), "{text}");
}

// The borrow rule: the table is not held while a task's code or destructor runs.
#[test]
fn the_list_may_be_asked_for_while_the_loop_ends() {
    let (event_loop, trace) = (TestLoop::new(), Trace::new());
    for _ in 0..2 {
        let noting = trace.clone();
        let guard = OnDrop::new(move || noting.note(all().len()));
        spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
    }
    settle(&event_loop);
    event_loop.destroy().unwrap();
    assert_eq!(trace.take(), ["2", "1"]);
}
