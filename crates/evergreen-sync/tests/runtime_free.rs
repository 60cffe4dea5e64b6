//! What is not written again: primitives that need a waker and nothing else of a runtime run on this
//! loop as they are. One test for each that the guide names.

mod common;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use common::{TestLoop, settle};
use evergreen_task::{spawn, timeout};

#[test]
fn a_notify_of_tokio_wakes_tasks_and_a_kill_passes_its_permit_on() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let notify = Rc::new(tokio::sync::Notify::new());
        let [first, second] = [(); 2].map(|()| {
            let notify = Rc::clone(&notify);
            spawn(async move { notify.notified().await })
        });
        settle().await;
        first.kill();
        notify.notify_one();
        second.await.expect("notified");
        assert!(first.await.is_err());
    });
}

#[test]
fn a_watch_of_tokio_shows_the_newest_value() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (sender, mut receiver) = tokio::sync::watch::channel(0);
        let watcher = spawn(async move {
            let mut seen = Vec::new();
            while receiver.changed().await.is_ok() {
                seen.push(*receiver.borrow_and_update());
            }
            seen
        });
        settle().await;
        for value in [1, 2, 3] {
            sender.send(value).expect("watched");
        }
        settle().await;
        drop(sender);
        assert_eq!(watcher.await.expect("the sender is gone"), [3]);
    });
}

#[test]
fn a_broadcast_of_tokio_comes_to_all_and_tells_who_has_missed_some() {
    use tokio::sync::broadcast::{channel, error::RecvError};
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (sender, mut slow) = channel(2);
        let mut quick = sender.subscribe();
        let reader = spawn(async move { (quick.recv().await, quick.recv().await) });
        settle().await;
        for value in [1, 2, 3] {
            sender.send(value).expect("somebody listens");
            settle().await;
        }
        assert_eq!(reader.await.expect("two values"), (Ok(1), Ok(2)));
        assert_eq!(slow.recv().await, Err(RecvError::Lagged(1)));
        assert_eq!(slow.recv().await, Ok(2));
    });
}

#[test]
fn an_mpsc_of_tokio_is_fed_by_another_thread() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let _alive = event_loop.keep_alive();
        let feeder = thread::spawn(move || {
            (0..100).for_each(|number| sender.blocking_send(number).expect("received"));
        });
        let mut sum = 0;
        while let Some(number) = receiver.recv().await {
            sum += number;
        }
        assert_eq!(sum, (0..100).sum());
        feeder.join().expect("fed");
    });
}

#[test]
fn an_async_channel_connects_tasks_and_has_a_limit() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (sender, receiver) = async_channel::bounded(1);
        sender.send("first").await.expect("room");
        assert!(timeout(0.0, sender.send("second")).await.is_err());
        let reader = spawn(async move { receiver.recv().await });
        assert_eq!(reader.await.expect("done"), Ok("first"));
        assert!(sender.is_closed());
    });
}

#[test]
fn an_async_broadcast_holds_the_sender_back() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (sender, mut receiver) = async_broadcast::broadcast(1);
        let sent = Rc::new(RefCell::new(Vec::new()));
        let notes = Rc::clone(&sent);
        let feeder = spawn(async move {
            for number in 0..3 {
                sender.broadcast(number).await.expect("received");
                notes.borrow_mut().push(number);
            }
        });
        settle().await;
        assert_eq!(*sent.borrow(), [0]);
        let mut received = Vec::new();
        while let Ok(number) = receiver.recv().await {
            received.push(number);
        }
        feeder.await.expect("all are sent");
        assert_eq!(received, [0, 1, 2]);
    });
}

#[test]
fn an_event_listener_is_told_by_another_thread() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let event = Arc::new(event_listener::Event::new());
        let listener = event.listen();
        let _alive = event_loop.keep_alive();
        let told = Arc::clone(&event);
        let teller = thread::spawn(move || told.notify(1));
        listener.await;
        assert_eq!(teller.join().expect("told"), 1);
    });
}
