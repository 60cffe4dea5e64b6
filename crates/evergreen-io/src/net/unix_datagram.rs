//! Datagrams between processes of one system.

use std::io;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::task::{Context, Poll};

use evergreen_loop::build::{Direction, Timer};
use socket2::SockRef;

use super::bind_error;
use super::datagram::{datagram, unsent};
use super::kind::Kind;
use super::pauses::Pauses;
use super::tcp_options::option;
use super::unix_addr::{Named, address_of, connect_error, send_error};
use crate::source::{Source, uninterrupted};
use crate::{Interest, Ready};

/// A Unix socket for datagrams: none is lost, and they come in order.
///
/// All that [`UdpSocket`](super::UdpSocket) says of threads and tasks is true here. Its file stays
/// when it is dropped: remove it before the next one is bound.
///
/// ```
/// use evergreen_io::net::UnixDatagram;
///
/// let path = std::env::temp_dir().join(format!("evergreen-doc-{}.datagram", std::process::id()));
/// evergreen_loop::block_on(async {
///     let server = UnixDatagram::bind(&path)?;
///     let client = UnixDatagram::unbound()?;
///     client.send_to(b"to a name", &path).await?;
///     let mut buffer = [0; 64];
///     let (length, peer) = server.recv_from(&mut buffer).await?;
///     assert_eq!((&buffer[..length], peer.is_unnamed()), (&b"to a name"[..], true));
///     std::fs::remove_file(&path)
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct UnixDatagram {
    source: Source<net::UnixDatagram>,
}

datagram!(UnixDatagram, net::UnixDatagram, SocketAddr, Kind::UnixDatagram, limit);

impl UnixDatagram {
    /// A socket with a name: a path, where a file is made. On Linux a path that begins with a zero
    /// byte is an abstract name instead, which has no file.
    ///
    /// # Errors
    ///
    /// If the path is too long or has a zero byte inside, exists, lies in no directory, or is
    /// forbidden; if this thread has no loop.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        let address = address_of(path.as_ref())?;
        let bound = net::UnixDatagram::bind_addr(&address);
        Self::fresh(bound.map_err(|error| bind_error::at_path(&Named(&address), error))?)
    }

    /// A socket without a name: it sends, and receives only from where it is connected to.
    ///
    /// # Errors
    ///
    /// If the system has no descriptors left, or this thread has no loop.
    pub fn unbound() -> io::Result<Self> {
        Self::fresh(net::UnixDatagram::unbound()?)
    }

    /// Two sockets without a name that are connected to each other.
    ///
    /// # Errors
    ///
    /// If the system has no descriptors left, or this thread has no loop.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = net::UnixDatagram::pair()?;
        Ok((Self::fresh(one)?, Self::fresh(other)?))
    }

    fn fresh(socket: net::UnixDatagram) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Self::registered(socket)
    }

    /// Sends to one name from now on, and receives only from there.
    ///
    /// # Errors
    ///
    /// If nobody has that name, it is too long or has a zero byte inside, or is forbidden.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let address = address_of(path.as_ref())?;
        let connected = self.source.io().connect_addr(&address);
        connected.map_err(|error| connect_error(&address, error))
    }

    /// Sends a datagram to a name. It goes as a whole, and may be empty. While the receiver's queue
    /// is full it tries again, each time after twice as long, at most 128 ms.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if it is too large; if nobody has that name, it is too long
    /// or has a zero byte inside, or is forbidden; if it has to wait and the loop is destroyed.
    ///
    /// # Kill safety
    ///
    /// It is sent or it is not.
    pub async fn send_to(&self, bytes: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let mut pauses = Pauses::new();
        loop {
            match self.try_send_to(bytes, path.as_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {},
                sent => return sent,
            }
            if self.is_full()? {
                self.writable().await?;
                continue;
            }
            // There is no readiness for a place in the queue of somebody else: it would spin.
            pauses.wait(|length| Timer::on(self.source.remote(), length)).await?;
        }
    }

    /// As [`UnixDatagram::send_to`], if there is room for it now.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] if there is none, here or at the receiver, and those of
    /// [`UnixDatagram::send_to`].
    pub fn try_send_to(&self, bytes: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let address = address_of(path.as_ref())?;
        let sent = uninterrupted(|| self.source.io().send_to_addr(bytes, &address));
        // Of room at the receiver nobody would tell this socket.
        if sent.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
            && self.is_full()?
        {
            self.source.clear_ready(Direction::Write);
        }
        self.sent(bytes, sent.map_err(|error| send_error(&address, error)))
    }

    /// Whether this socket has no room, whatever the receiver has.
    fn is_full(&self) -> io::Result<bool> {
        Ok(Ready::of(self, Interest::WRITABLE)?.is_empty())
    }

    /// Ends one direction, or both. The system does not tell who waits for a datagram: the wait goes
    /// on.
    ///
    /// # Errors
    ///
    /// What the system says: `ENOTCONN` if it is not connected.
    pub fn shutdown(&self, how: std::net::Shutdown) -> io::Result<()> {
        self.source.io().shutdown(how)
    }
}

/// What the largest datagram is.
fn limit(socket: &net::UnixDatagram, _: usize) -> String {
    match SockRef::from(socket).send_buffer_size() {
        Ok(size) => format!("the send buffer has {size} bytes, see set_send_buffer_size"),
        Err(_) => "see set_send_buffer_size".to_owned(),
    }
}
