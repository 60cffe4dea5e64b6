//! Both ends of `oneshot`.

use evergreen_sync::oneshot::{self, RecvError};
use evergreen_testing::kill_points::{Stage, every_point};

use crate::items::{Item, Items};

async fn receive(stage: &Stage) {
    let items = Items::default();
    let senders = [(); 3].map(|()| {
        let (sender, receiver) = oneshot::channel();
        stage.role(async move {
            receiver.await.map(Item::receive).expect("it is sent");
        });
        sender
    });
    stage.settle().await;
    for (role, sender) in senders.into_iter().enumerate() {
        // Whoever is gone leaves the value with the sender.
        let left = sender.send(items.make());
        assert!(left.is_ok() || stage.victim() == Some(role));
        left.unwrap_or_else(Item::receive);
    }
    stage.rest_in_order().await;
    items.assert_lost_at_most(usize::from(stage.victim().is_some()));
}

async fn receive_nothing(stage: &Stage) {
    let (sender, receiver) = oneshot::channel::<()>();
    stage.role(async move { assert_eq!(receiver.await, Err(RecvError)) });
    stage.settle().await;
    drop(sender);
    stage.rest().await;
}

async fn closed(stage: &Stage) {
    let items = Items::default();
    let (mut sender, mut receiver) = oneshot::channel();
    let item = items.make();
    stage.role(async move {
        sender.closed().await;
        assert_eq!(sender.send(item).map_err(Item::receive), Err(()));
    });
    stage.settle().await;
    receiver.close();
    stage.rest().await;
    assert!(receiver.await.is_err());
    items.assert_lost_at_most(usize::from(stage.victim().is_some()));
}

#[test]
fn oneshot() {
    every_point("Receiver", receive);
    every_point("Receiver", receive_nothing);
    every_point("Sender::closed", closed);
}
