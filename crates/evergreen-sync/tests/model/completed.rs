//! `wait` and `as_completed`: rows EV-FUT-27 to -31.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use evergreen_sync::futures::{Job, Promise, WaitFor, as_completed_timeout, promise, wait_timeout};
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

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    Done,
    Failed,
    Cancelled,
}

/// What a task has seen.
struct Watching {
    /// Those that are done and that it has not looked at yet.
    done: Vec<usize>,
    open: Vec<usize>,
    deadline: Option<u64>,
}

#[derive(Default)]
struct Plain {
    states: [State; JOBS],
    has_no_promise: [bool; JOBS],
    watching: HashMap<usize, Watching>,
    /// The order in which they have begun.
    order: Vec<usize>,
}

impl Plain {
    fn watch(&mut self, task: usize, jobs: &[usize], deadline: Option<u64>) {
        let mut jobs = jobs.to_vec();
        let mut known = Vec::new();
        jobs.retain(|&job| {
            !known.contains(&job) && {
                known.push(job);
                true
            }
        });
        let (open, done) = jobs.iter().partition(|&&job| self.states[job] == State::Open);
        self.watching.insert(task, Watching { done, open, deadline });
        self.order.push(task);
    }

    fn tell(&mut self, job: usize, world: &mut World) {
        for task in &self.order {
            let Some(watching) = self.watching.get_mut(task) else { continue };
            if let Some(place) = watching.open.iter().position(|&other| other == job) {
                watching.done.push(watching.open.remove(place));
                world.wake(*task);
            }
        }
    }

    fn end(&mut self, job: usize, state: State, world: &mut World) -> bool {
        let has_promise = !std::mem::replace(&mut self.has_no_promise[job], true);
        let was_open = self.states[job] == State::Open;
        if has_promise && was_open {
            self.states[job] = state;
        }
        if has_promise {
            self.tell(job, world);
        }
        has_promise && was_open
    }

    /// Looks at what is done until that is enough. True if it is.
    fn is_met(&mut self, task: usize, until: Until) -> bool {
        let watching = self.watching.get_mut(&task).expect("it has begun");
        while !watching.done.is_empty() {
            let job = watching.done.remove(0);
            match until {
                Until::First => return true,
                Until::Failed if self.states[job] == State::Failed => return true,
                Until::Failed | Until::All => {},
            }
        }
        watching.open.is_empty()
    }

    fn sets(&self, jobs: &[usize]) -> String {
        let mut sets = (Vec::new(), Vec::new());
        for &job in jobs {
            let set = if self.states[job] == State::Open { &mut sets.1 } else { &mut sets.0 };
            if !set.contains(&job) {
                set.push(job);
            }
        }
        format!("{sets:?}")
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
        if !self.watching.contains_key(&task) {
            self.watch(task, jobs, world.deadline(*limit));
        }
        if let Ask::Wait(jobs, until, _) = ask {
            let has_ended = self.is_met(task, *until) || world.is_over(task, *limit);
            if has_ended {
                self.gone(task, ask, world);
                world.note(task, self.sets(jobs));
            }
            return has_ended;
        }
        let watching = self.watching.get_mut(&task).expect("it has begun");
        for job in watching.done.drain(..) {
            world.note(task, job);
            // The next wait is a new one, to the same moment.
            world.unlimit(task);
        }
        let unfinished = watching.open.len();
        if unfinished > 0 && !world.is_over_at(task, watching.deadline) {
            return false;
        }
        self.gone(task, ask, world);
        if unfinished > 0 {
            let mut jobs = jobs.clone();
            jobs.sort_unstable();
            jobs.dedup();
            world.note(task, format!("{unfinished} of {}", jobs.len()));
        }
        true
    }

    fn gone(&mut self, task: usize, _: &Ask, _: &mut World) {
        self.watching.remove(&task);
        self.order.retain(|&other| other != task);
    }

    fn plain_call(&mut self, call: &Call, world: &mut World) -> String {
        let answer = match *call {
            Call::Finish(job) => self.end(job, State::Done, world),
            Call::Fail(job) => self.end(job, State::Failed, world),
            Call::Drop(job) => {
                self.end(job, State::Cancelled, world);
                true
            },
            Call::Cancel(job) => {
                if self.states[job] == State::Open {
                    self.states[job] = State::Cancelled;
                }
                self.states[job] == State::Cancelled
            },
        };
        answer.to_string()
    }

    fn plain_look(&self) -> String {
        format!("{:?}", self.states.map(|state| state != State::Open))
    }
}

#[test]
fn wait_and_as_completed() {
    agree::<Plain>("wait and as_completed");
}
