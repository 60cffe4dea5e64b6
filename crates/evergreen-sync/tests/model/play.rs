//! Both sides go through a schedule.
#![allow(clippy::print_stdout, reason = "what was counted")]

use std::cell::Cell;

use evergreen_task::{sleep, spawn, yield_now};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestError, TestRunner};

use crate::actors::Actors;
use crate::common::TestLoop;
use crate::schedule::{Schedule, Step, schedules};
use crate::subject::Subject;
use crate::world::{Entry, OWN, World};

/// Draws schedules, and plays each; a failure prints the shortest that fails.
pub(crate) fn agree<S: Subject + 'static>(name: &str) {
    let schedules_wanted = std::env::var("EVERGREEN_SCHEDULES").ok();
    let cases = schedules_wanted.map_or(250, |number| number.parse().expect("a number"));
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let counted = Cell::new((0, 0, 0));
    let run = TestRunner::new(config).run(&(S::setups(), schedules::<S>()), |(setup, schedule)| {
        let (steps, tasks, killed) = counted.get();
        let (now_tasks, now_killed) = play::<S>(setup, &schedule)?;
        counted.set((steps + schedule.len(), tasks + now_tasks, killed + now_killed));
        Ok(())
    });
    match run {
        Ok(()) => {},
        Err(TestError::Fail(why, (setup, schedule))) => {
            panic!("{name}: {why}\nbegins as {setup:?}, and fails at the end of\n{schedule:?}");
        },
        Err(error) => panic!("{name}: {error}"),
    }
    let (steps, tasks, killed) = counted.get();
    println!("{name}: {cases} schedules, {steps} steps, {tasks} tasks, {killed} killed");
}

/// Gives how many tasks there were, and how many were killed.
fn play<S: Subject + 'static>(
    setup: S::Setup,
    schedule: &Schedule<S>,
) -> Result<(usize, usize), TestCaseError> {
    let event_loop = TestLoop::with_virtual_time();
    let schedule = schedule.clone();
    let driver = async move {
        let mut both = Both::<S>::new(&setup);
        for step in &schedule {
            both.step(step).await;
            both.compare()?;
        }
        both.finish().await?;
        let killed = both.world.tasks.iter().filter(|task| task.is_killed).count();
        Ok((both.asks.len(), killed))
    };
    event_loop.block_on(async { spawn(driver).await.expect("neither killed nor panicked") })
}

struct Both<S: Subject> {
    actors: Actors<S>,
    plain: S,
    world: World,
    asks: Vec<S::Ask>,
    /// Those that come later.
    calls: Vec<S::Call>,
}

impl<S: Subject> Both<S> {
    fn new(setup: &S::Setup) -> Self {
        let (actors, plain) = (Actors::new(setup), S::plain(setup));
        Self { actors, plain, world: World::default(), asks: Vec::new(), calls: Vec::new() }
    }

    async fn step(&mut self, step: &Step<S::Ask, S::Call>) {
        match step {
            Step::Start(ask) => {
                self.actors.start(ask);
                self.world.start();
                self.asks.push(ask.clone());
            },
            Step::Call(call) => {
                self.actors.call(call);
                self.plain_call(call);
            },
            Step::CallIn(seconds, call) => {
                self.actors.call_in(*seconds, call);
                self.world.later(*seconds, Entry::Call(self.calls.len()));
                self.calls.push(call.clone());
            },
            Step::Kill(back) => self.kill(*back),
            Step::Wake(back) => {
                let Some(task) = self.task(*back) else { return };
                self.actors.tasks[task].task_ref().wake();
                self.world.wake(task);
            },
            Step::Turn => {
                yield_now().await;
                self.turn_of_driver(0);
            },
            Step::Pass(seconds) => {
                sleep(f64::from(*seconds)).await;
                self.turn_of_driver(*seconds);
            },
        }
    }

    fn kill(&mut self, back: usize) {
        let Some(task) = self.task(back) else { return };
        self.actors.tasks[task].kill();
        self.world.kill(task);
    }

    /// The task so many before the last.
    fn task(&self, back: usize) -> Option<usize> {
        let tasks = self.asks.len();
        (tasks > 0).then(|| tasks - 1 - back % tasks)
    }

    /// What the loop does until the schedule goes on.
    fn turn_of_driver(&mut self, seconds: u8) {
        self.world.later(seconds, Entry::Driver);
        loop {
            match self.world.next() {
                Entry::Driver => return,
                Entry::Call(number) => {
                    self.world.is_in_callback = true;
                    self.plain_call(&self.calls[number].clone());
                    self.world.is_in_callback = false;
                },
                Entry::Kill(task) if self.world.strikes(task) => self.end(task),
                Entry::Kill(_) => {},
                Entry::Turn(task) if task >= OWN => self.plain.own_turn(task, &mut self.world),
                Entry::Turn(task) => self.plain_turn(task),
            }
        }
    }

    fn plain_turn(&mut self, task: usize) {
        if self.world.tasks[task].is_killed {
            return self.end(task);
        }
        self.world.tasks[task].has_begun = true;
        if self.plain.turn(task, &self.asks[task], &mut self.world) {
            self.world.unlimit(task);
            self.world.tasks[task].has_ended = true;
        }
    }

    fn end(&mut self, task: usize) {
        if self.world.tasks[task].has_begun {
            self.plain.gone(task, &self.asks[task], &mut self.world);
        }
        self.world.unlimit(task);
        self.world.tasks[task].has_ended = true;
    }

    fn plain_call(&mut self, call: &S::Call) {
        let answer = self.plain.plain_call(call, &mut self.world);
        self.world.notes.push(answer);
    }

    fn compare(&mut self) -> TestCaseResult {
        prop_assert_eq!(self.actors.told(), std::mem::take(&mut self.world.notes), "what was told");
        prop_assert_eq!(S::look(&self.actors.real), self.plain.plain_look(), "how it looks");
        for (number, (task, known)) in self.actors.tasks.iter().zip(&self.world.tasks).enumerate() {
            prop_assert_eq!(task.is_finished(), known.has_ended, "whether task {} ended", number);
        }
        Ok(())
    }

    /// Everybody has had time; then those who still wait are killed, one by one.
    async fn finish(&mut self) -> TestCaseResult {
        self.step(&Step::Pass(100)).await;
        self.compare()?;
        for back in 0..self.asks.len() {
            self.kill(back);
            self.step(&Step::Turn).await;
            self.compare()?;
        }
        self.step(&Step::Pass(100)).await;
        for call in S::last_calls() {
            self.step(&Step::Call(call)).await;
        }
        self.compare()
    }
}
