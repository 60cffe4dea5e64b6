//! One stream below all classes: what it holds, and how it ends.
//!
//! ```text
//!          set_connected            the peer's end is told
//!   New --------------------> Open ------------------------> Ended --- all is written ---+
//!    |                         |                               |                         |
//!    +------- close -----------+------- close, an error -------+------------------------ +--> Closed
//! ```
//!
//! `Ended` is closed to its users; only what was written before still goes out (R-12).

mod read;
mod write;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::task::{Poll, Waker};

use evergreen_loop::build::Interest;
use evergreen_sync::Event;
use evergreen_sync::locks::Lock;
use evergreen_task::spawn;

use super::buffer::ReadBuffer;
use super::endpoint::Endpoint;
use super::error::StreamError;
use super::outbox::{Outbox, begin_to_send};
use super::unsent::Unsent;

/// What all streams are made of; a clone is another handle of the same.
///
/// A stream of your own has one, gives it its [`Endpoint`] by
/// [`set_connected`](StreamCore::set_connected), and shows it by
/// [`BaseStream::stream_core`](super::BaseStream::stream_core).
#[derive(Clone, Default)]
pub struct StreamCore(Rc<Inner>);

#[derive(Default)]
struct Inner {
    phase: Cell<Phase>,
    endpoint: RefCell<Option<Rc<dyn Endpoint>>>,
    /// Where that can go, once it is known.
    interest: Cell<Option<Interest>>,
    input: RefCell<ReadBuffer>,
    /// What is written and not out yet.
    output: Outbox<Unsent>,
    is_shut: Cell<bool>,
    /// Readers are served in the order of their calls.
    readers: Lock,
    /// Wakes the one of them that waits for the peer.
    filler: Cell<Option<Waker>>,
    /// The peer sends no more.
    at_end: Cell<bool>,
    keep_open_on_eof: Cell<bool>,
    /// Wakes all others that wait for something that a closed stream does not give.
    closed: Event,
    at_close: Cell<Option<Box<dyn FnOnce()>>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    New,
    Open,
    Ended,
    Closed,
}

impl StreamCore {
    /// A stream that is not connected. What is written is held until it is.
    pub fn new() -> Self {
        Self::default()
    }

    /// A stream that is connected from the first.
    pub fn connected(endpoint: impl Endpoint) -> Self {
        Self::around(Rc::new(endpoint))
    }

    pub(super) fn around(endpoint: Rc<impl Endpoint>) -> Self {
        let core = Self::new();
        core.0.open(endpoint);
        core
    }

    /// Connects it. What was written before goes out now, in order.
    ///
    /// # Errors
    ///
    /// [`StreamError::AlreadyConnected`], [`StreamError::Closed`]; [`StreamError::NotWritable`] if
    /// something was written before, and cannot go out there.
    pub fn set_connected(&self, endpoint: impl Endpoint) -> Result<(), StreamError> {
        self.connect(Rc::new(endpoint))
    }

    pub(super) fn connect(&self, endpoint: Rc<impl Endpoint>) -> Result<(), StreamError> {
        self.check_fits(&*endpoint)?;
        self.0.open(endpoint);
        if self.0.output.is_empty() { Ok(()) } else { begin_to_send(&self.0) }
    }

    /// An error if it cannot be connected by this.
    pub(super) fn check_fits(&self, endpoint: &impl Endpoint) -> Result<(), StreamError> {
        self.check_new()?;
        if !self.0.output.is_empty() && !endpoint.interest().is_writable() {
            return Err(StreamError::NotWritable);
        }
        Ok(())
    }

    /// It could not be connected: what was written for that is lost.
    pub(super) fn forget_written(&self) {
        self.0.output.lose();
    }

    pub(super) fn check_new(&self) -> Result<(), StreamError> {
        match self.0.phase.get() {
            Phase::New => Ok(()),
            Phase::Open => Err(StreamError::AlreadyConnected),
            Phase::Ended | Phase::Closed => Err(StreamError::Closed),
        }
    }

    /// An error if it is closed.
    pub(super) fn check_open(&self) -> Result<(), StreamError> {
        if self.is_closed() { Err(StreamError::Closed) } else { Ok(()) }
    }

    /// As [`BaseStream::is_closed`](super::BaseStream::is_closed).
    pub fn is_closed(&self) -> bool {
        matches!(self.0.phase.get(), Phase::Ended | Phase::Closed)
    }

    /// As [`BaseStream::close`](super::BaseStream::close).
    pub fn close(&self) {
        self.0.close();
    }

    /// As [`BaseStream::keep_open_on_eof`](super::BaseStream::keep_open_on_eof).
    pub fn keep_open_on_eof(&self, keep: bool) {
        self.0.keep_open_on_eof.set(keep);
    }

    /// As [`BaseStream::set_max_buffer`](super::BaseStream::set_max_buffer).
    ///
    /// # Errors
    ///
    /// [`StreamError::Zero`].
    pub fn set_max_buffer(&self, limit: usize) -> Result<(), StreamError> {
        self.0.output.set_limit(limit)?;
        self.0.input.borrow_mut().set_limit(limit);
        Ok(())
    }

    /// Has something done once when its descriptor is closed, or its last handle is dropped.
    pub(super) fn at_close(&self, done: impl FnOnce() + 'static) {
        self.0.at_close.set(Some(Box::new(done)));
    }

    /// Waits for something, unless the stream is closed first.
    pub(super) async fn unless_closed<T>(
        &self,
        what: impl Future<Output = T>,
    ) -> Result<T, StreamError> {
        unless(&self.0.closed, what).await.ok_or(StreamError::Closed)
    }

    pub(super) fn downgrade(&self) -> WeakCore {
        WeakCore(Rc::downgrade(&self.0))
    }
}

/// Knows a stream without keeping it open.
pub(super) struct WeakCore(Weak<Inner>);

impl WeakCore {
    pub(super) fn upgrade(&self) -> Option<StreamCore> {
        self.0.upgrade().map(StreamCore)
    }
}

impl Inner {
    fn open(&self, endpoint: Rc<dyn Endpoint>) {
        if !endpoint.keeps_packets() {
            self.output.held().join();
        }
        self.interest.set(Some(endpoint.interest()));
        self.endpoint.replace(Some(endpoint));
        self.phase.set(Phase::Open);
    }

    fn endpoint(&self) -> Result<Rc<dyn Endpoint>, StreamError> {
        self.check_connected()?;
        self.endpoint.borrow().clone().ok_or(StreamError::Closed)
    }

    fn check_connected(&self) -> Result<(), StreamError> {
        match self.phase.get() {
            Phase::Open => Ok(()),
            Phase::New => Err(StreamError::NotConnected),
            Phase::Ended | Phase::Closed => Err(StreamError::Closed),
        }
    }

    fn check_readable(&self) -> Result<(), StreamError> {
        self.check_connected()?;
        let readable = self.interest.get().is_some_and(Interest::is_readable);
        if readable { Ok(()) } else { Err(StreamError::NotReadable) }
    }

    /// Until it is connected, it is not known better.
    fn check_writable(&self) -> Result<(), StreamError> {
        let writable = self.interest.get().is_none_or(Interest::is_writable);
        if writable { Ok(()) } else { Err(StreamError::NotWritable) }
    }

    /// The peer's end was told. What was written still goes out, also if no handle is left.
    fn end(self: &Rc<Self>) {
        if self.output.is_empty() {
            self.close_keeping_input();
        } else {
            self.phase.set(Phase::Ended);
            self.tell_closed();
            let stream = Rc::clone(self);
            drop(spawn(async move {
                stream.output.flushed().await.ok();
                stream.close_keeping_input();
            }));
        }
    }

    fn close(&self) {
        self.input.borrow_mut().close();
        self.close_keeping_input();
    }

    fn tell_closed(&self) {
        self.closed.set();
        if let Some(filler) = self.filler.take() {
            filler.wake();
        }
    }

    fn close_keeping_input(&self) {
        self.phase.set(Phase::Closed);
        let endpoint = self.endpoint.take();
        drop(endpoint);
        self.output.close();
        self.tell_closed();
        if let Some(done) = self.at_close.take() {
            done();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for StreamCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamCore")
            .field("phase", &self.0.phase.get())
            .field("input", &*self.0.input.borrow())
            .field("unwritten", &self.0.output.len())
            .finish()
    }
}

/// As [`unless`]. If whoever waits is gone before it is over, `give_up` takes the interest back.
pub(super) async fn unless_or<T>(
    event: &Event,
    what: impl Future<Output = T>,
    give_up: impl Fn(),
) -> Option<T> {
    let mut given_up = GivenUp(Some(give_up));
    let done = unless(event, what).await;
    given_up.0 = None;
    done
}

struct GivenUp<F: Fn()>(Option<F>);

impl<F: Fn()> Drop for GivenUp<F> {
    fn drop(&mut self) {
        self.0.iter().for_each(|give_up| give_up());
    }
}

/// Waits for something, unless an event is set first.
pub(super) async fn unless<T>(event: &Event, what: impl Future<Output = T>) -> Option<T> {
    let (mut what, mut other) = (pin!(what), pin!(event.wait()));
    poll_fn(|cx| match what.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => other.as_mut().poll(cx).map(|_| None),
    })
    .await
}
