//! Being woken by another thread.

use crate::{
    Figures,
    clock::{OTHER_CORE, Stopwatch, pin},
};
use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{Poll, Waker},
    thread::{self, Thread},
};

/// A task asks a thread, the thread answers by its waker; both sleep in between. The CPU time is
/// that of both.
pub(super) async fn wake(operations: u64) -> Figures {
    let desk = Arc::new(Desk::default());
    let other = thread::spawn({
        let desk = Arc::clone(&desk);
        move || {
            pin(OTHER_CORE);
            (1..=operations).for_each(|number| desk.answer(number));
        }
    });
    let stopwatch = Stopwatch::start();
    for number in 1..=operations {
        desk.ask(number, other.thread()).await;
    }
    let figures = stopwatch.stop(operations);
    other.join().expect("the thread answers and ends");
    figures
}

/// Questions and answers are numbered.
#[derive(Default)]
struct Desk {
    asked: AtomicU64,
    answered: AtomicU64,
    asker: Mutex<Option<Waker>>,
}

impl Desk {
    async fn ask(&self, number: u64, thread: &Thread) {
        let mut asked = false;
        poll_fn(|cx| {
            if self.is_answered(number) {
                return Poll::Ready(());
            }
            *self.asker.lock().expect("never poisoned") = Some(cx.waker().clone());
            if !asked {
                asked = true;
                self.asked.store(number, Ordering::Release);
                thread.unpark();
                return Poll::Pending;
            }
            // The answer may have come before the waker was there.
            if self.is_answered(number) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn is_answered(&self, number: u64) -> bool {
        self.answered.load(Ordering::Acquire) >= number
    }

    fn answer(&self, number: u64) {
        while self.asked.load(Ordering::Acquire) < number {
            thread::park();
        }
        self.answered.store(number, Ordering::Release);
        let asker = self.asker.lock().expect("never poisoned").take();
        if let Some(asker) = asker {
            asker.wake();
        }
    }
}
