//! Queues in three orders: rows EV-QUE.

mod plain;

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;

use evergreen_sync::queue::{PutError, QueueError, QueueOf, Storage};
use evergreen_task::yield_now;
use futures_lite::StreamExt;
use futures_sink::Sink;
use plain::{Item, Kind, Newest, Oldest, Plain, Smallest};
use proptest::prelude::*;

use crate::actors::Notes;
use crate::play::agree;
use crate::subject::{Acting, Subject};
use crate::world::World;

#[derive(Clone, Debug)]
enum Ask {
    Put(Item),
    /// With a limit in seconds.
    PutIn(Item, i8),
    Get,
    GetIn(i8),
    Join,
    /// So many, from a stream.
    Stream(usize),
    /// Through a sink, with a pause between sending and flushing, or none.
    Sink(Vec<Item>, bool),
}

#[derive(Clone, Debug)]
enum Call {
    Put(Item),
    Get,
    TaskDone,
}

/// How the answers are told.
fn put_told(answer: Result<(), (QueueError, Item)>) -> String {
    format!("put {answer:?}")
}

fn got_told(answer: Result<Item, QueueError>) -> String {
    format!("got {answer:?}")
}

fn refused(refused: PutError<Item>) -> (QueueError, Item) {
    (refused.error, refused.item)
}

/// Each item is in before the next is sent.
async fn sink<S: Storage<Item>>(
    queue: &QueueOf<Item, S>,
    items: Vec<Item>,
    pauses: bool,
    notes: &Notes,
) {
    let mut sink = queue.sink();
    for item in items {
        let ready = poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx)).await;
        let sent = ready.and_then(|()| Pin::new(&mut sink).start_send(item));
        if pauses {
            yield_now().await;
        }
        let flushed = poll_fn(|cx| Pin::new(&mut sink).poll_flush(cx)).await;
        notes.note(put_told(sent.and(flushed).map_err(|never| match never {})));
    }
}

fn items() -> impl Strategy<Value = Item> {
    (0..3_u8, any::<u16>()).prop_map(|(rank, name)| Item(rank, name))
}

impl<K: Kind> Subject for Plain<K> {
    /// For how many items there is room.
    type Setup = usize;
    type Ask = Ask;
    type Call = Call;
    type Real = QueueOf<Item, K::Real>;

    fn setups() -> BoxedStrategy<usize> {
        (0..4_usize).boxed()
    }

    fn asks() -> BoxedStrategy<Ask> {
        prop_oneof![
            3 => items().prop_map(Ask::Put),
            3 => (items(), -1..4_i8).prop_map(|(item, limit)| Ask::PutIn(item, limit)),
            3 => Just(Ask::Get),
            3 => (-1..4_i8).prop_map(Ask::GetIn),
            1 => Just(Ask::Join),
            1 => (1..4_usize).prop_map(Ask::Stream),
            1 => (prop::collection::vec(items(), 1..4), any::<bool>())
                .prop_map(|(items, pauses)| Ask::Sink(items, pauses)),
        ]
        .boxed()
    }

    fn calls() -> BoxedStrategy<Call> {
        prop_oneof![items().prop_map(Call::Put), Just(Call::Get), Just(Call::TaskDone)].boxed()
    }

    fn last_calls() -> Vec<Call> {
        vec![Call::Get; 4]
    }

    fn real(&maxsize: &usize) -> Self::Real {
        QueueOf::new(maxsize)
    }

    fn act(real: Rc<Self::Real>, ask: Ask, notes: Notes) -> Acting {
        Box::pin(async move {
            let told = match ask {
                Ask::Put(item) => {
                    real.put(item).await;
                    put_told(Ok(()))
                },
                Ask::PutIn(item, limit) => {
                    put_told(real.put_timeout(item, f64::from(limit)).await.map_err(refused))
                },
                Ask::Get => got_told(Ok(real.get().await)),
                Ask::GetIn(limit) => got_told(real.get_timeout(f64::from(limit)).await),
                Ask::Join => {
                    real.join().await;
                    "joined".to_owned()
                },
                Ask::Stream(items) => {
                    let mut stream = real.stream().take(items);
                    while let Some(item) = stream.next().await {
                        notes.note(got_told(Ok(item)));
                    }
                    return;
                },
                Ask::Sink(items, pauses) => return sink(&real, items, pauses, &notes).await,
            };
            notes.note(told);
        })
    }

    fn call(real: &Rc<Self::Real>, call: Call) -> String {
        match call {
            Call::Put(item) => put_told(real.put_nowait(item).map_err(refused)),
            Call::Get => got_told(real.get_nowait()),
            Call::TaskDone => format!("{:?}", real.task_done()),
        }
    }

    fn look(real: &Self::Real) -> String {
        format!("{real:?}")
    }

    fn plain(&maxsize: &usize) -> Self {
        Self::new(maxsize)
    }

    fn turn(&mut self, task: usize, ask: &Ask, world: &mut World) -> bool {
        let told = match *ask {
            Ask::Stream(items) => return self.stream(task, items, world),
            Ask::Sink(ref items, pauses) => return self.sink(task, items, pauses, world),
            Ask::PutIn(item, ..0) => Some(put_told(Err((QueueError::NegativeTimeout, item)))),
            Ask::GetIn(..0) => Some(got_told(Err(QueueError::NegativeTimeout))),
            Ask::Put(item) | Ask::PutIn(item, _) => {
                self.put(task, item, world).then(|| put_told(Ok(())))
            },
            Ask::Get | Ask::GetIn(_) => self.get(task, world).map(|item| got_told(Ok(item))),
            Ask::Join => self.join(task).then(|| "joined".to_owned()),
        };
        let told = told.or_else(|| {
            let (limit, late) = match *ask {
                Ask::PutIn(item, limit) => (limit, put_told(Err((QueueError::Full, item)))),
                Ask::GetIn(limit) => (limit, got_told(Err(QueueError::Empty))),
                _ => return None,
            };
            world.is_over(task, limit).then(|| {
                self.leave(task, world);
                late
            })
        });
        let has_ended = told.is_some();
        told.into_iter().for_each(|told| world.note(task, told));
        has_ended
    }

    fn gone(&mut self, task: usize, _: &Ask, world: &mut World) {
        self.leave(task, world);
    }

    fn plain_call(&mut self, call: &Call, world: &mut World) -> String {
        match *call {
            Call::Put(item) => {
                let is_in = self.put_now(item, world);
                put_told(if is_in { Ok(()) } else { Err((QueueError::Full, item)) })
            },
            Call::Get => got_told(self.get_now(world).ok_or(QueueError::Empty)),
            Call::TaskDone => format!("{:?}", self.task_done(world)),
        }
    }

    fn plain_look(&self) -> String {
        self.look()
    }
}

impl<K: Kind> Plain<K> {
    /// One turn of who takes items from a stream. True if it has ended.
    fn stream(&mut self, task: usize, items: usize, world: &mut World) -> bool {
        while self.count(task, 0) < items {
            let Some(item) = self.get(task, world) else { return false };
            self.count(task, 1);
            world.note(task, got_told(Ok(item)));
        }
        true
    }

    /// One turn of who puts items in through a sink. True if it has ended.
    fn sink(&mut self, task: usize, items: &[Item], pauses: bool, world: &mut World) -> bool {
        // Each item is sent, and then flushed.
        while let Some(&item) = items.get(self.count(task, 0) / 2) {
            let is_sent = self.count(task, 0) % 2 == 1;
            if !is_sent {
                self.count(task, 1);
                self.feed(task, item, world);
                if pauses {
                    world.wake(task);
                    return false;
                }
            }
            if !self.put(task, item, world) {
                return false;
            }
            self.count(task, 1);
            world.note(task, put_told(Ok(())));
        }
        true
    }
}

#[test]
fn queue() {
    agree::<Plain<Oldest>>("Queue");
}

#[test]
fn lifo_queue() {
    agree::<Plain<Newest>>("LifoQueue");
}

#[test]
fn priority_queue() {
    agree::<Plain<Smallest>>("PriorityQueue");
}
