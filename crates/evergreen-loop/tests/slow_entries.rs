//! The report of entries that hold up the loop. Each in a process of its own, whose standard error
//! is read.

mod common;

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use common::{ManualClock, Trace, deliver, in_a_process_of_its_own, in_a_process_with, printed};
use evergreen_loop::EventLoop;

const SLOW: Duration = Duration::from_millis(100);
const HOUR: Duration = Duration::from_secs(3_600);

/// One entry of each kind, one after the other.
fn one_of_each(threshold: Option<Duration>) {
    let event_loop = EventLoop::builder().slow_entry_threshold(threshold).build().expect("a loop");
    let trace = Trace::new().of_errors(&event_loop);
    let (ours, _theirs) = UnixStream::pair().expect("sockets");
    let watcher = event_loop.check(|| ());
    event_loop.call_soon(|| ());
    event_loop.call_from_thread(|| ()).expect("sent");
    event_loop.turn(None).expect("a turn");
    drop(watcher);
    let writer = event_loop.add_writer(ours.as_raw_fd(), || ()).expect("watched");
    event_loop.turn(None).expect("a turn");
    writer.cancel();
    let signal = event_loop.add_signal_handler(libc::SIGUSR1, || ()).expect("watched");
    deliver(&event_loop, libc::SIGUSR1);
    event_loop.turn(None).expect("a turn");
    signal.cancel();
    event_loop.block_on(async {});
    event_loop.destroy().expect("destroyed");
    assert!(trace.take().is_empty(), "the exception handler was told");
}

/// Where the first line of this file stands that has this text.
fn place_of(code: &str) -> String {
    let line = include_str!("slow_entries.rs").lines().position(|line| line.contains(code));
    format!("tests/slow_entries.rs:{}:", line.expect("a line") + 1)
}

// AIO-DBG-02: kind and place of each, one line each.
#[test]
fn every_kind_of_entry_is_reported_with_its_place() {
    let name = "every_kind_of_entry_is_reported_with_its_place";
    let child = in_a_process_of_its_own(name, || one_of_each(Some(Duration::ZERO)));
    let Some(output) = child else { return };
    let expected = [
        ("evergreen: watcher (made at ", "event_loop.check("),
        ("evergreen: callback (made at ", "event_loop.call_soon("),
        ("evergreen: callback (made at ", "event_loop.call_from_thread("),
        ("evergreen: descriptor watcher (made at ", "event_loop.add_writer("),
        ("evergreen: signal handler (made at ", "event_loop.add_signal_handler("),
        ("evergreen: main future (made at ", "event_loop.block_on("),
    ];
    let printed = printed(&output);
    let reports: Vec<&String> = printed.iter().filter(|line| line.contains("held up")).collect();
    assert_eq!(reports.len(), expected.len(), "{reports:?}");
    for (report, (start, code)) in reports.into_iter().zip(expected) {
        assert!(report.starts_with(start) && report.contains(&place_of(code)), "{report}");
        assert!(report.ends_with(" s"), "{report}");
    }
}

#[test]
fn entries_below_the_threshold_are_not_reported() {
    let name = "entries_below_the_threshold_are_not_reported";
    let child = in_a_process_of_its_own(name, || one_of_each(Some(HOUR)));
    let Some(output) = child else { return };
    assert_eq!(printed(&output), [""; 0]);
}

#[test]
fn nothing_is_reported_with_the_option_off() {
    let name = "nothing_is_reported_with_the_option_off";
    let on = [("EVERGREEN_DEBUG", "1")];
    let Some(output) = in_a_process_with(&on, name, || one_of_each(None)) else { return };
    assert_eq!(printed(&output), [""; 0]);
}

/// The loop's own clock stands still: the time that counts is the real one.
fn sluggish() {
    let event_loop = EventLoop::builder().clock(ManualClock::default()).build().expect("a loop");
    event_loop.call_soon(|| thread::sleep(SLOW));
    event_loop.run().expect("a run");
}

#[test]
fn a_tenth_of_a_second_of_real_time_is_reported_where_debugging_is_on() {
    let name = "a_tenth_of_a_second_of_real_time_is_reported_where_debugging_is_on";
    let on = [("EVERGREEN_DEBUG", "1")];
    let Some(output) = in_a_process_with(&on, name, sluggish) else { return };
    let printed = printed(&output);
    let report = printed.first().expect("a report");
    let (start, length) = report.rsplit_once(" held up the loop for ").expect("what it is");
    assert!(start.starts_with("evergreen: callback (made at "), "{report}");
    let seconds: f64 = length.trim_end_matches(" s").parse().expect("a number of seconds");
    assert!(seconds >= 0.1, "{report}");
}

#[test]
fn nothing_is_reported_where_debugging_is_off() {
    let off = [("EVERGREEN_DEBUG", "0")];
    let name = "nothing_is_reported_where_debugging_is_off";
    let Some(output) = in_a_process_with(&off, name, sluggish) else { return };
    assert_eq!(printed(&output), [""; 0]);
}

// D-6: both reports ask the same switch.
#[test]
fn debug_builds_report_and_release_builds_do_not_unless_they_are_told() {
    let untold = [("EVERGREEN_DEBUG", "")];
    let name = "debug_builds_report_and_release_builds_do_not_unless_they_are_told";
    let Some(output) = in_a_process_with(&untold, name, sluggish) else { return };
    assert_eq!(!printed(&output).is_empty(), cfg!(debug_assertions));
}

// The threshold is the loop's: the next one of the thread has its own.
#[test]
fn a_loop_does_not_leave_its_threshold_to_the_next() {
    let name = "a_loop_does_not_leave_its_threshold_to_the_next";
    let child = in_a_process_of_its_own(name, || {
        let first = EventLoop::builder().slow_entry_threshold(Some(Duration::ZERO)).build();
        first.unwrap().destroy().unwrap();
        one_of_each(None);
    });
    let Some(output) = child else { return };
    assert_eq!(printed(&output), [""; 0]);
}
