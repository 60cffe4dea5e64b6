//! `Job` and `Promise`: rows EV-FUT-01 to -12, R-13.

mod plain;

use std::cell::RefCell;
use std::rc::Rc;

use evergreen_sync::futures::{Job, JobError, Promise, promise};
use plain::{LATE, Outcome, Plain, State};
use proptest::prelude::*;

use crate::actors::Notes;
use crate::play::agree;
use crate::subject::{Acting, Subject};
use crate::world::World;

#[derive(Clone, Debug)]
enum Call {
    Begin,
    Cancel,
    Result(u8),
    Error(u8),
    /// The promise is dropped.
    Drop,
    TryGet,
}

struct Both {
    promise: RefCell<Option<Promise<u8>>>,
    job: Job<u8>,
}

fn told(outcome: Result<u8, JobError>) -> Outcome {
    match outcome {
        Ok(value) => format!("got {value}"),
        Err(error) => error.to_string(),
    }
}

impl Subject for Plain {
    type Setup = ();
    /// Gets it, with a limit in seconds or without.
    type Ask = Option<i8>;
    type Call = Call;
    type Real = Both;

    fn setups() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn asks() -> BoxedStrategy<Option<i8>> {
        prop::option::of(-1..4_i8).boxed()
    }

    fn calls() -> BoxedStrategy<Call> {
        prop_oneof![
            3 => Just(Call::Begin),
            1 => Just(Call::Cancel),
            1 => any::<u8>().prop_map(Call::Result),
            1 => any::<u8>().prop_map(Call::Error),
            1 => Just(Call::Drop),
            3 => Just(Call::TryGet),
        ]
        .boxed()
    }

    fn last_calls() -> Vec<Call> {
        vec![Call::TryGet; 2]
    }

    fn real((): &()) -> Both {
        let (promise, job) = promise();
        Both { promise: RefCell::new(Some(promise)), job }
    }

    fn act(real: Rc<Both>, ask: Option<i8>, notes: Notes) -> Acting {
        Box::pin(async move {
            notes.note(told(match ask {
                Some(limit) => real.job.get_timeout(f64::from(limit)).await,
                None => real.job.get().await,
            }));
        })
    }

    fn call(real: &Rc<Both>, call: Call) -> String {
        let kept = |is_kept| if is_kept { "kept" } else { "refused" };
        let answer = match call {
            Call::TryGet => return real.job.try_get().map_or("nothing".to_owned(), told),
            Call::Cancel => return real.job.cancel().to_string(),
            Call::Begin => real.promise.borrow().as_ref().map(|promise| {
                match promise.set_running_or_notify_cancel() {
                    Ok(true) => "true",
                    Ok(false) => "false",
                    Err(_) => "refused",
                }
            }),
            Call::Result(value) => {
                real.promise.take().map(|promise| kept(promise.set_result(value).is_ok()))
            },
            Call::Error(value) => real
                .promise
                .take()
                .map(|promise| kept(promise.set_error(value.to_string()).is_ok())),
            Call::Drop => {
                drop(real.promise.take());
                Some("dropped")
            },
        };
        answer.unwrap_or("gone").to_owned()
    }

    fn look(real: &Both) -> String {
        format!("{:?}", real.job)
    }

    fn plain((): &()) -> Self {
        Self::new()
    }

    fn turn(&mut self, task: usize, ask: &Option<i8>, world: &mut World) -> bool {
        let outcome = self.get(task, world).or_else(|| {
            world.is_over(task, ask.unwrap_or(-1)).then(|| {
                self.gone(task, ask, world);
                LATE.to_owned()
            })
        });
        let has_ended = outcome.is_some();
        outcome.into_iter().for_each(|outcome| world.note(task, outcome));
        has_ended
    }

    fn gone(&mut self, task: usize, _: &Option<i8>, world: &mut World) {
        self.leave(task, world);
    }

    fn plain_call(&mut self, call: &Call, world: &mut World) -> String {
        match call {
            Call::Begin => self.begin().to_owned(),
            Call::Cancel => self.cancel(world).to_string(),
            Call::Result(value) => self.finish(State::Returned, format!("got {value}"), world),
            Call::Error(_) => self.finish(State::Failed, "the job failed".to_owned(), world),
            Call::Drop => {
                self.drop_promise(world);
                "dropped".to_owned()
            },
            Call::TryGet => self.take().unwrap_or("nothing".to_owned()),
        }
    }

    fn plain_look(&self) -> String {
        self.look()
    }
}

#[test]
fn job() {
    agree::<Plain>("Job");
}
