//! Connecting.

use std::io;

use evergreen_loop::build::{Direction, Timer};
use evergreen_task::consume_budget;
use socket2::SockAddr;

use super::Socket;
use super::address::Address;
use super::bad_descriptor::BadDescriptor;
use super::side::Side;
use crate::net::{Pauses, begin_to_connect};
use crate::source::uninterrupted;

impl Socket {
    /// Connects to an address. A name is looked up before, which is not limited; the first of its
    /// addresses is taken.
    ///
    /// With a limit of zero it makes one attempt: the error is `EINPROGRESS` if the connection comes
    /// to be later, when the socket is ready to write to.
    ///
    /// # Errors
    ///
    /// As all that waits; those of [`getaddrinfo`](super::getaddrinfo); `EISCONN` if it is connected
    /// already.
    ///
    /// # Kill safety
    ///
    /// The attempt may go on. Close the socket.
    pub async fn connect(&self, address: impl Into<Address>) -> io::Result<()> {
        let to = address.into().resolve(self).await?;
        self.connect_to(&to).await
    }

    /// As [`connect`](Self::connect), and gives the system's errors as numbers: zero if it is
    /// connected, `EAGAIN` if the time is over, `EBADF` if it is closed.
    ///
    /// # Errors
    ///
    /// All that are not the system's about the connection, such as those of
    /// [`getaddrinfo`](super::getaddrinfo).
    ///
    /// # Kill safety
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_ex(&self, address: impl Into<Address>) -> io::Result<i32> {
        if let Err(closed) = self.check_open() {
            return number(closed);
        }
        let known = address.into().resolve(self).await?;
        self.connect_to(&known).await.map_or_else(number, |()| Ok(0))
    }

    async fn connect_to(&self, to: &SockAddr) -> io::Result<()> {
        let is_stream = self.kind()? == libc::SOCK_STREAM;
        let connecting = async |waits: bool| {
            if !waits {
                return self.with(|io| uninterrupted(|| io.connect(to)));
            }
            self.begin(to, is_stream).await?;
            // Only a stream comes to be connected later.
            if !is_stream || self.with(is_connected)? {
                return Ok(());
            }
            self.ready(Direction::Write).await?;
            match self.with(is_connected)? {
                true => Ok(()),
                // Somebody else was told why.
                false => Err(io::Error::from_raw_os_error(libc::ENOTCONN)),
            }
        };
        self.limited(connecting).await
    }

    /// There is no readiness for a place in the queue of a Unix listener.
    async fn begin(&self, to: &SockAddr, is_stream: bool) -> io::Result<()> {
        if is_stream {
            // Linux itself says so the third time only.
            if self.with(socket2::Socket::peer_addr).is_ok() {
                return Err(io::Error::from_raw_os_error(libc::EISCONN));
            }
            self.0.sides.iter().for_each(Side::renew);
        }
        consume_budget().await;
        let mut pauses = Pauses::new();
        while self.attempt(true, |io| begin_to_connect(io, to))?.is_none() {
            pauses.wait(Timer::after).await?;
            self.check_open().map_err(|_| BadDescriptor::ClosedMeanwhile)?;
        }
        Ok(())
    }
}

/// What came of it so far.
fn is_connected(io: &socket2::Socket) -> io::Result<bool> {
    if let Some(error) = io.take_error()? {
        return Err(error);
    }
    match io.peer_addr() {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
        peer => peer.map(|_| true),
    }
}

fn number(error: io::Error) -> io::Result<i32> {
    let inside = error.get_ref().and_then(|inside| inside.downcast_ref::<BadDescriptor>());
    match (error.raw_os_error(), inside) {
        (Some(number), _) => Ok(number),
        (_, Some(inside)) => Ok(inside.errno()),
        _ if error.kind() == io::ErrorKind::TimedOut => Ok(libc::EAGAIN),
        _ => Err(error),
    }
}
