//! `select!`, `join!`, `try_join!` and `pin!` as a program uses them that forbids unsafe code.
#![forbid(unsafe_code)]
// For 64 branches, when they are optimised.
#![recursion_limit = "256"]

mod grammar;
mod join;
mod limits;
mod order;
mod try_join;

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use evergreen::EventLoop;

/// Runs a future on a loop of its own.
fn run<F: Future>(future: F) -> F::Output {
    let event_loop = EventLoop::new().expect("a loop");
    let output = event_loop.block_on(future);
    event_loop.destroy().expect("it does not run");
    output
}

/// Words in the order in which they were noted.
#[derive(Clone, Default)]
struct Trace(Rc<RefCell<Vec<String>>>);

impl Trace {
    fn note(&self, word: impl Into<String>) {
        self.0.borrow_mut().push(word.into());
    }

    fn take(&self) -> Vec<String> {
        self.0.take()
    }

    /// Notes its first poll, its later ones and its drop; ready at the poll of that number.
    fn branch(&self, name: &'static str, ready_at: u32) -> impl Future<Output = &'static str> {
        let dropped = self.on_drop(name);
        let trace = self.clone();
        let mut polls = 0;
        poll_fn(move |cx| {
            let _owned = &dropped;
            trace.note(format!("poll {name}"));
            polls += 1;
            if polls == ready_at {
                return Poll::Ready(name);
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    }

    fn on_drop(&self, name: &'static str) -> OnDrop {
        OnDrop(self.clone(), name)
    }
}

/// Notes its drop.
struct OnDrop(Trace, &'static str);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.note(format!("drop {}", self.1));
    }
}

/// Ready at its second poll.
fn soon() -> impl Future<Output = ()> {
    evergreen::yield_now()
}
