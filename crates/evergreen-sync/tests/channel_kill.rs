//! Channels: those who are killed while they wait. Row EV-CHAN-06.

mod common;

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use common::{OnDrop, TestLoop, Trace, poll_once, polled, settle, virtual_loop};
use evergreen_sync::channel::Channel;
use evergreen_task::{Task, spawn, timeout};

/// Waits, and is dropped by hand.
type Waits<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

async fn sender<T>(channel: &Channel<T>, value: T) -> Waits<'_, ()> {
    let mut sends: Waits<'_, ()> = Box::pin(channel.send(value));
    assert!(polled(&mut sends).await.is_pending());
    sends
}

async fn receiver<T: 'static>(channel: &Channel<T>) -> Waits<'_, T> {
    let mut receives: Waits<'_, T> = Box::pin(async { channel.receive().await.expect("a value") });
    assert!(polled(&mut receives).await.is_pending());
    receives
}

fn sends(channel: &Channel<u32>, trace: &Trace, value: u32) -> Task<()> {
    let (channel, trace) = (channel.clone(), trace.clone());
    spawn(async move {
        channel.send(value).await;
        trace.note(format_args!("{value} was taken"));
    })
}

fn receives(channel: &Channel<u32>, trace: &Trace, name: &'static str) -> Task<()> {
    let (channel, trace) = (channel.clone(), trace.clone());
    spawn(async move {
        let value = channel.receive().await.expect("a value");
        trace.note(format_args!("{name} has {value}"));
    })
}

// EV-CHAN-06: "Python leaves it behind and lets the next send return early".
#[test]
fn a_killed_sender_withdraws_its_value() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (channel, trace) = (Channel::new(), Trace::new());
        let never_polled = sends(&channel, &trace, 1);
        never_polled.kill();
        let [killed, _next] = [2, 3].map(|value| sends(&channel, &trace, value));
        settle().await;
        killed.kill();
        settle().await;
        trace.assert_eq([]);
        assert_eq!(channel.receive().await.unwrap(), 3);
        settle().await;
        trace.assert_eq(["3 was taken"]);
        assert_eq!(format!("{channel:?}"), "Channel { senders: 0, receivers: 0 }");
    });
}

// EV-CHAN-06: errors and the end are withdrawn as well.
#[test]
fn a_killed_sender_withdraws_its_error_and_its_end() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let channel = Channel::<u32, &str>::with_errors();
        let mut error = Box::pin(channel.send_error("jammed"));
        let mut end = Box::pin(channel.send_end());
        assert!(polled(&mut error).await.is_pending() && polled(&mut end).await.is_pending());
        drop((error, end));
        let mut value = Box::pin(channel.send(1));
        assert!(polled(&mut value).await.is_pending());
        assert_eq!(channel.next().await, Some(Ok(1)));
        value.await;
    });
}

// EV-CHAN-06: a value that is withdrawn before its receiver's turn comes was never there.
#[test]
fn receivers_that_were_called_for_nothing_wait_on_at_their_places() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (channel, trace) = (Channel::new(), Trace::new());
        let _receivers = ["a", "b", "c"].map(|name| receives(&channel, &trace, name));
        settle().await;
        let killed = (sender(&channel, 1).await, sender(&channel, 2).await);
        drop(killed);
        let _late = receives(&channel, &trace, "late");
        settle().await;
        trace.assert_eq([]);
        assert_eq!(format!("{channel:?}"), "Channel { senders: 0, receivers: 4 }");
        let _senders = [3, 4, 5, 6].map(|value| sends(&channel, &trace, value));
        settle().await;
        trace.assert_eq([
            "a has 3",
            "b has 4",
            "c has 5",
            "late has 6",
            "3 was taken",
            "4 was taken",
            "5 was taken",
            "6 was taken",
        ]);
    });
}

// EV-CHAN-06: one of two values is withdrawn: the first receiver has the other.
#[test]
fn the_first_receiver_has_the_value_that_is_left() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (channel, trace) = (Channel::new(), Trace::new());
        let _receivers = ["a", "b"].map(|name| receives(&channel, &trace, name));
        settle().await;
        let (killed, left) = (sender(&channel, 1).await, sender(&channel, 2).await);
        drop(killed);
        settle().await;
        trace.assert_eq(["a has 2"]);
        left.await;
        let _next = sends(&channel, &trace, 3);
        settle().await;
        trace.assert_eq(["b has 3", "3 was taken"]);
    });
}

// EV-CHAN-06: after the value was taken, and before the sender goes on.
#[test]
fn a_value_that_was_taken_stays_taken() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let channel = Channel::<u32>::new();
        let (first, second) = (sender(&channel, 1).await, sender(&channel, 2).await);
        assert_eq!(channel.receive().await.unwrap(), 1);
        drop(first);
        assert_eq!(channel.receive().await.unwrap(), 2);
        second.await;
    });
}

// EV-CHAN-06: before its first turn, and while it waits.
#[test]
fn a_receiver_that_is_killed_is_passed_over() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (channel, trace) = (Channel::new(), Trace::new());
        let never_polled = receives(&channel, &trace, "never polled");
        never_polled.kill();
        let [a, _b, c, _d] = ["a", "b", "c", "d"].map(|name| receives(&channel, &trace, name));
        settle().await;
        a.kill();
        c.kill();
        settle().await;
        let _senders = [1, 2, 3].map(|value| sends(&channel, &trace, value));
        settle().await;
        trace.assert_eq(["b has 1", "d has 2", "1 was taken", "2 was taken"]);
        assert_eq!(channel.receive().await.unwrap(), 3);
    });
}

// EV-CHAN-06: "a killed receiver leaves the value for the next", called or not.
#[test]
fn the_value_of_a_receiver_that_was_called_and_killed_is_the_next_ones() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (channel, trace) = (Channel::new(), Trace::new());
        let killed = receives(&channel, &trace, "killed");
        let _next = receives(&channel, &trace, "next");
        settle().await;
        killed.kill();
        // It is still there to be called: the kill has its turn later.
        channel.send(1).await;
        trace.note("1 was taken");
        trace.assert_eq(["next has 1", "1 was taken"]);
    });
}

// EV-CHAN-06: without a next one the value is as if it had never been called for, and not sent.
#[test]
fn a_value_whose_receiver_is_killed_waits_in_front_again() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let channel = Channel::<u32>::new();
        let (first, second) = (receiver(&channel).await, receiver(&channel).await);
        let mut one = sender(&channel, 1).await;
        let mut two = sender(&channel, 2).await;
        drop(second);
        drop(first);
        assert!(polled(&mut one).await.is_pending() && polled(&mut two).await.is_pending());
        assert_eq!(format!("{channel:?}"), "Channel { senders: 2, receivers: 0 }");
        assert_eq!(channel.receive().await.unwrap(), 1);
        assert!(polled(&mut one).await.is_ready() && polled(&mut two).await.is_pending());
        assert_eq!(channel.receive().await.unwrap(), 2);
        two.await;
    });
}

// EV-CHAN-06: both are gone before either goes on.
#[test]
fn nothing_is_left_of_a_sender_and_a_receiver_that_are_both_killed() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for receiver_first in [false, true] {
            let channel = Channel::<u32>::new();
            let (receives, sends) = (receiver(&channel).await, sender(&channel, 1).await);
            if receiver_first {
                drop(receives);
                drop(sends);
            } else {
                drop(sends);
                drop(receives);
            }
            assert_eq!(format!("{channel:?}"), "Channel { senders: 0, receivers: 0 }");
            let (mut receives, sends) = (receiver(&channel).await, sender(&channel, 2).await);
            assert!(polled(&mut receives).await.is_ready());
            sends.await;
        }
    });
}

// EV-CHAN-03, EV-CHAN-06: one that was called and is not polled does not hold up the others, and has
// what is its.
#[test]
fn a_receiver_that_does_not_come_holds_up_nobody() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (channel, trace) = (Channel::new(), Trace::new());
        let slow = receiver(&channel).await;
        let _others = ["b", "c"].map(|name| receives(&channel, &trace, name));
        settle().await;
        let _senders = [1, 2, 3].map(|value| sends(&channel, &trace, value));
        settle().await;
        trace.assert_eq(["b has 2", "c has 3", "2 was taken", "3 was taken"]);
        assert_eq!(slow.await, 1);
    });
}

/// A limit of one second on `waits`, while `meets` is polled once at that moment, right before.
fn at_the_deadline<T>(
    waits: impl Future<Output = T>,
    meets: impl Future<Output = ()> + 'static,
) -> Option<T> {
    let event_loop = virtual_loop();
    let mut meets = Box::pin(meets);
    let kept = Rc::new(Cell::new(None));
    let keeps = Rc::clone(&kept);
    // Its timer is older, so its entry comes before.
    event_loop.call_later(1.0, move || {
        let _polled = poll_once(&mut meets);
        keeps.set(Some(meets));
    });
    let in_time = event_loop.block_on(timeout(1.0, waits)).ok();
    drop(kept.take());
    event_loop.destroy().expect("not running");
    in_time
}

// EV-CHAN-06, R-3: the value first, then the deadline.
#[test]
fn a_value_that_comes_with_the_receivers_deadline_is_received() {
    let channel = Channel::<u32>::new();
    let sends = channel.clone();
    let received = at_the_deadline(channel.receive(), async move { sends.send(1).await });
    assert_eq!(received.expect("in time").unwrap(), 1);
}

// EV-CHAN-06, R-3: taken in the pass in which the time is over, it counts; else it is withdrawn.
#[test]
fn a_value_that_is_taken_with_the_senders_deadline_is_sent() {
    let channel = Channel::<u32>::new();
    let receives = channel.clone();
    let takes = async move { assert_eq!(receives.receive().await.expect("a value"), 1) };
    assert_eq!(at_the_deadline(channel.send(1), takes), Some(()));
    assert_eq!(at_the_deadline(channel.send(2), async {}), None);
    assert_eq!(format!("{channel:?}"), "Channel { senders: 0, receivers: 0 }");
}

// EV-CHAN-06: dropped once, and its destructor may use the channel.
#[test]
fn a_value_is_dropped_once_with_its_sender_outside_of_the_channel() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (channel, trace) = (Channel::<OnDrop<Box<dyn FnOnce()>>>::new(), Trace::new());
        let (looks, noted) = (channel.clone(), trace.clone());
        let value = OnDrop::new(Box::new(move || noted.note(format_args!("{looks:?}"))) as _);
        let sends = sender(&channel, value).await;
        drop(sends);
        trace.assert_eq(["Channel { senders: 0, receivers: 0 }"]);
    });
}
