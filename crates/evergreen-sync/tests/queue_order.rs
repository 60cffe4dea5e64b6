//! Queues: who is served when, and for how long one waits. Rows EV-QUE-04, -07, -13.

mod common;
#[path = "common/queues.rs"]
mod queues;

use std::rc::Rc;

use common::{TestLoop, Trace, put_all, settle, virtual_loop};
use evergreen_sync::queue::{PriorityQueue, PutError, Queue, QueueError};
use evergreen_task::{sleep, spawn};
use evergreen_testing::must_suspend;
use queues::{getter, putter};

// EV-QUE-13, EV-QUE-05
#[test]
fn getters_are_served_in_the_order_of_their_coming() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (queue, trace) = (Rc::new(Queue::new(0)), Trace::new());
        let _tasks = ["a", "b", "c"].map(|name| getter(&queue, &trace, name));
        settle().await;
        put_all(&queue, [1, 2, 3]);
        let _late = getter(&queue, &trace, "late");
        settle().await;
        assert_eq!(trace.take(), ["a got 1", "b got 2", "c got 3"]);
    });
}

// EV-QUE-13, EV-QUE-02
#[test]
fn putters_are_served_in_the_order_of_their_coming() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (queue, trace) = (Rc::new(Queue::new(1)), Trace::new());
        queue.put(0).await;
        let _tasks = [1, 2, 3].map(|item| putter(&queue, &trace, item));
        settle().await;
        for item in 0..4 {
            assert_eq!(queue.len(), 1);
            assert_eq!(queue.get().await, item);
            settle().await;
        }
        assert_eq!(trace.take(), ["1 is in", "2 is in", "3 is in"]);
    });
}

// EV-QUE-13 as R-11 has it: the item is the waiter's, and nobody gets it in between.
#[test]
fn an_item_for_a_waiter_is_gone_for_everybody_else() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (queue, trace) = (Rc::new(Queue::new(1)), Trace::new());
        let _task = getter(&queue, &trace, "a");
        settle().await;
        queue.put_nowait(1).unwrap();
        assert_eq!(queue.get_nowait(), Err(QueueError::Empty));
        assert!(queue.is_empty());
        // There is room for the next, which is not the waiter's.
        queue.put_nowait(2).unwrap();
        assert_eq!(queue.get_nowait(), Ok(2));
        settle().await;
        assert_eq!(trace.take(), ["a got 1"]);
    });
}

// EV-QUE-13: room that is made is the first putter's.
#[test]
fn room_for_a_waiter_is_gone_for_everybody_else() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (queue, trace) = (Rc::new(Queue::new(1)), Trace::new());
        queue.put(1).await;
        let _task = putter(&queue, &trace, 2);
        settle().await;
        assert_eq!(queue.get_nowait(), Ok(1));
        assert_eq!(queue.put_nowait(3).unwrap_err().item, 3);
        assert_eq!(queue.get_nowait(), Ok(2));
        assert_eq!(trace.take(), Vec::<String>::new());
        settle().await;
        assert_eq!(trace.take(), ["2 is in"]);
    });
}

// EV-QUE-13, EV-QUE-11: who waited gets what came first, though a smaller one comes before its turn.
#[test]
fn a_waiter_on_a_priority_queue_gets_the_first_that_comes() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (queue, trace) = (Rc::new(PriorityQueue::new(0)), Trace::new());
        let _tasks = ["a", "b"].map(|name| getter(&queue, &trace, name));
        settle().await;
        put_all(&queue, [5, 1, 3, 2]);
        settle().await;
        assert_eq!(trace.take(), ["a got 5", "b got 1"]);
        assert_eq!(queue.get_nowait(), Ok(2));
    });
}

// EV-QUE-04: "Full after the whole time".
#[test]
fn put_waits_the_whole_time_though_others_take_the_room() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let queue = Rc::new(Queue::new(1));
        queue.put(0).await;
        let barges = Rc::clone(&queue);
        let _first = spawn(async move { barges.put(1).await });
        let gets = Rc::clone(&queue);
        event_loop.call_later(2.0, move || assert!(gets.get_nowait().is_ok()));
        let before = event_loop.time();
        settle().await;
        let refused = queue.put_timeout(2, 5.0).await;
        assert_eq!(refused, Err(PutError { error: QueueError::Full, item: 2 }));
        assert_eq!((event_loop.time() - before).as_secs(), 5);
        assert_eq!((queue.len(), queue.unfinished()), (1, 2));
        assert_eq!(queue.get_nowait(), Ok(1));
        assert_eq!(queue.get_nowait(), Err(QueueError::Empty));
    });
    event_loop.destroy().unwrap();
}

// EV-QUE-07: as EV-QUE-04.
#[test]
fn get_waits_the_whole_time_though_others_take_the_item() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let (queue, trace) = (Rc::new(Queue::new(0)), Trace::new());
        let _first = getter(&queue, &trace, "a");
        settle().await;
        let puts = Rc::clone(&queue);
        event_loop.call_later(2.0, move || puts.put_nowait(1).unwrap());
        let before = event_loop.time();
        assert_eq!(queue.get_timeout(5.0).await, Err(QueueError::Empty));
        assert_eq!((event_loop.time() - before).as_secs(), 5);
        assert_eq!(trace.take(), ["a got 1"]);
        queue.put_nowait(2).unwrap();
        assert_eq!(queue.get_nowait(), Ok(2));
    });
    event_loop.destroy().unwrap();
}

// EV-QUE-04, EV-QUE-07
#[test]
fn what_comes_within_the_limit_ends_the_wait() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let queue = Rc::new(Queue::new(1));
        let other = Rc::clone(&queue);
        let _task = spawn(async move {
            sleep(2.0).await;
            other.put(1).await;
            other.put(2).await;
            sleep(2.0).await;
            assert_eq!(other.get().await, 2);
        });
        let before = event_loop.time();
        assert_eq!(queue.get_timeout(5.0).await, Ok(1));
        assert_eq!((event_loop.time() - before).as_secs(), 2);
        settle().await;
        queue.put_timeout(3, 5.0).await.unwrap();
        assert_eq!((event_loop.time() - before).as_secs(), 4);
        assert_eq!((queue.get_nowait(), queue.unfinished()), (Ok(3), 3));
    });
    event_loop.destroy().unwrap();
}

// EV-QUE-04, EV-QUE-07, D-11: "negative is an error always", with the item; nothing is changed.
#[test]
fn a_negative_limit_is_an_error_also_if_there_is_no_need_to_wait() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let negative = QueueError::NegativeTimeout;
        for maxsize in [0, 1] {
            let queue = Queue::new(maxsize);
            let refused = queue.put_timeout("item", -1.0).await;
            assert_eq!(refused, Err(PutError { error: negative, item: "item" }));
            assert_eq!((queue.len(), queue.unfinished()), (0, 0));
            queue.put_nowait("other").unwrap();
            assert_eq!(queue.get_timeout(-0.001).await, Err(negative));
            assert_eq!(queue.len(), 1);
        }
        assert!(negative.to_string().contains("wait without limit"), "{negative}");
    });
}

// EV-QUE-04, EV-QUE-07, D-11: zero is over after one trip through the loop's queue, not at once.
#[test]
fn a_limit_of_zero_waits_for_one_trip() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let queue = Rc::new(Queue::new(1));
        assert_eq!(must_suspend(queue.get_timeout(0.0)).await, Err(QueueError::Empty));
        let puts = Rc::clone(&queue);
        event_loop.call_soon(move || puts.put_nowait(1).unwrap());
        assert_eq!(queue.get_timeout(0.0).await, Ok(1));
        queue.put(2).await;
        assert_eq!(must_suspend(queue.put_timeout(3, 0.0)).await.unwrap_err().item, 3);
        let gets = Rc::clone(&queue);
        event_loop.call_soon(move || assert!(gets.get_nowait().is_ok()));
        queue.put_timeout(4, 0.0).await.unwrap();
        assert_eq!(queue.get_nowait(), Ok(4));
    });
}

// EV-QUE-04, EV-QUE-07, R-3: the value first, then the deadline.
#[test]
fn what_comes_with_the_deadline_counts() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let queue = Rc::new(Queue::new(1));
        let puts = Rc::clone(&queue);
        // Its timer is older, so its entry comes before.
        event_loop.call_later(1.0, move || puts.put_nowait(1).unwrap());
        assert_eq!(queue.get_timeout(1.0).await, Ok(1));
        queue.put(2).await;
        let gets = Rc::clone(&queue);
        event_loop.call_later(1.0, move || assert!(gets.get_nowait().is_ok()));
        queue.put_timeout(3, 1.0).await.unwrap();
        assert_eq!((queue.get_nowait(), queue.unfinished()), (Ok(3), 3));
    });
    event_loop.destroy().unwrap();
}
