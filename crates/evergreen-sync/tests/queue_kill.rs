//! Queues: those who are killed while they wait. Row EV-QUE-14.

mod common;
#[path = "common/queues.rs"]
mod queues;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use common::{OnDrop, TestLoop, Trace, drain, polled, put_all, settle, virtual_loop};
use evergreen_sync::queue::{Fifo, Lifo, Priority, Queue, QueueError, QueueOf, Storage};
use evergreen_task::{Task, spawn};
use queues::{getter, putter};

type Get<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Getters that wait, first come first.
async fn getters<T, S: Storage<T>, const N: usize>(queue: &QueueOf<T, S>) -> [Get<'_, T>; N] {
    let mut gets = [(); N].map(|()| Box::pin(queue.get()) as Get<'_, T>);
    for get in &mut gets {
        assert!(polled(get).await.is_pending());
    }
    gets
}

// EV-QUE-14: before its first turn, and while it waits.
#[test]
fn a_getter_that_is_killed_is_passed_over() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (queue, trace) = (Rc::new(Queue::new(0)), Trace::new());
        let never_polled = getter(&queue, &trace, "never polled");
        never_polled.kill();
        let [a, _b, c, _d] = ["a", "b", "c", "d"].map(|name| getter(&queue, &trace, name));
        settle().await;
        a.kill();
        c.kill();
        settle().await;
        put_all(&queue, [1, 2, 3]);
        settle().await;
        assert_eq!(trace.take(), ["b got 1", "d got 2"]);
        assert_eq!(drain(&queue), [3]);
    });
}

// EV-QUE-14: "a wake-up owed to it goes on".
#[test]
fn the_item_of_a_killed_getter_is_the_next_ones() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (queue, trace) = (Rc::new(Queue::new(0)), Trace::new());
        let [a, _b, _c] = ["a", "b", "c"].map(|name| getter(&queue, &trace, name));
        settle().await;
        a.kill();
        // It is still there to be served: the kill has its turn later.
        put_all(&queue, [1, 2]);
        settle().await;
        assert_eq!(trace.take(), ["b got 2", "c got 1"]);
        assert_eq!((queue.len(), queue.unfinished()), (0, 2));
    });
}

/// What is in the queue after four items came, the first two for getters that are dropped, which one
/// of them first.
async fn come_back<S: Storage<u32> + Default>(items: [u32; 4], second_first: bool) -> Vec<u32> {
    let queue = QueueOf::<u32, S>::new(3);
    let [first, second] = getters(&queue).await;
    put_all(&queue, items);
    assert_eq!(queue.len(), 2);
    let (earlier, later) = if second_first { (second, first) } else { (first, second) };
    drop(earlier);
    assert_eq!((queue.len(), queue.is_full()), (3, true));
    drop(later);
    // One more than there is room for, and none is lost.
    assert_eq!((queue.len(), queue.is_full(), queue.unfinished()), (4, true, 4));
    assert_eq!(queue.put_nowait(0).expect_err("full").error, QueueError::Full);
    drain(&queue)
}

// EV-QUE-14: back to where it would have been had the getter never come.
#[test]
fn an_item_that_comes_back_has_its_old_place() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for second_first in [false, true] {
            let fifo = come_back::<Fifo<_>>([1, 2, 3, 4], second_first).await;
            assert_eq!(fifo, [1, 2, 3, 4]);
            let lifo = come_back::<Lifo<_>>([1, 2, 3, 4], second_first).await;
            assert_eq!(lifo, [4, 3, 2, 1]);
            let priority = come_back::<Priority<_>>([4, 1, 3, 2], second_first).await;
            assert_eq!(priority, [1, 2, 3, 4]);
        }
    });
}

// EV-QUE-14, EV-QUE-11: among equals it is the older one again.
#[test]
fn an_item_that_comes_back_is_before_its_younger_equals() {
    /// All are equal.
    #[derive(Debug)]
    struct Equal(u32);
    impl PartialEq for Equal {
        fn eq(&self, _other: &Self) -> bool {
            true
        }
    }
    impl Eq for Equal {}
    impl PartialOrd for Equal {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Equal {
        fn cmp(&self, _other: &Self) -> std::cmp::Ordering {
            std::cmp::Ordering::Equal
        }
    }
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let queue = QueueOf::<Equal, Priority<Equal>>::new(0);
        let [get] = getters(&queue).await;
        put_all(&queue, [1, 2, 3].map(Equal));
        drop(get);
        let order: Vec<_> = drain(&queue).into_iter().map(|Equal(number)| number).collect();
        assert_eq!(order, [1, 2, 3]);
    });
}

// EV-QUE-14: room that is made by taking one of too many is nobody's.
#[test]
fn a_putter_waits_until_there_is_room_again_after_an_item_came_back() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (queue, trace) = (Rc::new(Queue::new(1)), Trace::new());
        let [get] = getters(&queue).await;
        put_all(&queue, [1, 2]);
        drop(get);
        let _task = putter(&queue, &trace, 3);
        settle().await;
        assert_eq!((queue.get_nowait(), queue.len()), (Ok(1), 1));
        settle().await;
        assert_eq!(trace.take(), Vec::<String>::new());
        assert_eq!((queue.get_nowait(), queue.len()), (Ok(2), 1));
        settle().await;
        assert_eq!(trace.take(), ["3 is in"]);
    });
}

/// A loop on which, at one second, `first` is done to a getter that has waited longest and one more
/// item comes; what the next gets, whose time is over in the same pass.
fn at_the_deadline(first: fn(&Queue<u32>, Task<()>)) -> (Result<u32, QueueError>, Vec<String>) {
    let event_loop = virtual_loop();
    let seen = event_loop.block_on(async {
        let (queue, trace) = (Rc::new(Queue::new(0)), Trace::new());
        let doomed = getter(&queue, &trace, "doomed");
        settle().await;
        let puts = Rc::clone(&queue);
        event_loop.call_later(1.0, move || first(&puts, doomed));
        let limited = Rc::clone(&queue);
        let limited = spawn(async move { limited.get_timeout(1.0).await });
        settle().await;
        let _last = getter(&queue, &trace, "last");
        let result = limited.await.expect("neither killed nor panicked");
        settle().await;
        (result, trace.take())
    });
    event_loop.destroy().expect("not running");
    seen
}

// EV-QUE-14, EV-QUE-07: the deadline has its entry before the kill has.
#[test]
fn an_item_of_a_killed_getter_goes_past_one_whose_time_is_over() {
    let (result, trace) = at_the_deadline(|queue, doomed| {
        queue.put_nowait(1).unwrap();
        doomed.kill();
    });
    assert_eq!((result, trace), (Err(QueueError::Empty), vec!["doomed got 1".to_owned()]));
    let (result, trace) = at_the_deadline(|queue, doomed| {
        doomed.kill();
        queue.put_nowait(1).unwrap();
    });
    assert_eq!((result, trace), (Err(QueueError::Empty), vec!["last got 1".to_owned()]));
}

// EV-QUE-14, EV-QUE-07, R-3: the item first, then the deadline.
#[test]
fn an_item_that_is_passed_on_with_the_deadline_counts() {
    let event_loop = virtual_loop();
    event_loop.block_on(async {
        let queue = Rc::new(Queue::new(0));
        let gets = Rc::clone(&queue);
        let mut doomed = Box::pin(async move { gets.get().await });
        assert!(polled(&mut doomed).await.is_pending());
        let puts = Rc::clone(&queue);
        event_loop.call_later(1.0, move || {
            puts.put_nowait(1).unwrap();
            drop(doomed);
        });
        assert_eq!(queue.get_timeout(1.0).await, Ok(1));
    });
    event_loop.destroy().unwrap();
}

// EV-QUE-14: before its first turn, and while it waits.
#[test]
fn a_putter_that_is_killed_takes_its_item_with_it() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (queue, trace) = (Rc::new(Queue::new(1)), Trace::new());
        queue.put(0).await;
        let never_polled = putter(&queue, &trace, 1);
        never_polled.kill();
        let [a, _b, c, _d] = [2, 3, 4, 5].map(|item| putter(&queue, &trace, item));
        settle().await;
        a.kill();
        c.kill();
        settle().await;
        assert_eq!(queue.unfinished(), 1);
        assert_eq!([queue.get().await, queue.get().await, queue.get().await], [0, 3, 5]);
        settle().await;
        assert_eq!(trace.take(), ["3 is in", "5 is in"]);
        assert_eq!((queue.get_nowait(), queue.unfinished()), (Err(QueueError::Empty), 3));
    });
}

// EV-QUE-14: after its item is in, and before it goes on.
#[test]
fn an_item_that_is_in_stays_though_its_putter_is_killed() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let queue = Queue::new(1);
        queue.put(1).await;
        let mut put = Box::pin(queue.put(2));
        let mut next = Box::pin(queue.put(3));
        assert!(polled(&mut put).await.is_pending() && polled(&mut next).await.is_pending());
        assert_eq!(queue.get_nowait(), Ok(1));
        drop(put);
        assert!(polled(&mut next).await.is_pending());
        assert_eq!((queue.len(), queue.unfinished()), (1, 2));
        assert_eq!(queue.get_nowait(), Ok(2));
        assert!(polled(&mut next).await.is_ready());
        assert_eq!(drain(&queue), [3]);
    });
}

/// An item whose destructor looks at its queue, and notes how many items it saw.
fn looks(queue: &Rc<Looked>, trace: &Trace, name: &'static str) -> OnDrop<Box<dyn FnOnce()>> {
    let (queue, trace) = (Rc::downgrade(queue), trace.clone());
    OnDrop::new(Box::new(move || {
        let seen = queue.upgrade().map(|queue| format!("{queue:?}")).unwrap_or_default();
        trace.note(format_args!("{name} {seen}"));
    }))
}

type Looked = Queue<OnDrop<Box<dyn FnOnce()>>>;

// EV-QUE-14, EV-QUE-04: dropped once, and its destructor may use the queue.
#[test]
fn an_item_is_dropped_once_with_its_putter_outside_of_the_queue() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (queue, trace) = (Rc::new(Looked::new(1)), Trace::new());
        queue.put(looks(&queue, &trace, "in")).await;
        let (puts, item) = (Rc::clone(&queue), looks(&queue, &trace, "killed"));
        let task = spawn(async move { puts.put(item).await });
        settle().await;
        task.kill();
        settle().await;
        trace.assert_eq([
            "killed Queue { len: 1, maxsize: 1, unfinished: 1, getters: 0, putters: 0 }",
        ]);
        drop(task);
        drop(queue);
        trace.assert_eq(["in "]);
    });
}

// EV-QUE-14, EV-QUE-10
#[test]
fn a_killed_joiner_leaves_the_others_alone() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (queue, trace) = (Rc::new(Queue::new(0)), Trace::new());
        queue.put(1).await;
        let [killed, _other] = ["killed", "other"].map(|name| {
            let (queue, trace) = (Rc::clone(&queue), trace.clone());
            spawn(async move {
                queue.join().await;
                trace.note(name);
            })
        });
        settle().await;
        killed.kill();
        queue.task_done().unwrap();
        settle().await;
        assert_eq!(trace.take(), ["other"]);
    });
}
