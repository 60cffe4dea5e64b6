//! Futures written by hand. They know the waker and nothing else, so every runtime runs the same
//! ones.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    rc::Rc,
    task::{Poll, Waker},
};

/// One trip through the run queue: wakes its own task, and is ready when polled again.
pub async fn yield_once() {
    let mut polled = false;
    poll_fn(|cx| {
        if polled {
            return Poll::Ready(());
        }
        polled = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Polls `future` once, and says whether it was ready.
pub async fn poll_once(future: impl Future<Output = ()>) -> bool {
    let mut future = std::pin::pin!(future);
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
}

/// A place for one number, and for one task that waits for it.
#[derive(Clone, Default)]
pub struct Letterbox(Rc<RefCell<Contents>>);

#[derive(Default)]
struct Contents {
    letter: Option<u64>,
    reader: Option<Waker>,
}

impl Letterbox {
    /// Puts a number in, and wakes who waits for it.
    pub fn post(&self, letter: u64) {
        let mut contents = self.0.borrow_mut();
        contents.letter = Some(letter);
        let reader = contents.reader.take();
        drop(contents);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Takes the number out as soon as there is one.
    pub async fn collect(&self) -> u64 {
        poll_fn(|cx| {
            let mut contents = self.0.borrow_mut();
            match contents.letter.take() {
                Some(letter) => Poll::Ready(letter),
                None => {
                    contents.reader = Some(cx.waker().clone());
                    Poll::Pending
                },
            }
        })
        .await
    }
}
