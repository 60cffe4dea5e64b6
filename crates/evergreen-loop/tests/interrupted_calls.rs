//! A call into the system that a signal falls into.

#![cfg(target_os = "linux")]

mod common;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::channel;
use std::thread;

use common::Trace;
use evergreen_loop::EventLoop;
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::gettid;

/// Whether that thread of this process sleeps in the system.
fn sleeps(thread: Pid) -> bool {
    let file = format!("/proc/self/task/{thread}/stat");
    let stat = std::fs::read_to_string(file).expect("a thread that has not ended");
    stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('S'))
}

// EV-SIG-08
#[test]
fn a_system_call_that_a_signal_interrupts_is_restarted() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.add_signal_handler(libc::SIGXFSZ, trace.noting("signal")).unwrap();
    let (mut ours, mut theirs) = UnixStream::pair().unwrap();
    let (tell, told) = channel();
    let reader = thread::spawn(move || {
        tell.send(gettid()).unwrap();
        theirs.read(&mut [0]).map_err(|error| error.kind())
    });
    let thread = told.recv().unwrap();
    while !sleeps(thread) {
        thread::yield_now();
    }
    // By the number of a thread the system gives it to that one, if it can take it.
    kill_process(thread, Signal::XFSZ).unwrap();
    let _token = event_loop.keep_alive();
    while trace.count("signal") == 0 {
        event_loop.turn(None).unwrap();
    }
    ours.write_all(b"x").unwrap();
    assert_eq!(reader.join().unwrap(), Ok(1));
}
