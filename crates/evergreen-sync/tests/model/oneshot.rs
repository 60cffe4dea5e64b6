//! `oneshot`: a value, or word that none comes.

use std::cell::RefCell;
use std::rc::Rc;

use evergreen_sync::oneshot::{Receiver, Sender, channel};
use evergreen_task::timeout;
use proptest::prelude::*;

use crate::actors::Notes;
use crate::play::agree;
use crate::subject::{Acting, Subject};
use crate::world::World;

/// A task takes the end for good, if it is still there.
#[derive(Clone, Debug)]
enum Ask {
    /// With a limit in seconds.
    Receive(i8),
    Closed(i8),
}

#[derive(Clone, Debug)]
enum Call {
    Send(u8),
    DropSender,
    TryReceive,
    Close,
}

struct Ends(RefCell<Option<Sender<u8>>>, RefCell<Option<Receiver<u8>>>);

#[derive(Default)]
struct Plain {
    value: Option<u8>,
    is_closed: bool,
    sender: End,
    receiver: End,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum End {
    #[default]
    Free,
    Waits(usize),
    Gone,
}

impl Plain {
    fn close(&mut self, world: &mut World) {
        if std::mem::replace(&mut self.is_closed, true) {
            return;
        }
        for end in [self.receiver, self.sender] {
            if let End::Waits(task) = end {
                world.wake(task);
            }
        }
    }

    fn received(&mut self) -> String {
        format!("received {:?}", self.value.take().ok_or(()))
    }
}

impl Subject for Plain {
    type Setup = ();
    type Ask = Ask;
    type Call = Call;
    type Real = Ends;

    fn setups() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn asks() -> BoxedStrategy<Ask> {
        prop_oneof![(-1..4_i8).prop_map(Ask::Receive), (-1..4_i8).prop_map(Ask::Closed)].boxed()
    }

    fn calls() -> BoxedStrategy<Call> {
        prop_oneof![
            2 => any::<u8>().prop_map(Call::Send),
            1 => Just(Call::DropSender),
            4 => Just(Call::TryReceive),
            1 => Just(Call::Close),
        ]
        .boxed()
    }

    fn real((): &()) -> Ends {
        let (sender, receiver) = channel();
        Ends(RefCell::new(Some(sender)), RefCell::new(Some(receiver)))
    }

    fn act(real: Rc<Ends>, ask: Ask, notes: Notes) -> Acting {
        Box::pin(async move {
            match ask {
                Ask::Receive(limit) => {
                    let Some(receiver) = real.1.take() else { return notes.note("taken") };
                    notes.note(match timeout(f64::from(limit), receiver).await {
                        Ok(value) => format!("received {:?}", value.map_err(drop)),
                        Err(_) => "late".to_owned(),
                    });
                },
                Ask::Closed(limit) => {
                    let Some(mut sender) = real.0.take() else { return notes.note("taken") };
                    let closed = timeout(f64::from(limit), sender.closed()).await;
                    notes.note(if closed.is_ok() { "closed" } else { "late" });
                },
            }
        })
    }

    fn call(real: &Rc<Ends>, call: Call) -> String {
        match call {
            Call::Send(value) => match real.0.take() {
                Some(sender) => format!("{:?}", sender.send(value)),
                None => "taken".to_owned(),
            },
            Call::DropSender => {
                drop(real.0.take());
                String::new()
            },
            Call::TryReceive => match real.1.borrow_mut().as_mut() {
                Some(receiver) => format!("received {:?}", receiver.try_recv().map_err(drop)),
                None => "taken".to_owned(),
            },
            Call::Close => {
                real.1.borrow_mut().iter_mut().for_each(Receiver::close);
                String::new()
            },
        }
    }

    fn look(real: &Ends) -> String {
        format!("{:?}", real.0.borrow().as_ref().map(Sender::is_closed))
    }

    fn plain((): &()) -> Self {
        Self::default()
    }

    fn turn(&mut self, task: usize, ask: &Ask, world: &mut World) -> bool {
        let (Ask::Receive(limit) | Ask::Closed(limit)) = *ask;
        let end = if let Ask::Receive(_) = ask { &mut self.receiver } else { &mut self.sender };
        if *end != End::Free && *end != End::Waits(task) {
            world.note(task, "taken");
            return true;
        }
        *end = End::Waits(task);
        let told = match ask {
            _ if !self.is_closed => None,
            Ask::Receive(_) => Some(self.received()),
            Ask::Closed(_) => Some("closed".to_owned()),
        };
        if told.is_none() && !world.is_over(task, limit) {
            return false;
        }
        self.gone(task, ask, world);
        world.note(task, told.unwrap_or_else(|| "late".to_owned()));
        true
    }

    fn gone(&mut self, task: usize, ask: &Ask, world: &mut World) {
        let end = if let Ask::Receive(_) = ask { &mut self.receiver } else { &mut self.sender };
        if *end == End::Waits(task) {
            *end = End::Gone;
            self.close(world);
        }
    }

    fn plain_call(&mut self, call: &Call, world: &mut World) -> String {
        let has_sender = self.sender == End::Free;
        match *call {
            Call::Send(_) if !has_sender => return "taken".to_owned(),
            Call::Send(value) => {
                self.sender = End::Gone;
                if self.is_closed {
                    return format!("{:?}", Err::<(), _>(value));
                }
                self.value = Some(value);
                self.close(world);
                return "Ok(())".to_owned();
            },
            Call::DropSender if has_sender => {
                self.sender = End::Gone;
                self.close(world);
            },
            Call::TryReceive if self.receiver == End::Free => return self.received(),
            Call::TryReceive => return "taken".to_owned(),
            Call::Close if self.receiver == End::Free => self.close(world),
            Call::DropSender | Call::Close => {},
        }
        String::new()
    }

    fn plain_look(&self) -> String {
        format!("{:?}", (self.sender == End::Free).then_some(self.is_closed))
    }
}

#[test]
fn oneshot() {
    agree::<Plain>("oneshot");
}
