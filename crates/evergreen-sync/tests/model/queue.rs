//! Queues in three orders: rows EV-QUE.

mod plain;

use std::rc::Rc;

use evergreen_sync::queue::{PutError, QueueError, QueueOf};
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
            notes.note(match ask {
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
            });
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
        let limit =
            if let Ask::PutIn(_, limit) | Ask::GetIn(limit) = *ask { Some(limit) } else { None };
        let told = match *ask {
            Ask::PutIn(item, ..0) => Some(put_told(Err((QueueError::NegativeTimeout, item)))),
            Ask::GetIn(..0) => Some(got_told(Err(QueueError::NegativeTimeout))),
            Ask::Put(item) | Ask::PutIn(item, _) => {
                self.put(task, item, world).then(|| put_told(Ok(())))
            },
            Ask::Get | Ask::GetIn(_) => self.get(task, world).map(|item| got_told(Ok(item))),
            Ask::Join => self.join(task).then(|| "joined".to_owned()),
        };
        let is_over = told.is_none() && world.is_over(task, limit.unwrap_or(-1));
        let told = told.or_else(|| {
            is_over.then(|| {
                self.gone(task, ask, world);
                match *ask {
                    Ask::PutIn(item, _) => put_told(Err((QueueError::Full, item))),
                    _ => got_told(Err(QueueError::Empty)),
                }
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
