//! Queues and channels as streams and sinks: EV-QUE-14, EV-CHAN-06.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;

use evergreen_sync::channel::Channel;
use evergreen_sync::queue::Queue;
use evergreen_task::{spawn, timeout, yield_now};
use evergreen_testing::kill_points::{Stage, every_point};
use futures_lite::StreamExt;
use futures_sink::Sink;

use crate::items::{Item, Items};

/// Each takes two, from a stream that it keeps.
async fn items_of_a_queue(stage: &Stage) {
    let (queue, items) = (Rc::new(Queue::new(0)), Items::default());
    for _ in 0..3 {
        let queue = Rc::clone(&queue);
        stage.role(async move {
            let mut stream = queue.stream();
            for _ in 0..2 {
                stream.next().await.map(Item::receive).expect("it has no end");
            }
        });
    }
    while stage.present() > 0 {
        stage.settle().await;
        queue.put(items.make()).await;
        queue.put(items.make()).await;
        stage.settle().await;
    }
    stage.rest().await;
    while let Ok(item) = queue.get_nowait() {
        item.receive();
    }
    items.assert_lost_at_most(0);
    let look = format!("{queue:?}");
    assert!(look.ends_with("getters: 0, putters: 0 }"), "{look}");
}

/// Puts two items in, as a sink does; between sending and flushing others may have their turns.
async fn send(sink: impl Sink<Item>, items: &Items, pauses: bool) {
    let mut sink = pin!(sink);
    for _ in 0..2 {
        poll_fn(|cx| sink.as_mut().poll_ready(cx)).await.ok().expect("never fails");
        sink.as_mut().start_send(items.make()).ok().expect("never fails");
        if pauses {
            yield_now().await;
        }
    }
    poll_fn(|cx| sink.as_mut().poll_close(cx)).await.ok().expect("never fails");
}

/// Each puts two in, through a sink that it keeps.
async fn sinks_of_a_queue(stage: &Stage, pauses: bool) {
    let (queue, items) = (Rc::new(Queue::new(1)), Items::default());
    for _ in 0..3 {
        let (queue, items) = (Rc::clone(&queue), items.clone());
        stage.role(async move { send(queue.sink(), &items, pauses).await });
    }
    stage.settle().await;
    while let Ok(item) = queue.get_nowait() {
        item.receive();
        stage.settle().await;
    }
    stage.rest().await;
    items.assert_lost_at_most(usize::from(stage.victim().is_some()));
    let look = format!("{queue:?}");
    assert!(look.ends_with("getters: 0, putters: 0 }"), "{look}");
    assert_eq!(queue.unfinished(), items.received());
}

/// There is no room when the first items are sent, and there is when they are flushed.
async fn sinks_of_a_queue_in_demand(stage: &Stage) {
    let (queue, items) = (Rc::new(Queue::<Item>::new(1)), Items::default());
    queue.put(items.make()).await;
    for _ in 0..2 {
        let (queue, items) = (Rc::clone(&queue), items.clone());
        stage.role(async move { send(queue.sink(), &items, true).await });
    }
    for _ in 0..5 {
        let queue = Rc::clone(&queue);
        drop(spawn(async move { queue.get().await.receive() }));
    }
    stage.rest().await;
    while items.received() < 5 {
        queue.put(items.make()).await;
        stage.settle().await;
    }
    items.assert_lost_at_most(usize::from(stage.victim().is_some()));
    let look = format!("{queue:?}");
    assert!(look.ends_with("getters: 0, putters: 0 }"), "{look}");
}

/// Each takes two, from a stream that it keeps, and is told of the end.
async fn values_of_a_channel(stage: &Stage) {
    let (channel, items) = (Channel::<Item>::new(), Items::default());
    for _ in 0..2 {
        let mut stream = channel.stream();
        stage.role(async move {
            for _ in 0..2 {
                let value = stream.next().await.expect("not the end");
                value.map(Item::receive).expect("no error was sent");
            }
        });
    }
    for _ in 0..4 {
        stage.settle().await;
        let (channel, item) = (channel.clone(), items.make());
        drop(spawn(async move { channel.send(item).await }));
    }
    stage.rest().await;
    while let Ok(message) = timeout(1.0, channel.receive()).await {
        message.map(Item::receive).expect("no error was sent");
    }
    items.assert_lost_at_most(0);
    assert_eq!(format!("{channel:?}"), "Channel { senders: 0, receivers: 0 }");
}

#[test]
fn streams() {
    every_point("Items", items_of_a_queue);
    every_point("Inlet", async |stage| sinks_of_a_queue(stage, false).await);
    every_point("Inlet", async |stage| sinks_of_a_queue(stage, true).await);
    every_point("Inlet", sinks_of_a_queue_in_demand);
    every_point("Values", values_of_a_channel);
}
