//! What UDP sockets and Unix datagram sockets have in common, written once.
//!
//! No call of theirs that moves fewer bytes than there is room for says that there is no more:
//! each datagram is one call.

use std::io;

use crate::in_words::in_words_as;

/// The error of sending so many bytes at once, in words.
pub(super) fn unsent(error: io::Error, length: usize, limit: impl FnOnce() -> String) -> io::Error {
    match error.raw_os_error() {
        Some(libc::EMSGSIZE) => {
            let message = format!("a datagram of {length} bytes is too large: {}", limit());
            in_words_as(io::ErrorKind::InvalidInput, error, message)
        },
        Some(libc::EDESTADDRREQ | libc::ENOTCONN) => {
            let text = "the socket is not connected: use connect first, or send_to".to_owned();
            in_words_as(io::ErrorKind::NotConnected, error, text)
        },
        _ => error,
    }
}

/// The methods of a socket `$socket` around `$io` of the standard library. `$limit` says what is too
/// large for it.
macro_rules! datagram {
    ($socket:ident, $io:ty, $address:ty, $kind:expr, $limit:path) => {
        impl $socket {
            /// Takes over a socket that is non-blocking, and of which there are no duplicates.
            fn registered(io: $io) -> std::io::Result<Self> {
                Ok(Self { source: Source::new(io, crate::Interest::BOTH)? })
            }

            pub(crate) const fn source(&self) -> &Source<$io> {
                &self.source
            }

            /// Takes over a socket of the standard library.
            ///
            /// # Errors
            ///
            /// If the descriptor is of another kind, if it cannot be made non-blocking or
            /// registered, or this thread has no loop.
            pub fn from_std(io: $io) -> std::io::Result<Self> {
                $kind.check(&io)?;
                io.set_nonblocking(true)?;
                Ok(Self { source: Source::new(io, crate::Interest::BOTH)?.shared() })
            }

            /// Gives the socket back to the standard library. It is non-blocking.
            ///
            /// # Errors
            ///
            /// None at present.
            pub fn into_std(self) -> std::io::Result<$io> {
                Ok(self.source.into_io())
            }

            /// This end's address.
            ///
            /// # Errors
            ///
            /// What the system says.
            pub fn local_addr(&self) -> std::io::Result<$address> {
                self.source.io().local_addr()
            }

            /// The address that the socket is connected to.
            ///
            /// # Errors
            ///
            /// What the system says: `ENOTCONN` if it is not connected.
            pub fn peer_addr(&self) -> std::io::Result<$address> {
                self.source.io().peer_addr()
            }

            /// The error that the socket has run into, if nobody was told of it yet.
            ///
            /// # Errors
            ///
            /// If the system cannot say.
            pub fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                self.source.io().take_error()
            }

            /// Waits until receiving is worth trying. It may say so when it is not.
            ///
            /// # Errors
            ///
            /// If the poller fails or the loop is destroyed.
            ///
            /// # Kill safety
            ///
            /// Nothing is lost.
            pub async fn readable(&self) -> std::io::Result<()> {
                self.source.ready(Direction::Read).await
            }

            /// Waits until sending is worth trying. It may say so when it is not.
            ///
            /// # Errors
            ///
            /// If the poller fails or the loop is destroyed.
            ///
            /// # Kill safety
            ///
            /// Nothing is lost.
            pub async fn writable(&self) -> std::io::Result<()> {
                self.source.ready(Direction::Write).await
            }

            /// As `readable`, to be polled. Only the waker of the last poll is woken, be it this
            /// one or that of another call that receives.
            pub fn poll_recv_ready(&self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
                self.source.poll_ready(Direction::Read, cx)
            }

            /// As `writable`, to be polled. Only the waker of the last poll is woken, be it this
            /// one or that of another call that sends.
            pub fn poll_send_ready(&self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
                self.source.poll_ready(Direction::Write, cx)
            }

            /// Sends a datagram to the address that the socket is connected to. It goes as a whole,
            /// and may be empty.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) if it is too large; if the socket
            /// is not connected; what the system says, also of datagrams before.
            ///
            /// # Kill safety
            ///
            /// It is sent or it is not.
            pub async fn send(&self, bytes: &[u8]) -> std::io::Result<usize> {
                let sent = self.source.io_when_ready(Direction::Write, |io| io.send(bytes)).await;
                self.sent(bytes, sent)
            }

            /// As `send`, to be polled. Only the waker of the last poll is woken.
            pub fn poll_send(
                &self,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<std::io::Result<usize>> {
                let polled = self.source.poll_io(Direction::Write, cx, |io| io.send(bytes));
                polled.map(|sent| self.sent(bytes, sent))
            }

            /// As `send`, if there is room for it now.
            ///
            /// # Errors
            ///
            /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) if there is none, and those of `send`.
            pub fn try_send(&self, bytes: &[u8]) -> std::io::Result<usize> {
                let sent = self.source.try_io(Direction::Write, |io| io.send(bytes));
                self.sent(bytes, sent)
            }

            fn sent(&self, bytes: &[u8], sent: std::io::Result<usize>) -> std::io::Result<usize> {
                let length = bytes.len();
                sent.map_err(|error| unsent(error, length, || $limit(self.source.io(), length)))
            }

            /// Waits for a datagram, and says how long it is, which may be zero. What the buffer has
            /// no room for is lost.
            ///
            /// # Errors
            ///
            /// What the system says, also of datagrams that were sent.
            ///
            /// # Kill safety
            ///
            /// No datagram is lost.
            pub async fn recv(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.source.io_when_ready(Direction::Read, |io| io.recv(buffer)).await
            }

            /// As `recv`, to be polled. Only the waker of the last poll is woken.
            pub fn poll_recv(
                &self,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<std::io::Result<usize>> {
                self.source.poll_io(Direction::Read, cx, |io| io.recv(buffer))
            }

            /// As `recv`, if there is a datagram now.
            ///
            /// # Errors
            ///
            /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) if there is none, and those of `recv`.
            pub fn try_recv(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.source.try_io(Direction::Read, |io| io.recv(buffer))
            }

            /// As `recv`, with the address that the datagram comes from.
            ///
            /// # Errors
            ///
            /// What the system says, also of datagrams that were sent.
            ///
            /// # Kill safety
            ///
            /// No datagram is lost.
            pub async fn recv_from(&self, buffer: &mut [u8]) -> std::io::Result<(usize, $address)> {
                self.source.io_when_ready(Direction::Read, |io| io.recv_from(buffer)).await
            }

            /// As `recv_from`, to be polled. Only the waker of the last poll is woken.
            pub fn poll_recv_from(
                &self,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<std::io::Result<(usize, $address)>> {
                self.source.poll_io(Direction::Read, cx, |io| io.recv_from(buffer))
            }

            /// As `recv_from`, if there is a datagram now.
            ///
            /// # Errors
            ///
            /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) if there is none, and those of
            /// `recv_from`.
            pub fn try_recv_from(&self, buffer: &mut [u8]) -> std::io::Result<(usize, $address)> {
                self.source.try_io(Direction::Read, |io| io.recv_from(buffer))
            }

            option!(send_buffer_size);
            option!(recv_buffer_size);
        }

        crate::stream::readies!($socket);
        crate::stream::lends!($socket);
    };
}

pub(super) use datagram;
