//! A budget of ready results: who finds a queue or a channel ready time after time gives way now and
//! then.

mod common;

use std::future::Future;
use std::rc::Rc;

use common::{TestLoop, Trace, drain, polled, settle};
use evergreen_sync::channel::Channel;
use evergreen_sync::queue::{Queue, QueueError};
use evergreen_task::{Task, spawn};

/// Plays `greedy` beside a task that notes its turn, and gives what was noted.
fn beside_another(greedy: impl Future<Output = ()> + 'static, trace: &Trace) -> Vec<String> {
    let event_loop = TestLoop::new();
    let task = spawn(greedy);
    let noted = trace.clone();
    let _other = spawn(async move { noted.note("other") });
    event_loop.block_on(task).expect("neither killed nor panicked");
    trace.take()
}

/// A note after each 100 results.
fn note_hundreds(trace: &Trace, count: u32) {
    if count % 100 == 0 {
        trace.note(count);
    }
}

// "channels, queues [...] count against a budget of 128 ready results per poll".
#[test]
fn one_who_only_puts_gives_way() {
    let (queue, trace) = (Queue::new(0), Trace::new());
    let noted = trace.clone();
    let order = beside_another(
        async move {
            for count in 1..=200 {
                queue.put(count).await;
                note_hundreds(&noted, count);
            }
        },
        &trace,
    );
    assert_eq!(order, ["100", "other", "200"]);
}

//
#[test]
fn one_who_only_gets_gives_way() {
    let (queue, trace) = (Queue::new(0), Trace::new());
    (1..=200).for_each(|count| queue.put_nowait(count).unwrap());
    let noted = trace.clone();
    let order = beside_another(
        async move {
            while !queue.is_empty() {
                note_hundreds(&noted, queue.get().await);
            }
        },
        &trace,
    );
    assert_eq!(order, ["100", "other", "200"]);
}

// puts and gets, with and without a limit, are counted together.
#[test]
fn forms_with_a_limit_count_as_well() {
    let (queue, trace) = (Queue::new(1), Trace::new());
    let noted = trace.clone();
    let order = beside_another(
        async move {
            for count in 1..=100 {
                queue.put_timeout(count, 0.0).await.expect("room");
                assert_eq!(queue.get_timeout(0.0).await, Ok(count));
                if count == 60 || count == 70 {
                    noted.note(count);
                }
            }
        },
        &trace,
    );
    assert_eq!(order, ["60", "other", "70"]);
}

// what does not suspend cannot give way.
#[test]
fn forms_that_do_not_wait_do_not_count() {
    let (queue, trace) = (Queue::new(0), Trace::new());
    let noted = trace.clone();
    let order = beside_another(
        async move {
            for count in 1..=500 {
                queue.put_nowait(count).expect("room");
                queue.get_nowait().expect("an item");
            }
            (1..=100).for_each(|count| queue.put_nowait(count).expect("room"));
            for _ in 1..=100 {
                queue.get().await;
            }
            noted.note("done");
        },
        &trace,
    );
    assert_eq!(order, ["done", "other"]);
}

//
#[test]
fn one_who_only_receives_gives_way() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (channel, trace) = (Channel::<u32>::new(), Trace::new());
        let senders: Vec<Task<()>> = (1..=200)
            .map(|count| {
                let channel = channel.clone();
                spawn(async move { channel.send(count).await })
            })
            .collect();
        settle().await;
        let noted = trace.clone();
        let receiver = spawn(async move {
            for _ in 1..=200 {
                note_hundreds(&noted, channel.receive().await.expect("a value"));
            }
        });
        let noted = trace.clone();
        let _other = spawn(async move { noted.note("other") });
        receiver.await.unwrap();
        trace.assert_eq(["100", "other", "200"]);
        drop(senders);
    });
}

/// Uses up the share of the running turn.
async fn spend() {
    let queue = Queue::new(0);
    for count in 0..128 {
        queue.put(count).await;
    }
}

// R-17, EV-QUE-14: whoever gives way has nothing yet that could be lost.
#[test]
fn one_who_is_dropped_while_it_gives_way_leaves_all_as_it_was() {
    let event_loop = TestLoop::new();
    let task = spawn(async {
        let (queue, channel) = (Rc::new(Queue::new(0)), Channel::<u32>::new());
        let mut sends = Box::pin(channel.send(1));
        assert!(polled(&mut sends).await.is_pending());
        queue.put_nowait(1).expect("room");
        spend().await;
        let mut gets = Box::pin(queue.get());
        let mut puts = Box::pin(queue.put(2));
        let mut receives = Box::pin(channel.next());
        assert!(polled(&mut gets).await.is_pending());
        assert!(polled(&mut puts).await.is_pending());
        assert!(polled(&mut receives).await.is_pending());
        drop((gets, puts, receives));
        assert_eq!((drain(&queue), queue.unfinished()), (vec![1], 1));
        assert!(channel.next().await.is_some_and(|value| value.is_ok_and(|value| value == 1)));
        sends.await;
    });
    event_loop.block_on(task).unwrap();
}

// R-17, EV-QUE-04, EV-QUE-07: the time to give way is not taken from the limit.
#[test]
fn giving_way_is_no_time_over() {
    let event_loop = TestLoop::new();
    let task = spawn(async {
        let queue = Queue::new(1);
        spend().await;
        queue.put_timeout(1, 0.0).await.expect("room");
        spend().await;
        assert_eq!(queue.get_timeout(0.0).await, Ok(1));
        assert_eq!(queue.get_timeout(0.0).await, Err(QueueError::Empty));
    });
    event_loop.block_on(task).unwrap();
}
