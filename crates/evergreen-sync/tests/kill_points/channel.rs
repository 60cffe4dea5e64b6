//! `Channel`: EV-CHAN-06.

use evergreen_sync::channel::{Channel, ChannelError};
use evergreen_task::{spawn, timeout};
use evergreen_testing::kill_points::{Stage, every_point};

use crate::items::{Item, Items};

/// What is sent in place of a value.
enum Sent {
    Item(Item),
    End,
}

impl From<ChannelError> for Sent {
    fn from(_: ChannelError) -> Self {
        Self::End
    }
}

type Meets = Channel<Item, Sent>;

fn received(message: Result<Item, Sent>) {
    match message {
        Ok(item) | Err(Sent::Item(item)) => item.receive(),
        Err(Sent::End) => {},
    }
}

/// Nobody waits; a newcomer on either side is served.
async fn look(stage: &Stage, channel: Meets, items: &Items, lost: usize) {
    items.assert_lost_at_most(lost);
    assert_eq!(format!("{channel:?}"), "Channel { senders: 0, receivers: 0 }");
    let (receiver, item) = (channel.clone(), items.make());
    let send = || {
        let channel = channel.clone();
        drop(spawn(async move { channel.send(item).await }));
    };
    stage.serves(async move { received(receiver.receive().await) }, send).await;
    let (sender, item) = (channel.clone(), items.make());
    let receive = || {
        let channel = channel.clone();
        drop(spawn(async move { received(channel.receive().await) }));
    };
    stage.serves(async move { sender.send(item).await }, receive).await;
    stage.settle().await;
    items.assert_lost_at_most(lost);
    assert_eq!(format!("{channel:?}"), "Channel { senders: 0, receivers: 0 }");
}

fn victims(stage: &Stage) -> usize {
    usize::from(stage.victim().is_some())
}

/// Three of them send, each in its way.
async fn send(stage: &Stage, way: impl AsyncFn(&Meets, Item) + Copy + 'static) {
    let (channel, items) = (Meets::with_errors(), Items::default());
    for _ in 0..3 {
        let (channel, item) = (channel.clone(), items.make());
        stage.role(async move { way(&channel, item).await });
    }
    stage.settle().await;
    let mut taken = 0;
    while let Ok(message) = timeout(1.0, channel.receive()).await {
        received(message);
        taken += 1;
        stage.settle().await;
    }
    assert!((2..=3).contains(&taken));
    stage.rest_in_order().await;
    look(stage, channel, &items, victims(stage)).await;
}

/// Three of them receive, each in its way, what others send.
async fn receive(stage: &Stage, way: impl AsyncFn(&Meets) + Copy + 'static) {
    let (channel, items) = (Meets::with_errors(), Items::default());
    for _ in 0..3 {
        let channel = channel.clone();
        stage.role(async move { way(&channel).await });
    }
    for sent in [1, 2] {
        stage.settle().await;
        // With fewer than wait, another must get what was for one who is gone.
        assert_eq!(senders(&channel), 0);
        for _ in 0..sent {
            let (channel, item) = (channel.clone(), items.make());
            drop(spawn(async move { channel.send(item).await }));
        }
    }
    stage.rest_in_order().await;
    stage.settle().await;
    assert_eq!(items.received(), items.made() - senders(&channel));
    while senders(&channel) > 0 {
        received(channel.receive().await);
    }
    stage.settle().await;
    look(stage, channel, &items, 0).await;
}

fn senders(channel: &Meets) -> usize {
    let look = format!("{channel:?}");
    let number = look.trim_start_matches("Channel { senders: ").split(',').next();
    number.and_then(|number| number.parse().ok()).expect("a number")
}

/// Both sides at once: whoever's partner is gone waits for the next.
async fn meet(stage: &Stage) {
    let (channel, items) = (Meets::with_errors(), Items::default());
    for sends in [true, false, false, true, true, false] {
        let (channel, items) = (channel.clone(), items.clone());
        stage.role(async move {
            if sends {
                channel.send(items.make()).await;
            } else {
                received(channel.receive().await);
            }
        });
    }
    stage.settle().await;
    assert!(stage.present() <= 1, "more than the partner of who is gone wait");
    if stage.present() == 1 && senders(&channel) == 0 {
        channel.send(items.make()).await;
    } else if stage.present() == 1 {
        received(channel.receive().await);
    }
    stage.rest().await;
    look(stage, channel, &items, victims(stage)).await;
}

/// One takes all that others send, more than one turn may.
async fn receive_many(stage: &Stage) {
    let (channel, items) = (Meets::with_errors(), Items::default());
    for _ in 0..200 {
        let (channel, item) = (channel.clone(), items.make());
        drop(spawn(async move { channel.send(item).await }));
    }
    stage.settle().await;
    let receiver = channel.clone();
    stage.role(async move {
        for _ in 0..200 {
            received(receiver.receive().await);
        }
    });
    stage.rest().await;
    while senders(&channel) > 0 {
        received(channel.receive().await);
    }
    stage.settle().await;
    look(stage, channel, &items, 0).await;
}

#[test]
fn channel_sends() {
    every_point("Channel::send", async |stage| {
        send(stage, async |channel, item| channel.send(item).await).await;
    });
    every_point("Channel::send_error", async |stage| {
        send(stage, async |channel, item| channel.send_error(Sent::Item(item)).await).await;
    });
    every_point("Channel::send_end", async |stage| {
        send(stage, async |channel, item| {
            item.receive();
            channel.send_end().await;
        })
        .await;
    });
    every_point("Channel::send", meet);
}

#[test]
fn channel_receives() {
    every_point("Channel::receive", async |stage| {
        receive(stage, async |channel| received(channel.receive().await)).await;
    });
    every_point("Channel::next", async |stage| {
        receive(stage, async |channel| channel.next().await.into_iter().for_each(received)).await;
    });
    every_point("Channel::receive", meet);
    every_point("Channel::receive", receive_many);
}
