//! What children do to the life and the time of the loop (D-5, R-7).
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::process::Stdio;
use std::time::{Duration, Instant};

use common::TestLoop;
use evergreen_io::process::Command;
use evergreen_loop::TurnOutcome;
use evergreen_task::{sleep, spawn, timeout};
use futures_lite::AsyncReadExt;

const AN_HOUR: f64 = 3600.0;
/// Only so that a failing test ends.
const LIMIT: Duration = Duration::from_secs(20);

fn both_ways(script: &str) -> [Command; 2] {
    [false, true].map(|by_signal| {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        if by_signal {
            command.watch_by_signal();
        }
        command
    })
}

// D-5
#[test]
fn a_task_that_waits_for_a_child_keeps_the_loop_alive() {
    for mut command in both_ways("read line; exit 7") {
        let event_loop = TestLoop::new();
        let task = spawn(async move { command.spawn().unwrap().wait().await.unwrap() });
        assert_eq!(event_loop.turn(Some(Duration::ZERO)).unwrap(), TurnOutcome::Alive);
        let report = event_loop.run().unwrap();
        assert_eq!((report.parked_tasks, report.stopped), (0, false));
        assert_eq!(event_loop.block_on(task).unwrap().code(), Some(7));
    }
}

// D-5
#[test]
fn a_child_that_nobody_waits_for_does_not_keep_the_loop_alive() {
    for mut command in both_ways("read line") {
        let event_loop = TestLoop::new();
        let mut child = event_loop.block_on(async { command.spawn().unwrap() });
        let stdin = child.stdin.take();
        assert_eq!(event_loop.turn(Some(Duration::ZERO)).unwrap(), TurnOutcome::Idle);
        drop(child);
        assert_eq!(event_loop.turn(Some(Duration::ZERO)).unwrap(), TurnOutcome::Idle);
        assert!(!event_loop.run().unwrap().stopped);
        drop(stdin);
    }
}

// "children freeze virtual time".
#[test]
fn virtual_time_stands_still_while_a_child_runs() {
    for mut command in both_ways("read line; echo done; exit 3") {
        let event_loop = TestLoop::with_virtual_time();
        event_loop.block_on(async {
            let started = event_loop.time();
            let mut child = command.spawn().unwrap();
            let status = timeout(AN_HOUR, child.wait()).await;
            assert_eq!(status.unwrap().unwrap().code(), Some(3));
            assert_eq!(event_loop.time(), started);

            let mut child = command.spawn().unwrap();
            drop(child.stdin.take());
            let (mut stdout, mut word) = (child.stdout.take().unwrap(), String::new());
            timeout(AN_HOUR, stdout.read_to_string(&mut word)).await.unwrap().unwrap();
            assert_eq!((&*word, event_loop.time()), ("done\n", started));

            // Its end is seen though nobody waits; then time moves.
            sleep(AN_HOUR).await;
            assert_eq!(event_loop.time() - started, Duration::from_secs(3600));
            assert_eq!(child.wait().await.unwrap().code(), Some(3));
        });
    }
}

//
#[test]
fn virtual_time_moves_again_when_a_child_was_dropped() {
    for mut command in both_ways("read line") {
        let event_loop = TestLoop::with_virtual_time();
        event_loop.block_on(async {
            let mut child = command.spawn().unwrap();
            let stdin = child.stdin.take();
            drop(child);
            sleep(AN_HOUR).await;
            drop(stdin);
        });
    }
}

// F19: who waits hears of the end of the loop.
#[test]
fn a_child_that_outlives_its_loop_is_still_looked_at() {
    for mut command in both_ways("read line; exit 7") {
        let event_loop = TestLoop::new();
        let mut child = event_loop.block_on(async { command.spawn().unwrap() });
        let stdin = child.stdin.take();
        event_loop.destroy().unwrap();
        assert_eq!(child.try_wait().unwrap(), None);
        assert!(futures_lite::future::block_on(child.wait()).is_err());
        child.start_kill().unwrap();
        drop(stdin);
        let started = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < LIMIT, "it was killed");
            std::thread::yield_now();
        }
    }
}
