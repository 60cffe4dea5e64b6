//! `Job` and `Promise`: rows EV-FUT-01 to -12, R-13.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use evergreen_sync::futures::{Job, JobError, Promise, promise};
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Pending,
    Running,
    Cancelled,
    Returned,
    Failed,
}

/// An outcome, or why there is none, as it is told.
type Outcome = String;

struct Plain {
    state: State,
    has_promise: bool,
    is_noticed: bool,
    /// Where it lies, if it is nobody's.
    outcome: Option<Outcome>,
    is_used: bool,
    waiting: VecDeque<usize>,
    given: HashMap<usize, Outcome>,
}

const USED: &str = "the job's result was fetched before: it is given out once";
const CANCELLED: &str = "the job was cancelled";
const LATE: &str = "the job was not done in time: it goes on, wait again";

fn told(outcome: Result<u8, JobError>) -> Outcome {
    match outcome {
        Ok(value) => format!("got {value}"),
        Err(error) => error.to_string(),
    }
}

impl Plain {
    fn give(&mut self, outcome: &str, world: &mut World) -> bool {
        let Some(next) = self.waiting.pop_front() else { return false };
        self.given.insert(next, outcome.to_owned());
        world.wake(next);
        true
    }

    fn give_all(&mut self, outcome: &str, world: &mut World) {
        while self.give(outcome, world) {}
    }

    fn hand_over(&mut self, outcome: Outcome, world: &mut World) {
        if !self.give(&outcome, world) {
            self.outcome = Some(outcome);
        }
    }

    fn finish(&mut self, state: State, outcome: Outcome, world: &mut World) -> String {
        if !std::mem::take(&mut self.has_promise) {
            return "gone".to_owned();
        }
        self.is_noticed = true;
        if self.state == State::Cancelled {
            return "refused".to_owned();
        }
        self.state = state;
        self.hand_over(outcome, world);
        "kept".to_owned()
    }

    fn begin(&mut self) -> &'static str {
        match self.state {
            _ if !self.has_promise => "gone",
            State::Pending => {
                self.state = State::Running;
                "true"
            },
            State::Cancelled if !std::mem::replace(&mut self.is_noticed, true) => "false",
            _ => "refused",
        }
    }

    fn cancel(&mut self, world: &mut World) -> bool {
        if self.state == State::Pending {
            self.state = State::Cancelled;
            self.give_all(CANCELLED, world);
        }
        self.state == State::Cancelled
    }

    fn drop_promise(&mut self, world: &mut World) {
        let is_open = matches!(self.state, State::Pending | State::Running);
        if std::mem::take(&mut self.has_promise) && is_open {
            self.state = State::Cancelled;
            self.give_all(CANCELLED, world);
        }
    }

    fn take(&mut self) -> Option<Outcome> {
        match self.state {
            State::Pending | State::Running => None,
            State::Cancelled => Some(CANCELLED.to_owned()),
            _ if self.is_used => Some(USED.to_owned()),
            _ => {
                let outcome = self.outcome.take();
                self.is_used = outcome.is_some();
                outcome
            },
        }
    }

    /// One turn of who gets.
    fn get(&mut self, task: usize, world: &mut World) -> Option<Outcome> {
        if let Some(outcome) = self.given.remove(&task) {
            let is_first =
                self.state != State::Cancelled && !std::mem::replace(&mut self.is_used, true);
            if is_first {
                self.give_all(USED, world);
            }
            return Some(outcome);
        }
        if self.waiting.contains(&task) {
            return None;
        }
        let outcome = self.take();
        if outcome.is_none() {
            self.waiting.push_back(task);
        }
        outcome
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
        Self {
            state: State::Pending,
            has_promise: true,
            is_noticed: false,
            outcome: None,
            is_used: false,
            waiting: VecDeque::new(),
            given: HashMap::new(),
        }
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
        self.waiting.retain(|&other| other != task);
        let Some(outcome) = self.given.remove(&task) else { return };
        if !self.is_used && self.state != State::Cancelled {
            self.hand_over(outcome, world);
        }
    }

    fn plain_call(&mut self, call: &Call, world: &mut World) -> String {
        match call {
            Call::Begin => self.begin().to_owned(),
            Call::Cancel => self.cancel(world).to_string(),
            Call::Result(value) => self.finish(State::Returned, format!("got {value}"), world),
            Call::Error(value) => {
                self.finish(State::Failed, format!("the job failed: {value}"), world)
            },
            Call::Drop => {
                self.drop_promise(world);
                "dropped".to_owned()
            },
            Call::TryGet => self.take().unwrap_or("nothing".to_owned()),
        }
    }

    fn plain_look(&self) -> String {
        let state = match self.state {
            State::Pending => "pending",
            State::Running => "running",
            State::Cancelled => "cancelled",
            State::Returned => "finished",
            State::Failed => "finished, failed",
        };
        format!("Job<u8>({state})")
    }
}

#[test]
fn job() {
    agree::<Plain>("Job");
}
