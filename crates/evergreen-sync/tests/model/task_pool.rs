//! `TaskPoolExecutor` and `map`: rows EV-FUT-13 to -21.

mod plain;

use std::cell::RefCell;
use std::rc::Rc;

use evergreen_sync::futures::{Job, JobError, TaskPoolExecutor};
use evergreen_task::{sleep, timeout};
use plain::{Plain, State};
use proptest::prelude::*;

use crate::actors::Notes;
use crate::common::poll_once;
use crate::play::agree;
use crate::subject::{Acting, Subject};
use crate::world::World;

#[derive(Clone, Debug)]
enum Ask {
    /// Calls of so many seconds each, with a limit for all.
    Map(Vec<i8>, i8),
    /// Shuts it down, and waits with a limit.
    Shutdown(i8),
}

#[derive(Clone, Debug)]
enum Call {
    /// A call of so many seconds.
    Submit(i8),
    /// The call that was submitted so many before the last.
    Cancel(usize),
    Shutdown,
}

struct Real {
    pool: TaskPoolExecutor,
    submitted: RefCell<Vec<Job<i8>>>,
}

async fn work(seconds: i8) -> i8 {
    sleep(f64::from(seconds)).await;
    seconds
}

/// The number of what lies so many before the last.
fn before_last(all: usize, back: usize) -> Option<usize> {
    (all > 0).then(|| all - 1 - back % all)
}

impl Subject for Plain {
    /// How many workers there may be.
    type Setup = usize;
    type Ask = Ask;
    type Call = Call;
    type Real = Real;

    fn setups() -> BoxedStrategy<usize> {
        (1..4_usize).boxed()
    }

    fn asks() -> BoxedStrategy<Ask> {
        let calls = prop::collection::vec(0..4_i8, 0..5);
        prop_oneof![
            6 => (calls, -1..6_i8).prop_map(|(calls, limit)| Ask::Map(calls, limit)),
            1 => (-1..4_i8).prop_map(Ask::Shutdown),
        ]
        .boxed()
    }

    fn calls() -> BoxedStrategy<Call> {
        prop_oneof![
            12 => (0..4_i8).prop_map(Call::Submit),
            8 => (0..4_usize).prop_map(Call::Cancel),
            1 => Just(Call::Shutdown),
        ]
        .boxed()
    }

    fn real(&workers: &usize) -> Real {
        let pool = TaskPoolExecutor::new(workers).expect("some");
        Real { pool, submitted: RefCell::default() }
    }

    fn act(real: Rc<Real>, ask: Ask, notes: Notes) -> Acting {
        Box::pin(async move {
            match ask {
                Ask::Map(calls, limit) => {
                    let Ok(mut results) = real.pool.map_timeout(calls, work, f64::from(limit))
                    else {
                        return notes.note("refused");
                    };
                    while let Some(result) = results.next().await {
                        notes.note(match result {
                            Ok(seconds) => seconds.to_string(),
                            Err(JobError::TimedOut) => "late".to_owned(),
                            Err(error) => error.to_string(),
                        });
                    }
                },
                Ask::Shutdown(limit) => {
                    let shut = timeout(f64::from(limit), real.pool.shutdown(true)).await;
                    notes.note(if shut.is_ok() { "over" } else { "late" });
                },
            }
        })
    }

    fn call(real: &Rc<Real>, call: Call) -> String {
        let mut submitted = real.submitted.borrow_mut();
        match call {
            Call::Submit(seconds) => match real.pool.submit(move || work(seconds)) {
                Ok(job) => {
                    submitted.push(job);
                    "submitted".to_owned()
                },
                Err(_) => "refused".to_owned(),
            },
            Call::Cancel(back) => before_last(submitted.len(), back)
                .map_or("none".to_owned(), |number| submitted[number].cancel().to_string()),
            Call::Shutdown => {
                let is_done = poll_once(&mut Box::pin(real.pool.shutdown(false))).is_ready();
                is_done.to_string()
            },
        }
    }

    fn look(real: &Real) -> String {
        let states = real.submitted.borrow();
        let states = states.iter().map(|job| (job.is_done(), job.is_running(), job.is_cancelled()));
        format!("{:?} {:?}", real.pool, states.collect::<Vec<_>>())
    }

    fn plain(&workers: &usize) -> Self {
        Self::new(workers)
    }

    fn turn(&mut self, task: usize, ask: &Ask, world: &mut World) -> bool {
        match ask {
            Ask::Map(calls, limit) => self.map(task, calls, *limit, world),
            Ask::Shutdown(limit) => {
                let told = match self.wait_for_end(task) {
                    true => "over",
                    false if world.is_over(task, *limit) => "late",
                    false => return false,
                };
                self.gone(task, ask, world);
                world.note(task, told);
                true
            },
        }
    }

    fn own_turn(&mut self, task: usize, world: &mut World) {
        self.work(task, world);
    }

    fn gone(&mut self, task: usize, _: &Ask, _: &mut World) {
        self.leave(task);
    }

    fn plain_call(&mut self, call: &Call, world: &mut World) -> String {
        match *call {
            Call::Submit(seconds) => match self.submit(seconds, world) {
                Some(job) => {
                    self.submitted.push(job);
                    "submitted".to_owned()
                },
                None => "refused".to_owned(),
            },
            Call::Cancel(back) => before_last(self.submitted.len(), back)
                .map_or("none".to_owned(), |number| {
                    self.cancel(self.submitted[number]).to_string()
                }),
            Call::Shutdown => {
                self.shut(world);
                "true".to_owned()
            },
        }
    }

    fn plain_look(&self) -> String {
        let states = self.submitted.iter().map(|&job| match self.state(job) {
            State::Waits => (false, false, false),
            State::Runs => (false, true, false),
            State::Cancelled => (true, false, true),
            State::Done => (true, false, false),
        });
        format!("{} {:?}", self.look(), states.collect::<Vec<_>>())
    }
}

#[test]
fn task_pool() {
    agree::<Plain>("TaskPoolExecutor");
}
