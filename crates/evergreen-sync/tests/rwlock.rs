//! `RwLock`: many readers or one writer, first come, first served.

mod common;

use std::rc::Rc;

use common::{TestLoop, Trace, settle};
use evergreen_sync::RwLock;
use evergreen_task::{Task, spawn, yield_now};

type Shared = Rc<RwLock<i32>>;

/// Notes its name when it comes in, and again when it leaves.
fn reads(lock: &Shared, trace: &Trace, name: &'static str) -> Task<()> {
    let (lock, trace) = (Rc::clone(lock), trace.clone());
    spawn(async move {
        let _value = lock.read().await;
        trace.note(name);
        yield_now().await;
        trace.note(name);
    })
}

fn writes(lock: &Shared, trace: &Trace, name: &'static str) -> Task<()> {
    let (lock, trace) = (Rc::clone(lock), trace.clone());
    spawn(async move {
        *lock.write().await += 1;
        trace.note(name);
    })
}

fn new() -> (Shared, Trace) {
    (Rc::new(RwLock::new(0)), Trace::new())
}

#[test]
fn readers_share_and_a_writer_is_alone_in_the_order_of_coming() {
    TestLoop::new().block_on(async {
        let (lock, trace) = new();
        let held = lock.write().await;
        let _readers = ["r1", "r2"].map(|name| reads(&lock, &trace, name));
        let _writer = writes(&lock, &trace, "w");
        settle().await;
        let _late = reads(&lock, &trace, "r3");
        settle().await;
        assert_eq!(trace.take(), Vec::<String>::new());
        drop(held);
        settle().await;
        assert_eq!(trace.take(), ["r1", "r2", "r1", "r2", "w", "r3", "r3"]);
    });
}

#[test]
fn a_stream_of_readers_does_not_keep_a_writer_out() {
    TestLoop::new().block_on(async {
        let (lock, trace) = new();
        let held = lock.read().await;
        let _writer = writes(&lock, &trace, "w");
        settle().await;
        assert!(lock.try_read().is_none(), "the writer came first");
        let _reader = reads(&lock, &trace, "r");
        settle().await;
        drop(held);
        settle().await;
        assert_eq!(trace.take(), ["w", "r", "r"]);
    });
}

#[test]
fn trying_does_not_wait() {
    let lock = RwLock::new(0);
    let first = lock.try_read().expect("free");
    let second = lock.try_read().expect("readers share");
    assert!(lock.try_write().is_none());
    drop(first);
    assert!(lock.try_write().is_none());
    drop(second);
    let writer = lock.try_write().expect("free");
    assert!(lock.try_read().is_none() && lock.try_write().is_none());
    drop(writer);
    assert!(lock.try_write().is_some());
}

// D-12
#[test]
fn readers_behind_a_writer_that_is_killed_are_served() {
    TestLoop::new().block_on(async {
        let (lock, trace) = new();
        let _held = lock.read().await;
        let writer = writes(&lock, &trace, "w");
        let _readers = ["r1", "r2"].map(|name| reads(&lock, &trace, name));
        settle().await;
        assert_eq!(trace.take(), Vec::<String>::new());
        writer.kill();
        settle().await;
        assert_eq!(trace.take(), ["r1", "r2", "r1", "r2"]);
    });
}

// D-12
#[test]
fn a_turn_that_was_granted_to_a_killed_task_goes_on() {
    TestLoop::new().block_on(async {
        let (lock, trace) = new();
        let held = lock.write().await;
        let [first, second] = ["w1", "w2"].map(|name| writes(&lock, &trace, name));
        let reader = reads(&lock, &trace, "r1");
        let _last = reads(&lock, &trace, "r2");
        settle().await;
        first.kill();
        second.kill();
        reader.kill();
        drop(held);
        assert!(lock.try_read().is_none(), "it is owed to the first writer");
        settle().await;
        assert_eq!(trace.take(), ["r2", "r2"]);
        assert_eq!(*lock.try_write().expect("free"), 0);
    });
}

#[test]
fn a_writer_goes_on_as_a_reader_without_another_in_between() {
    TestLoop::new().block_on(async {
        let (lock, trace) = new();
        let mut held = lock.write().await;
        let _reader = reads(&lock, &trace, "r");
        let _writer = writes(&lock, &trace, "w");
        settle().await;
        *held = 5;
        let held = held.downgrade();
        settle().await;
        assert_eq!(trace.take(), ["r", "r"]);
        assert_eq!(*held, 5);
        drop(held);
        settle().await;
        assert_eq!((trace.take(), *lock.try_read().expect("free")), (vec!["w".to_owned()], 6));
    });
}

#[test]
fn the_value_can_be_had_without_waiting_by_whoever_has_the_lock_alone() {
    let mut lock = RwLock::from(1);
    *lock.get_mut() += 1;
    assert_eq!(format!("{:?}", lock.try_read().expect("free")), "2");
    assert_eq!(format!("{:?}", lock.try_write().expect("free")), "2");
    assert_eq!((lock.into_inner(), RwLock::<i32>::default().into_inner()), (2, 0));
}
