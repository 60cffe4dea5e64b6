//! Waiting for ctrl-c. Alone in its file, and one test: signals belong to the process.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Duration;

use common::TestLoop;
use evergreen_io::signal::ctrl_c;
use evergreen_task::{spawn, timeout, yield_now};
use rustix::process::{Signal, getpid, kill_process};

fn interrupt() {
    kill_process(getpid(), Signal::INT).unwrap();
}

//
#[test]
fn ctrl_c_is_waited_for_by_any_number_and_given_back() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let waiters = [spawn(ctrl_c()), spawn(ctrl_c())];
        let killed = spawn(ctrl_c());
        yield_now().await;
        killed.kill();
        assert!(killed.await.unwrap_err().is_exit());
        interrupt();
        for waiter in waiters {
            waiter.await.unwrap().unwrap();
        }
        // Add, remove, add, deliver.
        assert!(timeout(0.001, ctrl_c()).await.is_err());
        let again = spawn(ctrl_c());
        yield_now().await;
        interrupt();
        again.await.unwrap().unwrap();
    });

    // Waiting does not keep the loop alive.
    spawn(ctrl_c());
    let report = event_loop.run().unwrap();
    assert_eq!((report.parked_tasks, report.stopped), (1, false));
    drop(event_loop);

    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let waiter = spawn(ctrl_c());
        // One that comes before anybody polls again is not lost.
        yield_now().await;
        interrupt();
        event_loop.call_soon(|| ());
        assert!(timeout(Duration::from_secs(60), waiter).await.unwrap().is_ok());
    });
    wait_on_another_thread(&event_loop);
    drop(event_loop);

    // A process that nobody waits in does again with the signal what it did before.
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ends_by_the_signal", "--ignored"])
        .output()
        .unwrap();
    let (signal, code) = (child.status.signal(), child.status.code());
    assert_eq!((signal, code), if is_ignored() { (None, Some(3)) } else { (Some(2), None) });
}

//
fn wait_on_another_thread(event_loop: &TestLoop) {
    let mut waits = [Box::pin(ctrl_c()), Box::pin(ctrl_c())];
    let [wait, dropped] = event_loop.block_on(async {
        for wait in &mut waits {
            assert!(futures_lite::future::poll_once(&mut *wait).await.is_none());
        }
        waits
    });
    common::beside(event_loop, move || {
        drop(dropped);
        interrupt();
        futures_lite::future::block_on(wait).unwrap();
    });
    // Neither has left its handler behind.
    assert!(!event_loop.remove_signal_handler(Signal::INT.as_raw()).unwrap());
}

/// As shells have it in what they run in the background.
fn is_ignored() -> bool {
    Command::new("sh").args(["-c", "kill -INT $$"]).status().unwrap().success()
}

/// Run by the other test, in a process of its own.
#[test]
#[ignore = "ends the process"]
fn ends_by_the_signal() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        assert!(timeout(0.001, ctrl_c()).await.is_err());
        interrupt();
        // The signal's disposition was restored: this is not reached, unless it is to be ignored.
        std::process::exit(3);
    });
}
