//! What the handles of an endpoint share.

use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use evergreen_loop::build::Direction;
use evergreen_sync::Event;
use evergreen_sync::locks::Lock;

use super::datagrams::Datagrams;
use crate::io::core::unless_or;
use crate::io::error::StreamError;
use crate::io::outbox::{Outbox, Sends, begin_to_send};
use crate::io::room::with_room;
use crate::net::UdpSocket;

#[derive(Default)]
pub(super) struct Endpoint {
    socket: RefCell<Option<Rc<UdpSocket>>>,
    name: OnceCell<SocketAddr>,
    /// What there was no room for.
    output: Outbox<Datagrams>,
    /// Receivers are served in the order of their calls.
    receivers: Lock,
    /// Wakes whoever waits for a datagram.
    closed: Event,
}

impl Endpoint {
    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_set()
    }

    fn check_open(&self) -> Result<(), StreamError> {
        if self.is_closed() { Err(StreamError::Closed) } else { Ok(()) }
    }

    pub(super) fn check_unbound(&self) -> Result<(), StreamError> {
        self.check_open()?;
        if self.socket.borrow().is_some() { Err(StreamError::AlreadyBound) } else { Ok(()) }
    }

    pub(super) fn bound(&self, socket: UdpSocket) {
        self.socket.replace(Some(Rc::new(socket)));
    }

    fn socket(&self) -> Result<Rc<UdpSocket>, StreamError> {
        self.check_open()?;
        self.socket.borrow().clone().ok_or(StreamError::NotBound)
    }

    pub(super) fn local_addr(&self) -> Result<SocketAddr, StreamError> {
        let socket = self.socket()?;
        if let Some(address) = self.name.get() {
            return Ok(*address);
        }
        let address = socket.local_addr()?;
        Ok(*self.name.get_or_init(|| address))
    }

    pub(super) fn set_max_buffer(&self, limit: usize) -> Result<(), StreamError> {
        self.output.set_limit(limit)
    }

    pub(super) fn send(self: &Rc<Self>, bytes: &[u8], to: SocketAddr) -> Result<(), StreamError> {
        let socket = self.socket_to(to)?;
        let held_before = !self.output.is_empty();
        if !held_before {
            match socket.try_send_to(bytes, to) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {},
                sent => return Ok(sent.map(drop)?),
            }
        }
        // Later, it would be a reason to close.
        socket.check(bytes, to)?;
        self.output.check(bytes)?;
        self.output.held().push(bytes, to);
        if held_before { Ok(()) } else { begin_to_send(self) }
    }

    /// The socket, bound to any port of this family if there is none.
    fn socket_to(&self, to: SocketAddr) -> Result<Rc<UdpSocket>, StreamError> {
        if matches!(self.socket(), Err(StreamError::NotBound)) {
            let any: SocketAddr = match to {
                SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
                SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
            };
            self.bound(UdpSocket::bind_to(any)?);
        }
        self.socket()
    }

    pub(super) async fn receive(&self) -> Result<(Vec<u8>, SocketAddr), StreamError> {
        self.socket()?;
        let _turn = self.receivers.lock().await;
        let received = poll_fn(|cx| self.poll_receive(cx));
        let received = unless_or(&self.closed, received, || self.stop_receiving()).await;
        received.unwrap_or(Err(StreamError::Closed))
    }

    fn stop_receiving(&self) {
        if let Ok(socket) = self.socket() {
            socket.source().unpark(Direction::Read);
        }
    }

    fn poll_receive(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(Vec<u8>, SocketAddr), StreamError>> {
        let socket = self.socket()?;
        with_room(|room| {
            let (length, from) = ready!(socket.poll_recv_from(cx, room))?;
            Poll::Ready(Ok((room[..length].to_vec(), from)))
        })
    }

    pub(super) async fn flush(&self) -> Result<(), StreamError> {
        self.check_open()?;
        self.output.flushed().await
    }

    pub(super) fn close(&self) {
        self.closed.set();
        drop(self.socket.take());
        self.output.close();
    }
}

impl Sends for Endpoint {
    type Held = Datagrams;
    const NAME: &str = "a UDP endpoint";

    fn outbox(&self) -> &Outbox<Datagrams> {
        &self.output
    }

    fn poll_send_all(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(socket) = self.socket.borrow().clone() else { return Poll::Ready(Ok(())) };
        loop {
            let mut held = self.output.held();
            let Some((bytes, to)) = held.first() else { return Poll::Ready(Ok(())) };
            ready!(socket.poll_send_to(cx, bytes, to))?;
            held.remove_first();
        }
    }

    fn close_unsent(&self) {
        self.close();
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("local_addr", &self.local_addr().ok())
            .field("unsent", &self.output.len())
            .finish()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.close();
    }
}
