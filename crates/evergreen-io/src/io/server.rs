//! Servers: what accepts connections, and knows those that are open.

mod connections;
mod handler;
mod methods;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use evergreen_loop::{ErrorContext, ErrorOrigin, EventLoop};
use evergreen_sync::Event;
use evergreen_task::sleep;

pub(super) use self::connections::Accepted;
use self::connections::Connections;
pub use self::handler::{HandleConnection, Outcome};
pub(super) use self::methods::server;
use super::base_stream::BaseStream;
use super::core::{unless, unless_or};
use super::endpoint::Endpoint;
use super::error::StreamError;

/// After an error of accepting.
const PAUSE: Duration = Duration::from_secs(1);

/// A listener of [`net`](crate::net).
pub(super) trait Listener: AsFd + 'static {
    type Stream: Endpoint;
    /// What is known of both ends.
    type Names;

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Stream, Self::Names)>>;

    /// Whoever polled last waits no longer.
    fn stop_accepting(&self);
}

/// What all servers are made of.
pub(super) struct ServerCore<L: Listener> {
    listener: RefCell<Option<Rc<L>>>,
    is_serving: Cell<bool>,
    closed: Event,
    connections: Connections<L>,
    handle: Box<dyn Fn(Rc<Accepted<L>>)>,
}

impl<L: Listener> ServerCore<L> {
    fn new(handle: impl Fn(Rc<Accepted<L>>) + 'static) -> Rc<Self> {
        Rc::new(Self {
            listener: RefCell::default(),
            is_serving: Cell::new(false),
            closed: Event::new(),
            connections: Connections::default(),
            handle: Box::new(handle),
        })
    }

    /// A server that has each connection, as `name` makes it, handled in a task of its own.
    pub(super) fn handling<C: BaseStream + 'static>(
        handler: impl HandleConnection<C>,
        name: impl Fn(Rc<Accepted<L>>) -> C + 'static,
    ) -> Rc<Self> {
        let handler = Rc::new(handler);
        Self::new(move |accepted| {
            let is_stopped = accepted.server_watch();
            handler::begin(Rc::clone(&handler), name(accepted), is_stopped);
        })
    }

    /// An error if it cannot be bound any more.
    pub(super) fn check_unbound(&self) -> Result<(), StreamError> {
        self.check_open()?;
        if self.listener.borrow().is_some() { Err(StreamError::AlreadyBound) } else { Ok(()) }
    }

    pub(super) fn bound(&self, listener: L) {
        self.listener.replace(Some(Rc::new(listener)));
    }

    fn check_open(&self) -> Result<(), StreamError> {
        if self.is_closed() { Err(StreamError::Closed) } else { Ok(()) }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_set()
    }

    pub(super) fn listener(&self) -> Result<Rc<L>, StreamError> {
        self.check_open()?;
        self.listener.borrow().clone().ok_or(StreamError::NotBound)
    }

    /// Those that are open, in the order in which they were accepted.
    pub(super) fn connections(&self) -> Vec<Rc<Accepted<L>>> {
        self.connections.open()
    }

    /// Accepts until it is closed. `backlog` is how many may wait to be accepted; none or zero for as
    /// many as the system allows.
    pub(super) async fn serve(self: &Rc<Self>, backlog: Option<u32>) -> Result<(), StreamError> {
        let listener = self.listener()?;
        if self.is_serving.replace(true) {
            return Err(StreamError::AlreadyServing);
        }
        let _serving = Serving(&self.is_serving);
        let backlog = backlog.and_then(|length| i32::try_from(length).ok()).filter(|&n| n > 0);
        rustix::net::listen(listener, backlog.unwrap_or(i32::MAX)).map_err(io::Error::from)?;
        while let Some(accepted) = self.accept().await {
            match accepted {
                Ok((stream, names)) => (self.handle)(Connections::add(self, stream, names)),
                Err(error) => {
                    report(&error);
                    unless(&self.closed, sleep(PAUSE)).await;
                },
            }
        }
        Ok(())
    }

    /// The next connection, until the server is closed.
    async fn accept(&self) -> Option<io::Result<(L::Stream, L::Names)>> {
        let accepted = poll_fn(|cx| self.poll_accept(cx));
        let stop = || self.listener().iter().for_each(|listener| listener.stop_accepting());
        unless_or(&self.closed, accepted, stop).await
    }

    /// Keeps no hold of the listener: closing the server closes its descriptor at once.
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(L::Stream, L::Names)>> {
        match self.listener() {
            Ok(listener) => listener.poll_accept(cx),
            // The event says so.
            Err(_) => Poll::Pending,
        }
    }

    /// Accepts no more, and closes all connections.
    pub(super) fn close(&self) {
        self.closed.set();
        let listener = self.listener.take();
        drop(listener);
        self.connections.close();
    }
}

impl<L: Listener> fmt::Debug for ServerCore<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerCore")
            .field("is_closed", &self.is_closed())
            .field("is_serving", &self.is_serving.get())
            .field("connections", &self.connections.len())
            .finish()
    }
}

impl<L: Listener> Drop for ServerCore<L> {
    fn drop(&mut self) {
        self.close();
    }
}

/// Over when `serve` is, or is dropped.
struct Serving<'a>(&'a Cell<bool>);

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

fn report(error: &io::Error) {
    if let Some(event_loop) = EventLoop::try_current() {
        let message = format!("a server cannot accept: {error}; it tries again after a second");
        event_loop
            .call_exception_handler(&ErrorContext::new(ErrorOrigin::Listener).saying(message));
    }
}
