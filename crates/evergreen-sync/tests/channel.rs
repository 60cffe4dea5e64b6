//! Channels: rows EV-CHAN-01 to -05, -07.

mod common;

use std::error::Error;
use std::io;

use common::{TestLoop, Trace, settle};
use evergreen_sync::channel::{Channel, ChannelError};
use evergreen_task::{Task, spawn};
use evergreen_testing::{must_not_suspend, must_suspend};

fn sender(channel: &Channel<u32>, trace: &Trace, value: u32) -> Task<()> {
    let (channel, trace) = (channel.clone(), trace.clone());
    spawn(async move {
        channel.send(value).await;
        trace.note(format_args!("{value} was taken"));
    })
}

fn receiver(channel: &Channel<u32>, trace: &Trace, name: &'static str) -> Task<()> {
    let (channel, trace) = (channel.clone(), trace.clone());
    spawn(async move {
        let value = channel.receive().await.expect("a value");
        trace.note(format_args!("{name} has {value}"));
    })
}

// EV-CHAN-01: one value at a time, and clones are the same channel.
#[test]
fn each_value_is_handed_over_before_the_next() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (channel, trace) = (Channel::new(), Trace::new());
        let (sends, sent) = (channel.clone(), trace.clone());
        let _task = spawn(async move {
            for value in 1..=3 {
                sends.send(value).await;
                sent.note(format_args!("sent {value}"));
            }
        });
        for value in 1..=3 {
            settle().await;
            assert_eq!(channel.receive().await.unwrap(), value);
            trace.note(format_args!("received {value}"));
        }
        settle().await;
        trace.assert_eq(["received 1", "sent 1", "received 2", "sent 2", "received 3", "sent 3"]);
    });
}

// EV-CHAN-02: "parks until a receiver took the value".
#[test]
fn send_waits_until_the_value_is_taken() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (channel, trace) = (Channel::new(), Trace::new());
        let _task = sender(&channel, &trace, 1);
        settle().await;
        trace.assert_eq([]);
        // What is there is taken at once.
        assert_eq!(must_not_suspend(channel.receive()).await.unwrap(), 1);
        trace.note("received");
        trace.assert_eq(["received"]);
        settle().await;
        trace.assert_eq(["1 was taken"]);
    });
}

// EV-CHAN-02: "also when a receiver is already waiting (it must have taken it)"; "the receiver
// continues first and the sender resumes at a later turn".
#[test]
fn the_receiver_goes_on_first_whoever_came_first() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (channel, trace) = (Channel::new(), Trace::new());
        let _receiver = receiver(&channel, &trace, "a");
        settle().await;
        must_suspend(channel.send(1)).await;
        trace.note("sent 1");
        trace.assert_eq(["a has 1", "sent 1"]);
    });
}

// EV-CHAN-02: "concurrent senders queue and deliver in order".
#[test]
fn senders_deliver_in_the_order_of_their_coming() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (channel, trace) = (Channel::new(), Trace::new());
        let _senders = [1, 2, 3].map(|value| sender(&channel, &trace, value));
        settle().await;
        for value in 1..=3 {
            assert_eq!(channel.receive().await.unwrap(), value);
        }
        settle().await;
        trace.assert_eq(["1 was taken", "2 was taken", "3 was taken"]);
    });
}

// EV-CHAN-03: "concurrent receivers each get one value, in arrival order".
#[test]
fn receivers_each_get_one_value_in_the_order_of_their_coming() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (channel, trace) = (Channel::new(), Trace::new());
        let _receivers = ["a", "b", "c"].map(|name| receiver(&channel, &trace, name));
        settle().await;
        let _senders = [1, 2].map(|value| sender(&channel, &trace, value));
        settle().await;
        let expected = ["a has 1", "b has 2", "1 was taken", "2 was taken"];
        trace.assert_eq(expected);
        assert_eq!(format!("{channel:?}"), "Channel { senders: 0, receivers: 1 }");
    });
}

// EV-CHAN-03: one that was called and has not come yet is before one that comes now.
#[test]
fn a_newcomer_does_not_take_the_value_of_a_receiver_that_was_called() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (channel, trace) = (Channel::new(), Trace::new());
        let _first = receiver(&channel, &trace, "first");
        settle().await;
        let (sends, comes) = (channel.clone(), channel.clone());
        let _senders = spawn(async move {
            let both = evergreen_task::join!(sends.send(1), sends.send(2));
            let ((), ()) = both;
        });
        let noted = trace.clone();
        let _newcomer = spawn(async move {
            let value = must_suspend(comes.receive()).await.expect("a value");
            noted.note(format_args!("newcomer has {value}"));
        });
        settle().await;
        trace.assert_eq(["first has 1", "newcomer has 2"]);
    });
}

// EV-CHAN-04: "the receiver gets it as an error, exactly once".
#[test]
fn an_error_comes_to_one_receiver_in_its_turn() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let channel = Channel::new();
        let sends = channel.clone();
        let task = spawn(async move {
            sends.send(1).await;
            sends.send_error(io::Error::other("no more paper").into()).await;
            sends.send(2).await;
        });
        assert_eq!(channel.receive().await.unwrap(), 1);
        assert_eq!(channel.receive().await.unwrap_err().to_string(), "no more paper");
        assert_eq!(channel.receive().await.unwrap(), 2);
        task.await.unwrap();
    });
}

// EV-CHAN-04: an error of a type of one's own.
#[test]
fn errors_may_be_of_one_type() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let channel = Channel::<u32, &str>::with_errors();
        let sends = channel.clone();
        let _task = spawn(async move { sends.send_error("jammed").await });
        assert_eq!(channel.next().await, Some(Err("jammed")));
    });
}

// EV-CHAN-05: "until a stop-iteration is sent"; "any other error surfaces". It is for one receiver.
#[test]
fn iteration_goes_past_errors_to_the_end() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let channel = Channel::<u32, &str>::with_errors();
        let sends = channel.clone();
        let task = spawn(async move {
            sends.send(1).await;
            sends.send_error("jammed").await;
            sends.send_end().await;
            sends.send(2).await;
        });
        let mut items = Vec::new();
        while let Some(item) = channel.next().await {
            items.push(item);
        }
        assert_eq!(items, [Ok(1), Err("jammed")]);
        // The channel goes on.
        assert_eq!(channel.next().await, Some(Ok(2)));
        task.await.unwrap();
    });
}

// EV-CHAN-05: who does not iterate gets the end as an error.
#[test]
fn receive_tells_the_end_as_an_error() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let channel = Channel::<u32>::new();
        let sends = channel.clone();
        let _task = spawn(async move { sends.send_end().await });
        let error = channel.receive().await.unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&ChannelError::Ended));
        assert_eq!(error.to_string(), "the channel has ended: `next` tells this from a value");
    });
}

// EV-CHAN-07
#[test]
fn a_value_that_looks_like_an_error_is_a_value() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let channel = Channel::<Box<dyn Error>>::new();
        let sends = channel.clone();
        let _task = spawn(async move { sends.send(ChannelError::Ended.into()).await });
        let value = channel.receive().await.unwrap();
        assert_eq!(value.downcast_ref(), Some(&ChannelError::Ended));
        let results = Channel::<Result<u32, &str>>::new();
        let sends = results.clone();
        let _task = spawn(async move { sends.send(Err("a value")).await });
        assert_eq!(results.next().await.unwrap().unwrap(), Err("a value"));
    });
}
