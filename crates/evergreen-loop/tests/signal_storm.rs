//! Ten thousand signals, mixed, wherever the loop is when they come: F10 of the fault catalogue.
//!
//! The kernel keeps each delivery of a real-time signal, so of those each one counts; of the others
//! it may keep one for several. Each test has a process of its own, for signals are the process's.

#![cfg(target_os = "linux")]

mod common;

use std::process::{Child, Command};
use std::rc::Rc;
use std::{cell::RefCell, collections::BTreeMap};

use common::in_a_process_of_its_own;
use evergreen_loop::EventLoop;

/// Signals of which the kernel keeps every one, and others.
const KEPT: [i32; 2] = [40, 41];
const MERGED: [i32; 2] = [libc::SIGUSR1, libc::SIGUSR2];

/// How often each of the four is sent.
const TIMES: usize = 2_500;

/// Has another process send us all of them, mixed; the last ones of each kind are the real-time
/// signals.
fn storm() -> Child {
    let [a, b] = KEPT;
    let [c, d] = MERGED;
    let script = format!(
        "n=0; while [ $n -lt {TIMES} ]; do kill -{c} $PPID; kill -{a} $PPID; kill -{d} $PPID; \
         kill -{b} $PPID; n=$((n+1)); done"
    );
    Command::new("sh").args(["-c", &script]).spawn().expect("a shell")
}

/// Which handlers were called, in order, for each signal.
#[derive(Clone, Default)]
struct Calls(Rc<RefCell<BTreeMap<i32, Vec<u8>>>>);

impl Calls {
    fn add(&self, event_loop: &EventLoop, signum: i32, number: u8) {
        let calls = self.clone();
        let handler = move || calls.0.borrow_mut().entry(signum).or_default().push(number);
        drop(event_loop.add_signal_handler(signum, handler).expect("a handler"));
    }

    /// Two handlers for each of the four.
    fn of_two(event_loop: &EventLoop) -> Self {
        let calls = Self::default();
        for signum in KEPT.into_iter().chain(MERGED) {
            calls.add(event_loop, signum, 1);
            calls.add(event_loop, signum, 2);
        }
        calls
    }

    fn of(&self, signum: i32) -> Vec<u8> {
        self.0.borrow().get(&signum).cloned().unwrap_or_default()
    }

    fn count(&self, signum: i32) -> usize {
        self.0.borrow().get(&signum).map_or(0, Vec::len)
    }

    fn have_all_kept(&self) -> bool {
        KEPT.iter().all(|&signum| self.count(signum) >= 2 * TIMES)
    }

    /// Every real-time signal called both handlers, in order; of the others at least one did, and
    /// no more than were sent.
    fn check(&self) {
        for signum in KEPT {
            assert!(self.of(signum) == [1, 2].repeat(TIMES), "{}", self.count(signum));
        }
        for signum in MERGED {
            let calls = self.of(signum);
            assert!(calls == [1, 2].repeat(calls.len() / 2), "out of order");
            assert!((2..=2 * TIMES).contains(&calls.len()), "{}", calls.len());
        }
    }
}

/// Runs the loop until all real-time signals have called.
fn run_until_all_came(event_loop: &EventLoop, calls: &Calls) {
    let _token = event_loop.keep_alive();
    while !calls.have_all_kept() {
        event_loop.turn(None).expect("a turn");
    }
}

/// Runs what has come and is not handled yet.
fn turn_out(event_loop: &EventLoop) {
    while event_loop.next_deadline().is_some() {
        common::turn(event_loop);
    }
}

/// Whether the kernel has the signal in this list of the process.
fn is_listed(list: &str, signum: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix(list)).expect("a list");
    // In hexadecimal, a bit for each signal.
    let bits = u64::from_str_radix(line.trim(), 16).expect("a number");
    bits & (1 << (signum - 1)) != 0
}

fn is_ignored(signum: i32) -> bool {
    is_listed("SigIgn:", signum)
}

fn is_caught(signum: i32) -> bool {
    is_listed("SigCgt:", signum)
}

fn succeeds(test: &str, body: impl FnOnce()) {
    let Some(output) = in_a_process_of_its_own(test, body) else { return };
    assert!(output.status.success(), "{:?} {}", output.status, text(&output.stderr));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

// F10, EV-SIG-02, EV-SIG-08, EV-SIG-09
#[test]
fn of_ten_thousand_signals_while_the_loop_polls_none_is_lost() {
    succeeds("of_ten_thousand_signals_while_the_loop_polls_none_is_lost", || {
        let event_loop = EventLoop::new().unwrap();
        let calls = Calls::of_two(&event_loop);
        let mut storm = storm();
        run_until_all_came(&event_loop, &calls);
        assert!(storm.wait().unwrap().success());
        turn_out(&event_loop);
        calls.check();
        event_loop.destroy().unwrap();
        assert!(!KEPT.into_iter().chain(MERGED).any(is_caught));
    });
}

// F10, EV-SIG-02
#[test]
fn of_ten_thousand_signals_while_a_callback_runs_none_is_lost() {
    succeeds("of_ten_thousand_signals_while_a_callback_runs_none_is_lost", || {
        let event_loop = EventLoop::new().unwrap();
        let calls = Calls::of_two(&event_loop);
        let during = calls.clone();
        event_loop.call_soon(move || {
            assert!(storm().wait().expect("a shell").success());
            assert!(during.0.borrow().is_empty(), "a handler ran inside a callback");
        });
        run_until_all_came(&event_loop, &calls);
        turn_out(&event_loop);
        calls.check();
        event_loop.destroy().unwrap();
        assert!(!KEPT.into_iter().chain(MERGED).any(is_caught));
    });
}

// F10, EV-SIG-03, EV-SIG-04: handlers come and go meanwhile; one stays and hears of all.
#[test]
fn of_ten_thousand_signals_while_handlers_are_removed_none_is_lost_to_the_others() {
    let name = "of_ten_thousand_signals_while_handlers_are_removed_none_is_lost_to_the_others";
    succeeds(name, || {
        let event_loop = EventLoop::new().unwrap();
        let calls = Calls::of_two(&event_loop);
        let mut storm = storm();
        let _token = event_loop.keep_alive();
        while !calls.have_all_kept() {
            let added = KEPT.map(|signum| event_loop.add_signal_handler(signum, || ()));
            event_loop.turn(None).unwrap();
            added.into_iter().for_each(|handler| handler.unwrap().cancel());
        }
        assert!(storm.wait().unwrap().success());
        turn_out(&event_loop);
        calls.check();
        event_loop.destroy().unwrap();
        assert!(!KEPT.into_iter().chain(MERGED).any(is_caught));
    });
}

// F10, EV-SIG-09, R-6: the last handler goes and another comes, while signals come that would end
// the process if they were not ignored in between, as they were before.
#[test]
fn of_ten_thousand_signals_while_the_last_handler_goes_none_ends_the_process() {
    const IGNORING: &str = "EVERGREEN_IGNORES_SIGNALS";
    let name = "of_ten_thousand_signals_while_the_last_handler_goes_none_ends_the_process";
    let all = || KEPT.into_iter().chain(MERGED);
    if std::env::var_os(IGNORING).is_some() {
        assert!(all().all(is_ignored));
        let mut storm = storm();
        let mut cycles = 0;
        while storm.try_wait().unwrap().is_none() || cycles < 100 {
            let event_loop = EventLoop::new().unwrap();
            let calls = Calls::of_two(&event_loop);
            common::turn(&event_loop);
            event_loop.remove_signal_handler(KEPT[0]).unwrap();
            event_loop.destroy().unwrap();
            assert!(all().all(is_ignored));
            assert!(all().all(|signum| calls.count(signum) % 2 == 0), "half a delivery");
            cycles += 1;
        }
        return;
    }
    let [a, b] = KEPT;
    let script = format!("trap '' USR1 USR2 {a} {b}; exec \"$0\" \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(IGNORING, "1")
        .output()
        .unwrap();
    let passed = text(&output.stdout).contains("1 passed");
    assert!(output.status.success() && passed, "{:?} {}", output.status, text(&output.stderr));
}
