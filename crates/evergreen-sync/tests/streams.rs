//! Queues and channels as streams and sinks of others: rows EV-CHAN-05, EV-QUE-05, EV-QUE-14.

mod common;

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use common::{TestLoop, Trace, drain, polled, put_all, settle};
use evergreen_sync::channel::Channel;
use evergreen_sync::queue::{PriorityQueue, Queue, QueueError};
use evergreen_task::spawn;
use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_lite::StreamExt;
use futures_sink::Sink;

/// Polls a stream once, with a waker that nobody listens to.
fn peek<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop()))
}

// EV-QUE-05: "order by kind; wakes one putter".
#[test]
fn a_stream_gets_what_is_there_and_what_will_come() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let queue = Rc::new(PriorityQueue::new(2));
        put_all(&queue, [3, 1]);
        let puts = Rc::clone(&queue);
        let putter = spawn(async move {
            for item in [2, 5, 4] {
                puts.put(item).await;
            }
        });
        let items: Vec<_> = Rc::clone(&queue).into_stream().take(5).collect().await;
        assert_eq!(items, [1, 3, 2, 4, 5]);
        putter.await.unwrap();
        assert_eq!(queue.stream().size_hint(), (usize::MAX, None));
    });
}

// EV-QUE-14: what it was given and did not give on goes to the next, or back.
#[test]
fn a_stream_that_is_dropped_loses_no_item() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (queue, trace) = (Rc::new(Queue::new(0)), Trace::new());
        let mut first = queue.stream();
        assert!(peek(&mut first).is_pending());
        let (gets, noted) = (Rc::clone(&queue), trace.clone());
        let _getter = spawn(async move { noted.note(gets.get().await) });
        settle().await;
        put_all(&queue, [1]);
        assert!(queue.is_empty());
        drop(first);
        settle().await;
        trace.assert_eq(["1"]);
        let mut second = queue.stream();
        assert!(peek(&mut second).is_pending());
        put_all(&queue, [2, 3]);
        drop(second);
        assert_eq!(drain(&queue), [2, 3]);
    });
}

// EV-QUE-13: a stream that waits has its place among the getters.
#[test]
fn a_stream_is_served_in_its_turn() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let queue = Queue::new(0);
        let (mut one, mut two) = (queue.stream(), queue.stream());
        assert!(peek(&mut one).is_pending() && peek(&mut two).is_pending());
        put_all(&queue, [1, 2, 3]);
        assert_eq!((peek(&mut two), peek(&mut one)), (Poll::Ready(Some(2)), Poll::Ready(Some(1))));
        assert_eq!(peek(&mut two), Poll::Ready(Some(3)));
    });
}

// streams and sinks count, too.
#[test]
fn a_stream_that_is_ready_again_and_again_gives_way() {
    let event_loop = TestLoop::new();
    let trace = Trace::new();
    let noted = trace.clone();
    let task = spawn(async move {
        let queue = Queue::new(0);
        let mut sink = queue.sink();
        for item in 1..=100 {
            send(&mut sink, item).await;
        }
        noted.note("all are in");
        queue.stream().take(100).for_each(drop).await;
        noted.note("all are out");
    });
    let noted = trace.clone();
    let _other = spawn(async move { noted.note("other") });
    event_loop.block_on(task).unwrap();
    trace.assert_eq(["all are in", "other", "all are out"]);
}

// EV-CHAN-05: values and errors until the end; afterwards nothing, and the channel goes on.
#[test]
fn the_stream_of_a_channel_ends_where_the_end_was_sent() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let channel = Channel::<u32, &str>::with_errors();
        let sends = channel.clone();
        let sender = spawn(async move {
            sends.send(1).await;
            sends.send_error("jammed").await;
            sends.send_end().await;
            sends.send(2).await;
        });
        let mut values = channel.stream();
        let mut seen = Vec::new();
        while let Some(value) = values.next().await {
            assert!(!values.is_terminated());
            seen.push(value);
        }
        assert_eq!(seen, [Ok(1), Err("jammed")]);
        settle().await;
        assert!(values.is_terminated());
        assert_eq!(values.next().await, None);
        assert_eq!(channel.next().await, Some(Ok(2)));
        sender.await.unwrap();
    });
}

// EV-CHAN-06: the value is still there.
#[test]
fn a_stream_of_a_channel_that_is_dropped_leaves_the_value() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let channel = Channel::<u32>::new();
        let mut values = channel.stream();
        assert!(peek(&mut values).is_pending());
        let mut sends = Box::pin(channel.send(1));
        assert!(polled(&mut sends).await.is_pending());
        drop(values);
        assert!(polled(&mut sends).await.is_pending());
        assert_eq!(channel.receive().await.unwrap(), 1);
        sends.await;
    });
}

/// What `SinkExt::send` does.
async fn send<T, S: Sink<T> + Unpin>(sink: &mut S, item: T) {
    assert!(std::future::poll_fn(|cx| Pin::new(&mut *sink).poll_ready(cx)).await.is_ok());
    assert!(Pin::new(&mut *sink).start_send(item).is_ok());
    assert!(std::future::poll_fn(|cx| Pin::new(&mut *sink).poll_flush(cx)).await.is_ok());
}

// EV-QUE-02: a sink waits for room, in its turn.
#[test]
fn a_sink_puts_items_in_as_there_is_room() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (queue, trace) = (Rc::new(Queue::new(1)), Trace::new());
        let (puts, noted) = (Rc::clone(&queue), trace.clone());
        let _task = spawn(async move {
            let mut sink = puts.sink();
            for item in 1..=3 {
                send(&mut sink, item).await;
                noted.note(item);
            }
        });
        settle().await;
        trace.assert_eq(["1"]);
        assert_eq!((queue.len(), queue.unfinished()), (1, 1));
        let mut late = Box::pin(queue.put(9));
        assert!(polled(&mut late).await.is_pending());
        assert_eq!(queue.get().await, 1);
        settle().await;
        trace.assert_eq(["2"]);
        assert_eq!([queue.get().await, queue.get().await, queue.get().await], [2, 9, 3]);
    });
}

// EV-QUE-14: as a putter that is killed.
#[test]
fn an_item_that_waits_in_a_sink_goes_with_it() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let queue = Queue::new(1);
        let mut sink = queue.sink();
        let mut cx = Context::from_waker(Waker::noop());
        for item in [1, 2] {
            assert_eq!(Pin::new(&mut sink).poll_ready(&mut cx), Poll::Ready(Ok(())));
            assert_eq!(Pin::new(&mut sink).start_send(item), Ok(()));
        }
        // There was no room for the second.
        assert!(Pin::new(&mut sink).poll_ready(&mut cx).is_pending());
        assert!(Pin::new(&mut sink).poll_flush(&mut cx).is_pending());
        assert!(Pin::new(&mut sink).poll_close(&mut cx).is_pending());
        drop(sink);
        assert_eq!(queue.get_nowait(), Ok(1));
        assert_eq!((queue.get_nowait(), queue.unfinished()), (Err(QueueError::Empty), 1));
    });
}

#[test]
#[should_panic(expected = "a queue's sink that was not ready")]
fn a_sink_takes_no_item_while_one_waits() {
    let queue = Queue::new(1);
    let mut sink = queue.sink();
    for item in [1, 2, 3] {
        assert_eq!(Pin::new(&mut sink).start_send(item), Ok(()));
    }
}
