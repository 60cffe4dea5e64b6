//! What is counted. Each does the same thing over and over, and nothing else.

use evergreen::{EventLoop, LoopTime, Sleep, sleep_until, spawn};
use evergreen_bench::futures::{Letterbox, poll_once};
use std::{process, time::Duration};

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Operation {
    /// A task is started, has its one turn, and is awaited.
    Spawn,
    /// A parked task is woken by another one and has its turn.
    Wake,
    /// A timer is set.
    TimerInsert,
    /// A timer is set and taken back.
    TimerCancel,
}

impl Operation {
    /// Insert stands before cancel, from which it is subtracted.
    pub(crate) const ALL: [Self; 4] =
        [Self::Spawn, Self::Wake, Self::TimerInsert, Self::TimerCancel];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Spawn => "spawn",
            Self::Wake => "wake",
            Self::TimerInsert => "timer_insert",
            Self::TimerCancel => "timer_cancel",
        }
    }

    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }
}

/// Runs an operation `count` times.
pub(crate) fn run(operation: Operation, count: u64) {
    let event_loop = EventLoop::new().expect("a loop");
    event_loop.block_on(async move {
        let task = spawn(async move {
            match operation {
                Operation::Spawn => start_tasks(count).await,
                Operation::Wake => pass_letters(count).await,
                Operation::TimerInsert => {
                    let _timers = insert_timers(count).await;
                    // Before they are dropped.
                    process::exit(0);
                },
                Operation::TimerCancel => drop(insert_timers(count).await),
            }
        });
        task.await.expect("it ends by itself");
    });
}

async fn start_tasks(count: u64) {
    for _ in 0..count / 100 {
        let tasks: [_; 100] = std::array::from_fn(|_| spawn(async {}));
        for task in tasks {
            task.await.expect("it ends by itself");
        }
    }
}

async fn pass_letters(count: u64) {
    let (there, back) = (Letterbox::default(), Letterbox::default());
    let (from_there, to_back) = (there.clone(), back.clone());
    let partner = spawn(async move {
        for _ in 0..count / 2 {
            to_back.post(from_there.collect().await);
        }
    });
    for number in 0..count / 2 {
        there.post(number);
        back.collect().await;
    }
    partner.await.expect("it ends by itself");
}

/// Timers that lie an hour or more ahead, a millisecond apart, in an order that jumps about.
async fn insert_timers(count: u64) -> Vec<Sleep> {
    let hour = LoopTime::from_nanos(0) + Duration::from_secs(3600);
    let mut timers = Vec::with_capacity(usize::try_from(count).expect("64 bits"));
    for number in 0..count {
        // 7919 is a prime, so every millisecond of the range is used once.
        let millis = number * 7919 % count;
        let mut timer = sleep_until(hour + Duration::from_millis(millis));
        poll_once(&mut timer).await;
        timers.push(timer);
    }
    timers
}
