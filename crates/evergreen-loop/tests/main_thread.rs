//! The rule of the main thread. A program without a test harness, which would run it elsewhere.

#![allow(clippy::print_stdout, reason = "the place of a test harness is taken")]

use evergreen_loop::{EventLoop, LoopError};

const NAME: &str = "the_main_thread_gets_a_loop_where_other_threads_get_an_error";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        if !arguments.iter().any(|argument| argument == "--ignored") {
            println!("{NAME}: test");
        }
        return;
    }
    the_main_thread_gets_a_loop_where_other_threads_get_an_error();
    println!("test {NAME} ... ok");
}

// EV-LOOP-02, D-1
fn the_main_thread_gets_a_loop_where_other_threads_get_an_error() {
    assert_eq!(EventLoop::try_current(), None);
    let first = EventLoop::current().expect("a loop of the main thread");
    assert_eq!(EventLoop::current().expect("the same"), first);
    first.destroy().expect("destroyed");
    assert_eq!(EventLoop::try_current(), None);
    let second = EventLoop::current().expect("a loop of the main thread");
    assert_ne!(second, first);
    assert!(first.is_closed() && !second.is_closed());
    let elsewhere = std::thread::spawn(|| matches!(EventLoop::current(), Err(LoopError::NoLoop)));
    assert!(elsewhere.join().expect("no panic"));
}
