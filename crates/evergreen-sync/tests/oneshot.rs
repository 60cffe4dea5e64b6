//! `oneshot`: one value, or the word that none comes.

mod common;

use common::{TestLoop, Trace, settle};
use evergreen_sync::oneshot::{self, RecvError, TryRecvError};
use evergreen_task::spawn;

#[test]
fn the_value_arrives_also_when_it_was_sent_before() {
    TestLoop::new().block_on(async {
        let (sender, receiver) = oneshot::channel();
        let waits = spawn(receiver);
        settle().await;
        assert_eq!(sender.send(1), Ok(()));
        assert_eq!(waits.await.expect("not killed"), Ok(1));
        let (sender, receiver) = oneshot::channel();
        assert_eq!(sender.send(2), Ok(()));
        assert_eq!(evergreen_testing::must_not_suspend(receiver).await, Ok(2));
    });
}

#[test]
fn a_sender_that_is_gone_is_told() {
    TestLoop::new().block_on(async {
        let (sender, receiver) = oneshot::channel::<i32>();
        let waits = spawn(receiver);
        settle().await;
        drop(sender);
        assert_eq!(waits.await.expect("not killed"), Err(RecvError));
    });
}

#[test]
fn a_receiver_that_is_gone_gives_the_value_back() {
    TestLoop::new().block_on(async {
        let (mut sender, receiver) = oneshot::channel();
        let waits = spawn(receiver);
        let stops = spawn(async move {
            sender.closed().await;
            assert!(sender.is_closed());
            sender.send(3)
        });
        settle().await;
        waits.kill();
        assert_eq!(stops.await.expect("not killed"), Err(3));
    });
}

#[test]
fn what_is_there_can_be_had_without_waiting_and_once() {
    let (sender, mut receiver) = oneshot::channel();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    sender.send(4).expect("open");
    assert_eq!(receiver.try_recv(), Ok(4));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(TryRecvError::Closed.to_string(), RecvError.to_string());
}

#[test]
fn what_was_sent_before_it_is_closed_can_still_be_had() {
    let (sender, mut receiver) = oneshot::channel();
    sender.send(5).expect("open");
    receiver.close();
    assert_eq!(receiver.try_recv(), Ok(5));
    let (sender, mut receiver) = oneshot::channel();
    receiver.close();
    assert_eq!((sender.send(6), receiver.try_recv()), (Err(6), Err(TryRecvError::Closed)));
}

#[test]
fn a_value_that_nobody_takes_is_dropped_with_the_receiver() {
    let trace = Trace::new();
    let (sender, receiver) = oneshot::channel();
    assert!(sender.send(trace.on_drop("value")).is_ok());
    drop(receiver);
    assert_eq!(trace.take(), ["value"]);
}
