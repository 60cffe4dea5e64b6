//! Queues in three orders: EV-QUE-14, R-11.

use std::rc::Rc;

use evergreen_sync::queue::{Fifo, Lifo, Priority, PutError, QueueError, QueueOf, Storage};
use evergreen_testing::kill_points::{Stage, every_point};
use evergreen_testing::settle;

use crate::items::{Item, Items};

trait Kind: Storage<Item> + Default + 'static {}

impl<S: Storage<Item> + Default + 'static> Kind for S {}

fn queue<S: Kind>(maxsize: usize) -> Rc<QueueOf<Item, S>> {
    Rc::new(QueueOf::new(maxsize))
}

/// Takes what is there, and lets those who wait put more in.
async fn empty<S: Kind>(queue: &QueueOf<Item, S>) {
    settle().await;
    while let Ok(item) = queue.get_nowait() {
        item.receive();
        settle().await;
    }
}

/// No more is lost than what was in the hands of the victim; nobody waits, and all is counted; a
/// newcomer on either side is served.
async fn look<S: Kind>(stage: &Stage, queue: Rc<QueueOf<Item, S>>, items: &Items, lost: usize) {
    empty(&queue).await;
    items.assert_lost_at_most(lost);
    while queue.task_done().is_ok() {}
    let (maxsize, getter) = (queue.maxsize(), Rc::clone(&queue));
    stage.serves(async move { getter.get().await.receive() }, || put_now(&queue, items)).await;
    if maxsize > 0 {
        (0..maxsize).for_each(|_| put_now(&queue, items));
        let (putter, item) = (Rc::clone(&queue), items.make());
        let get = || queue.get_nowait().expect("it is full").receive();
        stage.serves(async move { putter.put(item).await }, get).await;
    }
    assert_eq!(queue.unfinished(), if maxsize > 0 { maxsize + 2 } else { 1 });
    empty(&queue).await;
    while queue.task_done().is_ok() {}
    let rest = format!("maxsize: {maxsize}, unfinished: 0, getters: 0, putters: 0 }}");
    assert_eq!(format!("{queue:?}"), format!("Queue {{ len: 0, {rest}"));
}

fn put_now<S: Kind>(queue: &QueueOf<Item, S>, items: &Items) {
    queue.put_nowait(items.make()).expect("there is room");
}

fn victims(stage: &Stage) -> usize {
    usize::from(stage.victim().is_some())
}

async fn put<S: Kind>(stage: &Stage) {
    let (queue, items) = (queue::<S>(2), Items::default());
    for _ in 0..5 {
        let (queue, item) = (Rc::clone(&queue), items.make());
        stage.role(async move { queue.put(item).await });
    }
    empty(&queue).await;
    stage.rest_in_order().await;
    let received = items.received();
    // Whoever has gone before its item was in has taken it away.
    assert_eq!(queue.unfinished(), received);
    assert!((4..=5).contains(&received));
    look(stage, queue, &items, victims(stage)).await;
}

/// Among more items than one turn may put.
async fn put_many<S: Kind>(stage: &Stage) {
    let (queue, items) = (queue::<S>(0), Items::default());
    let (putter, made) = (Rc::clone(&queue), items.clone());
    stage.role(async move {
        for _ in 0..200 {
            putter.put(made.make()).await;
        }
    });
    stage.rest().await;
    look(stage, queue, &items, victims(stage)).await;
}

async fn put_in_time<S: Kind>(stage: &Stage) {
    let (queue, items) = (queue::<S>(1), Items::default());
    for limit in [0.0, 0.5, 1.0, 0.5] {
        let (queue, item) = (Rc::clone(&queue), items.make());
        stage.role(async move { queue.put_timeout(item, limit).await.expect("in time") });
    }
    empty(&queue).await;
    stage.rest_in_order().await;
    look(stage, queue, &items, victims(stage)).await;
}

async fn put_too_late<S: Kind>(stage: &Stage) {
    let (queue, items) = (queue::<S>(1), Items::default());
    put_now(&queue, &items);
    for limit in [0.0, 0.5, 0.5] {
        let (queue, item) = (Rc::clone(&queue), items.make());
        stage.role(async move {
            let refused = queue.put_timeout(item, limit).await;
            assert!(matches!(refused, Err(PutError { error: QueueError::Full, .. })));
            refused.unwrap_or_else(|PutError { item, .. }| item.receive());
        });
    }
    stage.rest_in_order().await;
    assert_eq!((queue.len(), queue.unfinished()), (1, 1));
    look(stage, queue, &items, victims(stage)).await;
}

async fn get<S: Kind>(stage: &Stage) {
    let (queue, items) = (queue::<S>(4), Items::default());
    for _ in 0..4 {
        let queue = Rc::clone(&queue);
        stage.role(async move { queue.get().await.receive() });
    }
    stage.settle().await;
    (0..2).for_each(|_| put_now(&queue, &items));
    stage.settle().await;
    (0..3).for_each(|_| put_now(&queue, &items));
    stage.rest_in_order().await;
    let left = items.made() - items.received();
    assert!((1..=2).contains(&left));
    assert_eq!((queue.len(), queue.unfinished()), (left, 5));
    look(stage, queue, &items, 0).await;
}

/// Nobody else waits: the item goes back, though there is no room.
async fn get_alone<S: Kind>(stage: &Stage) {
    let (queue, items) = (queue::<S>(1), Items::default());
    let getter = Rc::clone(&queue);
    stage.role(async move { getter.get().await.receive() });
    stage.settle().await;
    put_now(&queue, &items);
    // There is none for who was gone already.
    let refused = queue.put_nowait(items.make()).map_err(|refused| refused.item.receive());
    assert!(refused.is_ok() || stage.present() == 0);
    stage.rest().await;
    look(stage, queue, &items, 0).await;
}

async fn get_many<S: Kind>(stage: &Stage) {
    let (queue, items) = (queue::<S>(0), Items::default());
    (0..200).for_each(|_| put_now(&queue, &items));
    let getter = Rc::clone(&queue);
    stage.role(async move {
        for _ in 0..200 {
            getter.get().await.receive();
        }
    });
    stage.rest().await;
    look(stage, queue, &items, 0).await;
}

async fn get_in_time<S: Kind>(stage: &Stage) {
    let (queue, items) = (queue::<S>(1), Items::default());
    for limit in [0.0, 0.5, 1.0, 0.5] {
        let queue = Rc::clone(&queue);
        stage.role(async move {
            match queue.get_timeout(limit).await {
                Ok(item) => item.receive(),
                Err(error) => assert_eq!((error, limit), (QueueError::Empty, 0.0)),
            }
        });
    }
    stage.settle().await;
    while stage.present() > 0 {
        put_now(&queue, &items);
        stage.settle().await;
    }
    stage.rest_in_order().await;
    look(stage, queue, &items, 0).await;
}

async fn get_too_late<S: Kind>(stage: &Stage) {
    let (queue, items) = (queue::<S>(1), Items::default());
    for limit in [0.0, 0.5, 0.5] {
        let queue = Rc::clone(&queue);
        stage.role(async move {
            assert_eq!(queue.get_timeout(limit).await.map(Item::receive), Err(QueueError::Empty));
        });
    }
    stage.rest_in_order().await;
    look(stage, queue, &items, 0).await;
}

/// One more comes in before those who join have their turn: they wait on.
async fn join<S: Kind>(stage: &Stage) {
    let (queue, items) = (queue::<S>(1), Items::default());
    put_now(&queue, &items);
    for _ in 0..3 {
        let queue = Rc::clone(&queue);
        stage.role(async move { queue.join().await });
    }
    empty(&queue).await;
    queue.task_done().expect("there is one");
    put_now(&queue, &items);
    empty(&queue).await;
    assert!(stage.present() + victims(stage) >= 3, "somebody waits no longer");
    queue.task_done().expect("there is one");
    stage.rest_in_order().await;
    put_now(&queue, &items);
    let newcomer = Rc::clone(&queue);
    stage.serves(async move { newcomer.join().await }, || queue.task_done().expect("one")).await;
    look(stage, queue, &items, 0).await;
}

fn all<S: Kind>() {
    every_point("QueueOf::put", put::<S>);
    every_point("QueueOf::put", put_many::<S>);
    every_point("QueueOf::put_timeout", put_in_time::<S>);
    every_point("QueueOf::put_timeout", put_too_late::<S>);
    every_point("QueueOf::get", get::<S>);
    every_point("QueueOf::get", get_alone::<S>);
    every_point("QueueOf::get", get_many::<S>);
    every_point("QueueOf::get_timeout", get_in_time::<S>);
    every_point("QueueOf::get_timeout", get_too_late::<S>);
    every_point("QueueOf::join", join::<S>);
}

#[test]
fn queues() {
    all::<Fifo<Item>>();
}

#[test]
fn priority_queues() {
    all::<Priority<Item>>();
}

#[test]
fn lifo_queues() {
    all::<Lifo<Item>>();
}
