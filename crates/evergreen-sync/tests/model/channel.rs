//! `Channel`: rows EV-CHAN.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use evergreen_sync::channel::{Channel, ChannelError};
use evergreen_task::timeout;
use futures_lite::StreamExt;
use proptest::prelude::*;

use crate::actors::Notes;
use crate::play::agree;
use crate::subject::{Acting, Subject};
use crate::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    Value(u8),
    Error(u8),
    End,
}

#[derive(Clone, Debug)]
enum Ask {
    /// With a limit in seconds.
    Send(Message, i8),
    Next(i8),
    /// So many, or up to the end, from a stream.
    Values(usize),
}

#[derive(Debug)]
enum Sent {
    Error(u8),
    End,
}

impl From<ChannelError> for Sent {
    fn from(_: ChannelError) -> Self {
        Self::End
    }
}

fn message(item: Option<Result<u8, Sent>>) -> Message {
    match item {
        Some(Ok(value)) => Message::Value(value),
        Some(Err(Sent::Error(error))) => Message::Error(error),
        None | Some(Err(Sent::End)) => Message::End,
    }
}

/// Receivers are called, as many as there are messages, and each takes its own in its turn.
#[derive(Default)]
struct Plain {
    senders: Vec<(usize, Message)>,
    /// Their message was taken, and they do not know.
    taken: HashSet<usize>,
    /// In the order of their coming.
    receivers: Vec<usize>,
    called: HashSet<usize>,
    /// How many values each stream has given.
    given: HashMap<usize, usize>,
}

impl Plain {
    fn call(&mut self, world: &mut World) {
        while self.senders.len() > self.called.len() {
            let next = self.receivers.iter().find(|receiver| !self.called.contains(receiver));
            let Some(&next) = next else { return };
            self.called.insert(next);
            world.wake(next);
        }
    }

    /// Takes the message before which there are so many others.
    fn take(&mut self, rank: usize, world: &mut World) -> Option<Message> {
        let (sender, message) = (rank < self.senders.len()).then(|| self.senders.remove(rank))?;
        self.taken.insert(sender);
        world.wake(sender);
        Some(message)
    }

    /// One turn of who sends. True if it is done.
    fn send(&mut self, task: usize, message: Message, world: &mut World) -> bool {
        if self.taken.remove(&task) {
            return true;
        }
        if !self.senders.iter().any(|&(sender, _)| sender == task) {
            self.senders.push((task, message));
            self.call(world);
        }
        false
    }

    /// One turn of who receives.
    fn receive(&mut self, task: usize, world: &mut World) -> Option<Message> {
        if !self.receivers.contains(&task) {
            if self.called.is_empty() && !self.senders.is_empty() {
                return self.take(0, world);
            }
            self.receivers.push(task);
            self.call(world);
            return None;
        }
        let before = self.receivers.iter().take_while(|&&other| other != task);
        let rank = before.filter(|other| self.called.contains(other)).count();
        let message = self.called.remove(&task).then(|| self.take(rank, world)).flatten();
        match message {
            Some(_) => self.receivers.retain(|&other| other != task),
            None => self.call(world),
        }
        message
    }
}

impl Plain {
    /// One turn of who takes values from a stream. True if it has ended.
    fn stream(&mut self, task: usize, values: usize, world: &mut World) -> bool {
        while *self.given.entry(task).or_default() < values {
            let Some(message) = self.receive(task, world) else { return false };
            let last = if message == Message::End { values } else { 1 };
            *self.given.entry(task).or_default() += last;
            world.note(task, format!("{:?}", Some(message)));
        }
        true
    }
}

impl Subject for Plain {
    type Setup = ();
    type Ask = Ask;
    /// There is nothing that does not wait.
    type Call = ();
    type Real = Channel<u8, Sent>;

    fn setups() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn asks() -> BoxedStrategy<Ask> {
        let message = prop_oneof![
            4 => any::<u8>().prop_map(Message::Value),
            1 => any::<u8>().prop_map(Message::Error),
            1 => Just(Message::End),
        ];
        prop_oneof![
            (message, -1..4_i8).prop_map(|(message, limit)| Ask::Send(message, limit)),
            (-1..4_i8).prop_map(Ask::Next),
            (1..4_usize).prop_map(Ask::Values),
        ]
        .boxed()
    }

    fn calls() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn real((): &()) -> Self::Real {
        Channel::with_errors()
    }

    fn act(real: Rc<Self::Real>, ask: Ask, notes: Notes) -> Acting {
        Box::pin(async move {
            match ask {
                Ask::Send(message, limit) => {
                    let sent = timeout(f64::from(limit), async {
                        match message {
                            Message::Value(value) => real.send(value).await,
                            Message::Error(error) => real.send_error(Sent::Error(error)).await,
                            Message::End => real.send_end().await,
                        }
                    });
                    notes.note(if sent.await.is_ok() { "sent" } else { "kept" });
                },
                Ask::Next(limit) => {
                    let item = timeout(f64::from(limit), real.next()).await;
                    notes.note(format!("{:?}", item.ok().map(message)));
                },
                Ask::Values(values) => {
                    let mut stream = real.stream();
                    for _ in 0..values {
                        let item = message(stream.next().await);
                        notes.note(format!("{:?}", Some(item)));
                        if item == Message::End {
                            return;
                        }
                    }
                },
            }
        })
    }

    fn call(_: &Rc<Self::Real>, (): ()) -> String {
        String::new()
    }

    fn look(real: &Self::Real) -> String {
        format!("{real:?}")
    }

    fn plain((): &()) -> Self {
        Self::default()
    }

    fn turn(&mut self, task: usize, ask: &Ask, world: &mut World) -> bool {
        let limit = match *ask {
            Ask::Send(_, limit) | Ask::Next(limit) => limit,
            Ask::Values(values) => return self.stream(task, values, world),
        };
        let told = match *ask {
            Ask::Send(message, _) => self.send(task, message, world).then(|| "sent".to_owned()),
            Ask::Next(_) | Ask::Values(_) => {
                self.receive(task, world).map(|message| format!("{:?}", Some(message)))
            },
        };
        if told.is_none() && !world.is_over(task, limit) {
            return false;
        }
        self.gone(task, ask, world);
        world.note(
            task,
            told.unwrap_or_else(|| match ask {
                Ask::Send(..) => "kept".to_owned(),
                Ask::Next(_) | Ask::Values(_) => "None".to_owned(),
            }),
        );
        true
    }

    fn gone(&mut self, task: usize, _: &Ask, world: &mut World) {
        self.senders.retain(|&(sender, _)| sender != task);
        self.receivers.retain(|&receiver| receiver != task);
        self.taken.remove(&task);
        if self.called.remove(&task) {
            self.call(world);
        }
    }

    fn plain_call(&mut self, (): &(), _: &mut World) -> String {
        String::new()
    }

    fn plain_look(&self) -> String {
        let (senders, receivers) = (self.senders.len(), self.receivers.len());
        format!("Channel {{ senders: {senders}, receivers: {receivers} }}")
    }
}

#[test]
fn channel() {
    agree::<Plain>("Channel");
}
