//! What a stream moves its bytes by.

mod descriptor;

use std::io;
use std::net::Shutdown;
use std::task::{Context, Poll};

use evergreen_loop::build::{Direction, Interest};

pub(super) use self::descriptor::{Descriptor, beside_standard};
use crate::net::{TcpStream, UnixStream};

/// The end of a connection below a [`StreamCore`](super::StreamCore): a socket of
/// [`net`](crate::net), or whatever else moves bytes without waiting.
///
/// Its methods must not use the stream that it stands below.
pub trait Endpoint: 'static {
    /// Reads what is there; zero at the end of what the peer sends.
    ///
    /// # Errors
    ///
    /// What ends the stream.
    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Whoever polled last to read waits no longer: what keeps the loop alive, or holds its waker, is
    /// to be taken back.
    fn stop_reading(&self) {}

    /// Writes what there is room for.
    ///
    /// # Errors
    ///
    /// What ends the stream.
    fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// Writes what there is room for at this moment.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none, and what ends the stream.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Ends the direction to the peer, all bytes being written.
    ///
    /// # Errors
    ///
    /// What ends the stream.
    fn end(&self) -> io::Result<()>;

    /// The directions that bytes can go; both unless it says otherwise.
    fn interest(&self) -> Interest {
        Interest::BOTH
    }

    /// Whether the peer can tell where each write ends: then what is held goes out write by write.
    /// Bytes are bytes unless it says otherwise.
    fn keeps_packets(&self) -> bool {
        false
    }
}

macro_rules! socket {
    ($socket:ty) => {
        impl Endpoint for $socket {
            fn poll_read(
                &self,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.source().poll_read(cx, buffer)
            }

            fn stop_reading(&self) {
                self.source().unpark(Direction::Read);
            }

            fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
                self.source().poll_write(cx, bytes)
            }

            fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
                self.try_write(bytes)
            }

            fn end(&self) -> io::Result<()> {
                self.shutdown(Shutdown::Write)
            }
        }
    };
}

socket!(TcpStream);
socket!(UnixStream);
