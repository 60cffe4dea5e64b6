//! Datagrams over IP.

mod datagrams;
mod endpoint;

use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;

use self::endpoint::Endpoint;
use super::error::UdpError;
use super::literals::bind_first;
use crate::net::{ToSocketAddrs, UdpSocket};

/// Sends and receives datagrams over IP. As Python evergreen's `UDPEndpoint`; a clone is another
/// handle of the same, and dropping the last one closes it.
///
/// What there is no room for in the system's buffer is held, fewer than 100 MiB, and goes out by
/// itself, in order. Each datagram counts its bytes and 64 more.
///
/// ```
/// use evergreen_io::io::{UdpEndpoint, UdpError};
///
/// # let event_loop = evergreen_loop::EventLoop::new()?;
/// # event_loop.block_on(async {
/// let server = UdpEndpoint::new();
/// server.bind("127.0.0.1:0")?;
/// let client = UdpEndpoint::new();
/// client.send(b"question", server.local_addr()?)?;
///
/// let (question, from) = server.receive().await?;
/// assert_eq!((&*question, from.port()), (&b"question"[..], client.local_addr()?.port()));
/// server.send(b"answer", from)?;
/// assert_eq!(client.receive().await?.0, b"answer");
/// # Ok::<(), UdpError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct UdpEndpoint(Rc<Endpoint>);

impl UdpEndpoint {
    /// An endpoint without an address. It gets one by [`bind`](Self::bind), or by its first
    /// [`send`](Self::send).
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives it an address; port 0 lets the system choose. A name is not resolved here: see
    /// [`lookup_host`](crate::net::lookup_host).
    ///
    /// # Errors
    ///
    /// [`StreamError::AlreadyBound`](crate::io::StreamError::AlreadyBound),
    /// [`StreamError::Closed`](crate::io::StreamError::Closed); if the address is malformed, a name,
    /// in use or forbidden; if this thread has no loop.
    pub fn bind(&self, address: impl ToSocketAddrs) -> Result<(), UdpError> {
        self.0.check_unbound()?;
        self.0.bound(bind_first(address, UdpSocket::bind_to)?);
        Ok(())
    }

    /// Sends a datagram, which may be empty, or holds it until there is room. An endpoint without an
    /// address gets one of that family, with a port that the system chooses.
    ///
    /// If one that was held cannot be sent, the loop's exception handler is told, and the endpoint
    /// is closed.
    ///
    /// # Errors
    ///
    /// [`StreamError::BufferFull`](crate::io::StreamError::BufferFull), if it would have to be held
    /// and too much is; [`StreamError::Closed`](crate::io::StreamError::Closed). If it is too large,
    /// for the other family or for port 0, and what else the system says: the endpoint stays open.
    pub fn send(&self, data: &[u8], to: SocketAddr) -> Result<(), UdpError> {
        Ok(self.0.send(data, to)?)
    }

    /// Waits for a datagram, and gives it with its sender. Several that receive are served in the
    /// order of their calls. Nothing is read from the system while nobody waits.
    ///
    /// # Errors
    ///
    /// [`StreamError::NotBound`](crate::io::StreamError::NotBound);
    /// [`StreamError::Closed`](crate::io::StreamError::Closed), also if that happens meanwhile; what
    /// the system says: the endpoint stays open.
    ///
    /// # Kill safety
    ///
    /// No datagram is lost.
    pub async fn receive(&self) -> Result<(Vec<u8>, SocketAddr), UdpError> {
        Ok(self.0.receive().await?)
    }

    /// Waits until all datagrams are out, or the endpoint is closed: see
    /// [`is_closed`](Self::is_closed).
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`](crate::io::StreamError::Closed), if it was closed before.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost.
    pub async fn flush(&self) -> Result<(), UdpError> {
        Ok(self.0.flush().await?)
    }

    /// Its address, asked for once.
    ///
    /// # Errors
    ///
    /// [`StreamError::NotBound`](crate::io::StreamError::NotBound),
    /// [`StreamError::Closed`](crate::io::StreamError::Closed).
    pub fn local_addr(&self) -> Result<SocketAddr, UdpError> {
        Ok(self.0.local_addr()?)
    }

    /// Has it hold fewer bytes than this; 100 MiB at first.
    ///
    /// # Errors
    ///
    /// [`StreamError::Zero`](crate::io::StreamError::Zero).
    pub fn set_max_buffer(&self, limit: usize) -> Result<(), UdpError> {
        Ok(self.0.set_max_buffer(limit)?)
    }

    /// Closes it at once: datagrams that are held are lost, and whoever waits for one is told.
    /// Closing it again does nothing.
    pub fn close(&self) {
        self.0.close();
    }

    /// Whether it is closed: by [`close`](Self::close), or because a datagram that was held could not
    /// be sent.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

impl fmt::Debug for UdpEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UdpEndpoint").field(&self.0).finish()
    }
}
