//! Queues: rows EV-QUE-01 to -03, -05, -06, -08 to -12, -15, -16.

mod common;

use std::cell::Cell;
use std::cmp::Ordering;
use std::rc::Rc;

use common::{TestLoop, Trace, drain, polled, put_all, settle};
use evergreen_sync::queue::{
    LifoQueue, PriorityQueue, PutError, Queue, QueueError, QueueOf, Storage,
};
use evergreen_task::{LoopTasks, spawn, yield_now};
use evergreen_testing::must_not_suspend;

// EV-QUE-01
#[test]
fn a_queue_of_size_zero_has_no_limit() {
    let queue = Queue::new(0);
    assert_eq!(queue.maxsize(), 0);
    for number in 0..10_000 {
        queue.put_nowait(number).unwrap();
    }
    assert!(!queue.is_full());
    assert_eq!(drain(&queue), (0..10_000).collect::<Vec<_>>());
}

// EV-QUE-02, EV-QUE-05
#[test]
fn what_need_not_wait_is_no_trip_through_the_loop() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let queue = Queue::new(2);
        must_not_suspend(queue.put("a")).await;
        must_not_suspend(queue.put_timeout("b", 0.0)).await.unwrap();
        assert_eq!(must_not_suspend(queue.get()).await, "a");
        assert_eq!(must_not_suspend(queue.get_timeout(0.0)).await, Ok("b"));
    });
}

// EV-QUE-02: "unfinished count plus one when the item is in, not before".
#[test]
fn an_item_that_waits_for_room_is_not_counted_yet() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let queue = Queue::new(1);
        queue.put("in").await;
        let mut waits = Box::pin(queue.put("waits"));
        assert!(polled(&mut waits).await.is_pending());
        assert_eq!((queue.len(), queue.unfinished()), (1, 1));
        assert_eq!(queue.get().await, "in");
        assert_eq!((queue.len(), queue.unfinished()), (1, 2));
        assert!(polled(&mut waits).await.is_ready());
    });
}

// EV-QUE-02, R-11: an item that goes straight to who waits for it was in, too.
#[test]
fn an_item_that_is_handed_over_is_counted() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let queue = Queue::new(1);
        let mut waits = Box::pin(queue.get());
        assert!(polled(&mut waits).await.is_pending());
        queue.put_nowait("item").unwrap();
        assert_eq!((queue.len(), queue.unfinished()), (0, 1));
        assert_eq!(waits.await, "item");
    });
}

// EV-QUE-03, EV-QUE-06, EV-QUE-16: state as before, the item given back.
#[test]
fn nowait_tells_full_from_empty_and_changes_nothing() {
    let queue = Queue::new(1);
    assert_eq!(queue.get_nowait(), Err(QueueError::Empty));
    queue.put_nowait("first").unwrap();
    let full = PutError { error: QueueError::Full, item: "second" };
    assert_eq!(queue.put_nowait("second"), Err(full));
    assert_eq!(full.to_string(), "the queue is full: `put` waits for room");
    assert_eq!(QueueError::Empty.to_string(), "the queue is empty: `get` waits for an item");
    assert_eq!((queue.len(), queue.unfinished()), (1, 1));
    assert_eq!(drain(&queue), ["first"]);
}

// EV-QUE-05, EV-QUE-09: "does not touch the unfinished count".
#[test]
fn get_leaves_the_unfinished_count_alone() {
    let queue = Queue::new(0);
    queue.put_nowait(1).unwrap();
    queue.get_nowait().unwrap();
    assert_eq!(queue.unfinished(), 1);
}

// EV-QUE-08
#[test]
fn length_empty_and_full_follow_puts_and_gets() {
    let queue = Queue::new(2);
    let seen = |queue: &Queue<_>| (queue.len(), queue.is_empty(), queue.is_full());
    assert_eq!(seen(&queue), (0, true, false));
    queue.put_nowait(1).unwrap();
    assert_eq!(seen(&queue), (1, false, false));
    queue.put_nowait(2).unwrap();
    assert_eq!(seen(&queue), (2, false, true));
    queue.get_nowait().unwrap();
    assert_eq!(seen(&queue), (1, false, false));
}

// EV-QUE-09: "at zero wakes all joiners"
#[test]
fn the_last_item_done_wakes_all_joiners() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (queue, trace) = (Rc::new(Queue::new(0)), Trace::new());
        queue.put_nowait(1).unwrap();
        queue.put_nowait(2).unwrap();
        let _tasks = ["a", "b"].map(|name| {
            let (queue, trace) = (Rc::clone(&queue), trace.clone());
            spawn(async move {
                queue.join().await;
                trace.note(name);
            })
        });
        settle().await;
        queue.task_done().unwrap();
        settle().await;
        assert_eq!(trace.take(), Vec::<String>::new());
        queue.task_done().unwrap();
        settle().await;
        assert_eq!(trace.take(), ["a", "b"]);
    });
}

// EV-QUE-09: "below zero a value error and the count stays".
#[test]
fn an_item_cannot_be_done_twice() {
    let queue = Queue::new(0);
    assert_eq!(queue.task_done(), Err(QueueError::TaskDoneTooOften));
    queue.put_nowait(1).unwrap();
    queue.task_done().unwrap();
    let error = queue.task_done().unwrap_err();
    assert_eq!(error, QueueError::TaskDoneTooOften);
    assert!(error.to_string().contains("once for each item"), "{error}");
    assert_eq!((queue.len(), queue.unfinished()), (1, 0));
}

// EV-QUE-10
#[test]
fn join_waits_for_nothing_if_nothing_is_unfinished() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let queue = Queue::new(0);
        must_not_suspend(queue.join()).await;
        queue.put_nowait(1).unwrap();
        queue.task_done().unwrap();
        must_not_suspend(queue.join()).await;
    });
}

// EV-QUE-10: "re-checks after waking (a put in between keeps it waiting)".
#[test]
fn a_put_before_the_joiners_turn_keeps_it_waiting() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let queue = Queue::new(0);
        let mut joins = Box::pin(queue.join());
        queue.put_nowait(1).unwrap();
        assert!(polled(&mut joins).await.is_pending());
        queue.task_done().unwrap();
        queue.put_nowait(2).unwrap();
        assert!(polled(&mut joins).await.is_pending());
        queue.task_done().unwrap();
        assert!(polled(&mut joins).await.is_ready());
    });
}

/// Compared by its rank alone.
#[derive(Debug)]
struct Guest(u32, &'static str);

impl PartialEq for Guest {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Guest {}

impl PartialOrd for Guest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Guest {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

// EV-QUE-11: "smallest first"; "ties: insertion order".
#[test]
fn a_priority_queue_gives_the_smallest_and_of_equals_the_oldest() {
    let queue = PriorityQueue::new(0);
    for guest in [Guest(2, "a"), Guest(1, "b"), Guest(2, "c"), Guest(1, "d"), Guest(2, "e")] {
        queue.put_nowait(guest).unwrap();
    }
    let names: Vec<_> = drain(&queue).into_iter().map(|Guest(_, name)| name).collect();
    assert_eq!(names, ["b", "d", "a", "c", "e"]);
}

// EV-QUE-12
#[test]
fn a_lifo_queue_gives_the_newest() {
    let queue = LifoQueue::new(0);
    put_all(&queue, [1, 2, 3]);
    assert_eq!(queue.get_nowait(), Ok(3));
    queue.put_nowait(4).unwrap();
    assert_eq!(drain(&queue), [4, 2, 1]);
}

/// Keeps one item of each kind.
struct Distinct(Vec<&'static str>);

impl Storage<&'static str> for Distinct {
    fn push(&mut self, _number: u64, item: &'static str) {
        if !self.0.contains(&item) {
            self.0.push(item);
        }
    }

    fn pop(&mut self) -> Option<&'static str> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

// EV-QUE-15
#[test]
fn a_storage_of_ones_own_decides_what_is_kept_and_what_is_next() {
    let queue = QueueOf::with_storage(2, Distinct(Vec::new()));
    put_all(&queue, ["a", "a", "b"]);
    assert!(queue.is_full());
    assert_eq!(drain(&queue), ["a", "b"]);
}

#[test]
fn its_debug_form_tells_who_waits() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let queue = Queue::new(1);
        queue.put(1).await;
        let mut waits = Box::pin(queue.put(2));
        assert!(polled(&mut waits).await.is_pending());
        let seen = "Queue { len: 1, maxsize: 1, unfinished: 1, getters: 0, putters: 1 }";
        assert_eq!(format!("{queue:?}"), seen);
    });
}

// EV-EX-03: the sample of the queue page. Workers loop for ever; the loop ends while they are parked.
#[test]
fn workers_are_left_waiting_when_all_is_done() {
    let event_loop = TestLoop::new();
    let queue = Rc::new(Queue::new(0));
    let done = Rc::new(Cell::new(0));
    for _ in 0..3 {
        let (queue, done) = (Rc::clone(&queue), Rc::clone(&done));
        drop(event_loop.spawn(async move {
            loop {
                let item: usize = queue.get().await;
                yield_now().await;
                done.set(done.get() + item);
                queue.task_done().expect("it was put");
            }
        }));
    }
    let main = event_loop.spawn(async move {
        for item in 1..=10 {
            queue.put(item).await;
        }
        queue.join().await;
    });
    let report = event_loop.run().expect("the poller works");
    assert_eq!((report.parked_tasks, main.is_finished(), done.get()), (3, true, 55));
}
