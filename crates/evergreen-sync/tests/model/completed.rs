//! `wait` and `as_completed`: rows EV-FUT-27 to -31.

mod plain;

use std::cell::RefCell;
use std::rc::Rc;

use evergreen_sync::futures::{Job, Promise, WaitFor, as_completed_timeout, promise, wait_timeout};
use plain::{Plain, State};
use proptest::prelude::*;

use crate::actors::Notes;
use crate::play::agree;
use crate::subject::{Acting, Subject};
use crate::world::World;

const JOBS: usize = 4;

#[derive(Clone, Debug)]
enum Ask {
    /// For the jobs of these numbers, with a limit in seconds.
    Wait(Vec<usize>, Until, i8),
    Completed(Vec<usize>, i8),
}

#[derive(Clone, Copy, Debug)]
enum Until {
    First,
    Failed,
    All,
}

#[derive(Clone, Debug)]
enum Call {
    Finish(usize),
    Fail(usize),
    /// Those who wait learn of it when the promise is dropped.
    Cancel(usize),
    Drop(usize),
}

struct Real {
    promises: RefCell<Vec<Option<Promise<()>>>>,
    jobs: Vec<Job<()>>,
}

impl Real {
    fn jobs(&self, numbers: &[usize]) -> Vec<Job<()>> {
        numbers.iter().map(|&number| self.jobs[number].clone()).collect()
    }

    fn numbers(&self, jobs: &[Job<()>]) -> Vec<usize> {
        jobs.iter()
            .map(|job| self.jobs.iter().position(|other| other == job).expect("one"))
            .collect()
    }
}

fn numbers() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..JOBS, 0..6)
}

impl Subject for Plain {
    type Setup = ();
    type Ask = Ask;
    type Call = Call;
    type Real = Real;

    fn setups() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn asks() -> BoxedStrategy<Ask> {
        let until = prop_oneof![Just(Until::First), Just(Until::Failed), Just(Until::All)];
        prop_oneof![
            (numbers(), until, -1..4_i8)
                .prop_map(|(jobs, until, limit)| Ask::Wait(jobs, until, limit)),
            (numbers(), -1..4_i8).prop_map(|(jobs, limit)| Ask::Completed(jobs, limit)),
        ]
        .boxed()
    }

    fn calls() -> BoxedStrategy<Call> {
        prop_oneof![
            2 => (0..JOBS).prop_map(Call::Finish),
            2 => (0..JOBS).prop_map(Call::Fail),
            1 => (0..JOBS).prop_map(Call::Cancel),
            1 => (0..JOBS).prop_map(Call::Drop),
        ]
        .boxed()
    }

    fn real((): &()) -> Real {
        let (promises, jobs) =
            (0..JOBS).map(|_| promise()).map(|(promise, job)| (Some(promise), job)).unzip();
        Real { promises: RefCell::new(promises), jobs }
    }

    fn act(real: Rc<Real>, ask: Ask, notes: Notes) -> Acting {
        Box::pin(async move {
            match ask {
                Ask::Wait(numbers, until, limit) => {
                    let until = match until {
                        Until::First => WaitFor::FirstCompleted,
                        Until::Failed => WaitFor::FirstException,
                        Until::All => WaitFor::AllCompleted,
                    };
                    let jobs = real.jobs(&numbers);
                    let sets = wait_timeout(&jobs, until, f64::from(limit)).await;
                    let sets = (real.numbers(&sets.done), real.numbers(&sets.not_done));
                    notes.note(format!("{sets:?}"));
                },
                Ask::Completed(numbers, limit) => {
                    let mut completed =
                        as_completed_timeout(&real.jobs(&numbers), f64::from(limit));
                    while let Some(job) = completed.next().await {
                        notes.note(match job {
                            Ok(job) => real.numbers(&[job])[0].to_string(),
                            Err(error) => format!("{} of {}", error.unfinished, error.total),
                        });
                    }
                },
            }
        })
    }

    fn call(real: &Rc<Real>, call: Call) -> String {
        let take = |number: usize| real.promises.borrow_mut()[number].take();
        let answer = match call {
            Call::Finish(number) => take(number).is_some_and(|it| it.set_result(()).is_ok()),
            Call::Fail(number) => take(number).is_some_and(|it| it.set_error("failed").is_ok()),
            Call::Cancel(number) => real.jobs[number].cancel(),
            Call::Drop(number) => {
                drop(take(number));
                true
            },
        };
        answer.to_string()
    }

    fn look(real: &Real) -> String {
        format!("{:?}", real.jobs.iter().map(Job::is_done).collect::<Vec<_>>())
    }

    fn plain((): &()) -> Self {
        Self::default()
    }

    fn turn(&mut self, task: usize, ask: &Ask, world: &mut World) -> bool {
        let (Ask::Wait(jobs, _, limit) | Ask::Completed(jobs, limit)) = ask;
        self.watch(task, jobs, world.deadline(*limit));
        match ask {
            Ask::Wait(jobs, until, limit) => self.wait(task, jobs, *until, *limit, world),
            Ask::Completed(jobs, _) => self.next(task, jobs, world),
        }
    }

    fn gone(&mut self, task: usize, _: &Ask, _: &mut World) {
        self.leave(task);
    }

    fn plain_call(&mut self, call: &Call, world: &mut World) -> String {
        let answer = match *call {
            Call::Finish(job) => self.end(job, State::Done, world),
            Call::Fail(job) => self.end(job, State::Failed, world),
            Call::Drop(job) => {
                self.end(job, State::Cancelled, world);
                true
            },
            Call::Cancel(job) => self.cancel(job),
        };
        answer.to_string()
    }

    fn plain_look(&self) -> String {
        self.look()
    }
}

#[test]
fn wait_and_as_completed() {
    agree::<Plain>("wait and as_completed");
}
