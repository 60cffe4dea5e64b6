//! What TCP and Unix connections have in common, written once.

/// The methods and traits of a stream socket `$stream` around `$io` of the standard library, whose
/// halves stand in the module `$halves`. `$source` makes the source of it.
macro_rules! connection {
    ($stream:ident, $io:ty, $address:ty, $kind:expr, $halves:ident, $source:path) => {
        impl $stream {
            /// Takes over a connection that is non-blocking, and of which there are no duplicates.
            pub(super) fn registered(io: $io) -> std::io::Result<Self> {
                Ok(Self { source: $source(io, crate::Interest::BOTH)? })
            }

            /// The same for one that others made, who may have duplicates.
            pub(super) fn shared(io: $io) -> std::io::Result<Self> {
                let source = $source(io, crate::Interest::BOTH)?;
                Ok(Self { source: source.shared() })
            }

            pub(crate) const fn source(&self) -> &Source<$io> {
                &self.source
            }

            /// Ends the direction to the peer.
            pub(super) fn end(&self) -> std::io::Result<()> {
                self.shutdown(std::net::Shutdown::Write)
            }

            /// Takes over a connection of the standard library.
            ///
            /// # Errors
            ///
            /// If the descriptor is of another kind, if it cannot be made non-blocking or
            /// registered, or this thread has no loop.
            pub fn from_std(io: $io) -> std::io::Result<Self> {
                $kind.check(&io)?;
                io.set_nonblocking(true)?;
                Self::shared(io)
            }

            /// Gives the connection back to the standard library. It is non-blocking.
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

            /// The peer's address.
            ///
            /// # Errors
            ///
            /// What the system says: `ENOTCONN` once the connection is gone.
            pub fn peer_addr(&self) -> std::io::Result<$address> {
                self.source.io().peer_addr()
            }

            /// The error that the connection has run into, if nobody was told of it yet.
            ///
            /// # Errors
            ///
            /// If the system cannot say.
            pub fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                self.source.io().take_error()
            }

            /// Ends one direction, or both, for both ends.
            ///
            /// # Errors
            ///
            /// What the system says: `ENOTCONN` once the connection is gone.
            pub fn shutdown(&self, how: std::net::Shutdown) -> std::io::Result<()> {
                uninterrupted(|| self.source.io().shutdown(how))
            }

            /// A half to read from and a half to write to, both borrowed.
            pub const fn split(&mut self) -> ($halves::ReadHalf<'_>, $halves::WriteHalf<'_>) {
                ($halves::ReadHalf(self), $halves::WriteHalf(self))
            }

            /// A half to read from and a half to write to, for tasks of their own. When the write
            /// half is dropped, the peer sees the end of the stream.
            pub fn into_split(self) -> ($halves::OwnedReadHalf, $halves::OwnedWriteHalf) {
                $halves::owned(self)
            }
        }

        crate::stream::readies!($stream);
        crate::stream::lends!($stream);
        crate::stream::reads!($stream);
        crate::stream::writes!($stream);
    };
}

pub(super) use connection;
