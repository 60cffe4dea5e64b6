//! What `#[evergreen::test]` runs its body with, when it has options.

use std::panic::Location;
use std::pin::pin;
use std::time::Duration;

use crate::clock::{Clock, LoopTime, MonotonicClock};
use crate::core::{Core, Phase};
use crate::current;
use crate::deadlock::{OnDeadlock, TaskDump};
use crate::entry_points::Temporary;
use crate::error::RunError;
use crate::event_loop::EventLoop;
use crate::main_future::MainFuture;
use crate::turn::turn;

/// The run of one test.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestRun {
    virtual_time: bool,
    timeout: Option<Duration>,
}

impl TestRun {
    /// A test in real time, without a limit.
    pub const fn new() -> Self {
        Self { virtual_time: false, timeout: None }
    }

    /// Runs it in virtual time, on a loop of its own.
    #[must_use]
    pub const fn virtual_time(mut self) -> Self {
        self.virtual_time = true;
        self
    }

    /// Lets it fail after so much time of the system's clock.
    #[must_use]
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Runs the test to its end.
    ///
    /// # Panics
    ///
    /// As [`block_on`](crate::block_on); if the limit passes; if time is to be virtual on a thread
    /// that has a loop.
    #[track_caller]
    pub fn run<F: Future>(self, future: F) -> F::Output {
        // The future is dropped first, while its loop is still there; then the loop is destroyed.
        let temporary;
        let event_loop = match current::core() {
            Some(_) if self.virtual_time => {
                panic!("this thread has an event loop: a test in virtual time makes its own")
            },
            Some(core) => EventLoop::from_core(core),
            None => {
                temporary = Temporary(self.new_loop());
                temporary.0.clone()
            },
        };
        let place = Location::caller();
        match run_within(&event_loop, Patience::of(self.timeout), future, place) {
            Ok(output) => output,
            Err(Failure::Run(error)) => panic!("the test was not run to its end: {error}"),
            Err(Failure::TimedOut(text)) => panic!("{text}"),
        }
    }

    fn new_loop(self) -> EventLoop {
        let builder = EventLoop::builder();
        let builder = if self.virtual_time { builder.virtual_time() } else { builder };
        builder.build().unwrap_or_else(|error| panic!("no event loop for the test: {error}"))
    }
}

enum Failure {
    Run(RunError),
    TimedOut(String),
}

impl<E: Into<RunError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Run(error.into())
    }
}

/// How long a test is waited for, by the system's clock whatever the loop's is.
struct Patience {
    clock: MonotonicClock,
    began: LoopTime,
    limit: Option<Duration>,
}

impl Patience {
    fn of(limit: Option<Duration>) -> Self {
        let clock = MonotonicClock::new();
        Self { clock, began: clock.now(), limit }
    }

    /// What is left of it, `None` being no limit. An error gives the limit that has passed.
    fn left(&self) -> Result<Option<Duration>, Duration> {
        let Some(limit) = self.limit else { return Ok(None) };
        match limit.saturating_sub(self.clock.now() - self.began) {
            Duration::ZERO => Err(limit),
            left => Ok(Some(left)),
        }
    }
}

/// As [`EventLoop::run_until`], looking at the system's clock once a turn. A task that does not
/// return cannot be stopped by it.
fn run_within<F: Future>(
    event_loop: &EventLoop,
    patience: Patience,
    future: F,
    place: &'static Location<'static>,
) -> Result<F::Output, Failure> {
    let core = event_loop.core();
    let running = core.enter(Phase::Idle)?;
    let future = pin!(future);
    let mut main = MainFuture::queue(core, future, place);
    let mut on_deadlock = OnDeadlock::of_block_on();
    while main.output.is_none() && !core.is_stopped() {
        on_deadlock.check(core, main.place)?;
        let left = patience.left().map_err(|limit| Failure::TimedOut(timed_out(core, limit)))?;
        turn(core, left, false, &mut |wait| main.poll(wait))?;
    }
    let stopped = core.is_stopping();
    drop(running);
    event_loop.finish(stopped)?;
    main.output.ok_or(Failure::Run(RunError::Stopped))
}

/// What is said of a test that did not end in time; all that it consists of is still there.
fn timed_out(core: &Core, limit: Duration) -> String {
    let mut text = format!("the test did not end within {limit:?} of wall time");
    if core.virtual_time().is_some() && core.is_frozen() {
        text.push_str("; its virtual time is frozen by a blocking job, KeepAlive or freeze");
    }
    for line in TaskDump(core).to_string().lines() {
        text.push_str("\n  ");
        text.push_str(line);
    }
    text
}
