//! One value, once, from one task to another.
//!
//! ```
//! use evergreen_sync::oneshot;
//! use evergreen_task::spawn;
//!
//! # let event_loop = evergreen_loop::EventLoop::new()?;
//! # event_loop.block_on(async {
//! let (sender, receiver) = oneshot::channel();
//! let _task = spawn(async move { sender.send(6 * 7) });
//! assert_eq!(receiver.await, Ok(42));
//! # });
//! # Ok::<(), evergreen_loop::LoopError>(())
//! ```
//!
//! The counterpart of tokio's `oneshot`, without atomics.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::wait::wake;

/// Both ends of a channel for one value.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Rc::new(Shared {
        value: Cell::new(None),
        is_open: Cell::new(true),
        receiver: Cell::new(None),
        sender: Cell::new(None),
    });
    (Sender(Rc::clone(&shared)), Receiver(shared))
}

struct Shared<T> {
    /// Set only while it is open.
    value: Cell<Option<T>>,
    /// Until there is a value, or an end is gone.
    is_open: Cell<bool>,
    receiver: Cell<Option<Waker>>,
    sender: Cell<Option<Waker>>,
}

impl<T> Shared<T> {
    /// Wakes those who wait for an end, or a value.
    fn close(&self) {
        self.is_open.set(false);
        let waiting = [self.receiver.take(), self.sender.take()];
        waiting.into_iter().flatten().for_each(wake);
    }
}

/// Sends the value. Dropped without, it lets the receiver know.
pub struct Sender<T>(Rc<Shared<T>>);

impl<T> Sender<T> {
    /// Sends the value; it does not suspend.
    ///
    /// # Errors
    ///
    /// The value, if the receiver is gone or closed.
    pub fn send(self, value: T) -> Result<(), T> {
        if self.is_closed() {
            return Err(value);
        }
        self.0.value.set(Some(value));
        Ok(())
    }

    /// Whether the receiver is gone or closed.
    pub fn is_closed(&self) -> bool {
        !self.0.is_open.get()
    }

    /// Waits until the receiver is gone or closed: whoever makes the value may stop then.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost.
    pub async fn closed(&mut self) {
        poll_fn(|cx| note(&self.0, &self.0.sender, cx)).await;
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        drop(self.0.sender.take());
        self.0.close();
    }
}

/// Gives the value that was sent, or tells that none will be.
///
/// # Kill safety
///
/// `&mut receiver` may stand in a `select!` branch. A value that nobody takes any more is dropped with
/// the receiver.
#[must_use = "a receiver does nothing unless it is awaited"]
pub struct Receiver<T>(Rc<Shared<T>>);

impl<T> Receiver<T> {
    /// The value, if it was sent.
    ///
    /// # Errors
    ///
    /// [`TryRecvError`].
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let none = if self.0.is_open.get() { TryRecvError::Empty } else { TryRecvError::Closed };
        self.0.value.take().ok_or(none)
    }

    /// Wants no value any more. One that was sent before is still there.
    pub fn close(&mut self) {
        self.0.close();
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        note(&self.0, &self.0.receiver, cx).map(|()| self.0.value.take().ok_or(RecvError))
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        drop(self.0.receiver.take());
        self.0.close();
    }
}

/// Ready when the channel is closed; else that one is woken then.
fn note<T>(shared: &Shared<T>, place: &Cell<Option<Waker>>, cx: &Context<'_>) -> Poll<()> {
    if !shared.is_open.get() {
        return Poll::Ready(());
    }
    drop(place.replace(Some(cx.waker().clone())));
    Poll::Pending
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("is_closed", &self.is_closed()).finish()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("is_closed", &!self.0.is_open.get()).finish()
    }
}

/// The sender is gone, and has sent nothing; or the value was taken before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no value comes: the sender is gone, or the value was taken before")
    }
}

impl Error for RecvError {}

/// Why there is no value now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryRecvError {
    /// It was not sent yet: await the receiver.
    Empty,
    /// The sender is gone, and has sent nothing; or the value was taken before.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no value was sent yet: await the receiver"),
            Self::Closed => RecvError.fmt(f),
        }
    }
}

impl Error for TryRecvError {}
