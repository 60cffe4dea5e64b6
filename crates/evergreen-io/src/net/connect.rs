//! The race of several addresses for one connection: "Happy Eyeballs", RFC 8305.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use std::vec;

use evergreen_loop::LoopError;
use evergreen_loop::build::Timer;

use super::tcp_stream::TcpStream;

/// How long an attempt has for itself before the next one begins beside it.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Connects to the address that answers first.
pub(super) async fn connect(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    match *addresses {
        [address] => TcpStream::connect_to(address).await.map_err(|error| blame(address, error)),
        _ => Race::between(addresses).await,
    }
}

pub(super) fn blame(address: SocketAddr, error: io::Error) -> io::Error {
    if is_of_the_loop(&error) { error } else { ConnectError::of(vec![(address, error)]) }
}

/// Whether no address is to blame.
fn is_of_the_loop(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<LoopError>)
}

/// The addresses in turns by their family. The first stays the first.
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut order = Vec::with_capacity(addresses.len());
    let is_six = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (ours, others): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == is_six);
    let (mut ours, mut others) = (ours.into_iter(), others.into_iter());
    while ours.len() + others.len() > 0 {
        order.extend(ours.next());
        order.extend(others.next());
    }
    order
}

/// Attempts side by side. Dropping them closes their sockets.
struct Race {
    untried: vec::IntoIter<SocketAddr>,
    running: Vec<Attempt>,
    /// Until when the last attempt runs alone; `None` if the next is due.
    head_start: Option<Timer>,
    failed: Vec<(SocketAddr, io::Error)>,
}

struct Attempt {
    address: SocketAddr,
    stream: Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>,
}

impl Future for Race {
    type Output = io::Result<TcpStream>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            if let Some(result) = self.poll_running(cx) {
                return Poll::Ready(result);
            }
            if !self.next_is_due(cx) {
                return Poll::Pending;
            }
            let Some(address) = self.untried.next() else {
                return Poll::Ready(Err(ConnectError::of(std::mem::take(&mut self.failed))));
            };
            self.begin(address);
        }
    }
}

impl Race {
    fn between(addresses: Vec<SocketAddr>) -> Self {
        let untried = interleave(addresses).into_iter();
        Self { untried, running: Vec::new(), head_start: None, failed: Vec::new() }
    }

    /// The first connection, or an error for which no address is to blame.
    fn poll_running(&mut self, cx: &mut Context<'_>) -> Option<io::Result<TcpStream>> {
        let mut place = 0;
        while let Some(attempt) = self.running.get_mut(place) {
            match attempt.stream.as_mut().poll(cx) {
                Poll::Pending => place += 1,
                Poll::Ready(Err(error)) if !is_of_the_loop(&error) => {
                    let attempt = self.running.remove(place);
                    self.failed.push((attempt.address, error));
                    self.head_start = None;
                },
                Poll::Ready(result) => return Some(result),
            }
        }
        None
    }

    /// Whether the last attempt has failed or had its time. When all are begun, whether all failed.
    fn next_is_due(&mut self, cx: &mut Context<'_>) -> bool {
        if self.untried.len() == 0 {
            return self.running.is_empty();
        }
        self.head_start.as_mut().is_none_or(|head_start| head_start.poll(cx).is_ready())
    }

    fn begin(&mut self, address: SocketAddr) {
        let stream = Box::pin(TcpStream::connect_to(address));
        self.running.push(Attempt { address, stream });
        self.head_start = Some(Timer::after(ATTEMPT_DELAY));
    }
}

/// Which addresses were tried in vain, and what came of each.
///
/// It is what the [`io::Error`] of [`TcpStream::connect`] holds. That has the kind of the most
/// telling of them: of a host that answered rather than of one that is not reachable.
///
/// ```
/// use evergreen_io::net::{ConnectError, TcpStream};
///
/// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let nobody = listener.local_addr()?;
/// # drop(listener);
/// let error = evergreen_loop::block_on(TcpStream::connect(nobody)).unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
/// let inside = error.get_ref().and_then(|error| error.downcast_ref::<ConnectError>());
/// let (address, reason) = &inside.expect("it was tried").attempts()[0];
/// assert_eq!(*address, nobody);
/// assert!(reason.raw_os_error().is_some());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ConnectError {
    attempts: Vec<(SocketAddr, io::Error)>,
}

impl ConnectError {
    fn of(attempts: Vec<(SocketAddr, io::Error)>) -> io::Error {
        let error = Self { attempts };
        let kind = error.most_telling().map_or(io::ErrorKind::InvalidInput, io::Error::kind);
        io::Error::new(kind, error)
    }

    /// The addresses and their errors, in the order in which they failed.
    pub fn attempts(&self) -> &[(SocketAddr, io::Error)] {
        &self.attempts
    }

    fn most_telling(&self) -> Option<&io::Error> {
        let mut errors = self.attempts.iter().map(|(_, error)| error);
        let last = errors.clone().next_back();
        errors.rfind(|error| !is_unreachable(error.kind())).or(last)
    }
}

/// Whether nothing left this host, or nothing came to the other.
const fn is_unreachable(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{AddrNotAvailable, HostUnreachable, NetworkUnreachable};
    matches!(kind, AddrNotAvailable | HostUnreachable | NetworkUnreachable)
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot connect to ")?;
        for (place, (address, error)) in self.attempts.iter().enumerate() {
            let between = if place == 0 { "" } else { "; to " };
            write!(f, "{between}{address}: {error}")?;
        }
        Ok(())
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.most_telling().map(|error| error as _)
    }
}
