//! What is written and not out yet, and the task that sends it.

use std::cell::{Cell, RefCell, RefMut};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};

use evergreen_loop::{ErrorContext, ErrorOrigin, EventLoop, LoopError};
use evergreen_sync::Event;
use evergreen_task::{KillOnDrop, spawn};

use super::MAX_BUFFER;
use super::error::StreamError;

/// What an outbox is filled with.
pub(super) trait Held: Default {
    /// How much of the limit it takes; zero if it is empty.
    fn size(&self) -> usize;

    /// How much of it so many bytes more would take.
    fn size_of(&self, bytes: &[u8]) -> usize;
}

/// Whoever has an outbox, and knows how to send what is in it.
pub(super) trait Sends: 'static {
    type Held: Held;
    /// What it is, for reports.
    const NAME: &str;

    fn outbox(&self) -> &Outbox<Self::Held>;

    /// Sends all that is held.
    fn poll_send_all(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// It could not be sent.
    fn close_unsent(&self);
}

pub(super) struct Outbox<H> {
    held: RefCell<H>,
    limit: Cell<usize>,
    /// How often what was held was lost, and the sender stayed.
    losses: Cell<u64>,
    /// Wakes whoever waits until nothing is held.
    drained: Event,
    /// Sends what is held.
    task: Cell<Option<KillOnDrop<()>>>,
}

impl<H: Held> Outbox<H> {
    pub(super) fn held(&self) -> RefMut<'_, H> {
        self.held.borrow_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.held.borrow().size()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn set_limit(&self, limit: usize) -> Result<(), StreamError> {
        if limit == 0 {
            return Err(StreamError::Zero);
        }
        self.limit.set(limit);
        Ok(())
    }

    /// Whether these may be held as well.
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), StreamError> {
        let (limit, held) = (self.limit.get(), self.held.borrow());
        if held.size() + held.size_of(bytes) >= limit {
            return Err(StreamError::BufferFull { limit });
        }
        Ok(())
    }

    /// Waits until nothing is held; what others add by then is no concern of whoever waits. An error
    /// if it was lost for want of a connection.
    pub(super) async fn flushed(&self) -> Result<(), StreamError> {
        let losses = self.losses.get();
        if !self.is_empty() {
            self.drained.wait().await;
        }
        if self.losses.get() == losses { Ok(()) } else { Err(StreamError::NotConnected) }
    }

    /// There is no connection to send what is held by.
    pub(super) fn lose(&self) {
        self.losses.set(self.losses.get() + 1);
        self.forget();
    }

    pub(super) fn close(&self) {
        self.forget();
        drop(self.task.take());
    }

    fn forget(&self) {
        drop(self.held.take());
        self.tell_drained();
    }

    fn tell_drained(&self) {
        self.drained.set();
        self.drained.clear();
    }
}

/// Has all that is held sent by a task of its own. An error, and the sender is closed, if this thread
/// has no loop any more.
pub(super) fn begin_to_send<S: Sends>(sender: &Rc<S>) -> Result<(), StreamError> {
    if EventLoop::try_current().is_none() {
        sender.close_unsent();
        return Err(io::Error::from(LoopError::NoLoop).into());
    }
    let sending = Sending(Rc::downgrade(sender));
    sender.outbox().task.set(Some(spawn(sending).kill_on_drop()));
    Ok(())
}

/// Does not keep the sender. If it is gone before its end, as by a panic, nobody sends what is held:
/// the sender is closed.
struct Sending<S: Sends>(Weak<S>);

impl<S: Sends> Future for Sending<S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(sender) = self.0.upgrade() {
            ready!(poll_sent(&*sender, cx));
            self.0 = Weak::new();
        }
        Poll::Ready(())
    }
}

impl<S: Sends> Drop for Sending<S> {
    fn drop(&mut self) {
        if let Some(sender) = self.0.upgrade() {
            sender.close_unsent();
        }
    }
}

fn poll_sent<S: Sends>(sender: &S, cx: &mut Context<'_>) -> Poll<()> {
    if let Err(error) = ready!(sender.poll_send_all(cx)) {
        report(S::NAME, &error);
        sender.close_unsent();
    }
    sender.outbox().tell_drained();
    Poll::Ready(())
}

/// Nobody waits for what was written: the loop is told.
fn report(name: &str, error: &io::Error) {
    if let Some(event_loop) = EventLoop::try_current() {
        let message = format!("{name} is closed: what was written could not be sent: {error}");
        event_loop.call_exception_handler(&ErrorContext::new(ErrorOrigin::Stream).saying(message));
    }
}

impl<H: Held> Default for Outbox<H> {
    fn default() -> Self {
        Self {
            held: RefCell::default(),
            limit: Cell::new(MAX_BUFFER),
            losses: Cell::new(0),
            drained: Event::new(),
            task: Cell::new(None),
        }
    }
}
