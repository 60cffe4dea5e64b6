//! What TCP and Unix listeners have in common, written once.

/// The methods and traits of a listener `$listener` around `$io` of the standard library, which
/// gives streams `$stream`. `peer` tells the address of an accepted connection.
macro_rules! listener {
    ($listener:ident, $io:ty, $stream:ident, $address:ty, $kind:expr, $peer:path) => {
        impl $listener {
            /// Takes over a listener that is non-blocking, and of which there are no duplicates.
            pub(super) fn registered(io: $io) -> std::io::Result<Self> {
                Ok(Self { acceptor: Acceptor::new(Source::new(io, crate::Interest::READABLE)?) })
            }

            /// The same for one that others made, who may have duplicates.
            pub(super) fn shared(io: $io) -> std::io::Result<Self> {
                let source = Source::new(io, crate::Interest::READABLE)?;
                Ok(Self { acceptor: Acceptor::new(source.shared()) })
            }

            pub(crate) fn source(&self) -> &Source<$io> {
                self.acceptor.source()
            }

            /// Takes over a listener of the standard library.
            ///
            /// # Errors
            ///
            /// If the descriptor is of another kind or does not listen, if it cannot be made
            /// non-blocking or registered, or this thread has no loop.
            pub fn from_std(io: $io) -> std::io::Result<Self> {
                $kind.check(&io)?;
                io.set_nonblocking(true)?;
                Self::shared(io)
            }

            /// Gives the listener back to the standard library. It is non-blocking.
            ///
            /// # Errors
            ///
            /// None at present.
            pub fn into_std(self) -> std::io::Result<$io> {
                Ok(self.acceptor.into_io())
            }

            /// Waits for a connection, and gives it with the peer's address. Several tasks may
            /// accept at once.
            ///
            /// What ends a server that must go on is no error here. A connection that broke before
            /// it was accepted (`ECONNABORTED` and its like) is passed over. When descriptors or
            /// memory run out (`EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`), connections stay in the
            /// queue: the loop's exception handler is told once, and the call tries again after 10
            /// ms, each time after twice as long, at most 640 ms, until there is room. Only where
            /// the poller lacks it (`ENOSPC`, `ENOMEM`), the connection was accepted already, and is
            /// closed.
            ///
            /// Of many connections that wait, a task accepts 128 at most before others get their
            /// turn.
            ///
            /// # Errors
            ///
            /// Any other that the system gives, as when the descriptor was closed by somebody else,
            /// or a firewall forbids to accept (`EPERM`), which may pass. If this thread has no
            /// loop; the connection is closed then.
            ///
            /// # Kill safety
            ///
            /// No connection is lost.
            pub async fn accept(&self) -> std::io::Result<($stream, $address)> {
                self.acceptor.accept(Self::register).await
            }

            /// As `accept`, to be polled. Only the waker of the last poll is woken.
            pub fn poll_accept(
                &self,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<($stream, $address)>> {
                self.acceptor.poll_accept(cx, Self::register)
            }

            /// Whoever polled last to accept waits no longer.
            pub(crate) fn stop_accepting(&self) {
                self.acceptor.stop();
            }

            fn register((fd, peer): Accepted) -> std::io::Result<($stream, $address)> {
                let peer = $peer(peer)?;
                Ok(($stream::registered(fd.into())?, peer))
            }

            /// The address it listens on.
            ///
            /// # Errors
            ///
            /// What the system says.
            pub fn local_addr(&self) -> std::io::Result<$address> {
                self.source().io().local_addr()
            }

            /// The error that the socket has run into, if nobody was told of it yet.
            ///
            /// # Errors
            ///
            /// If the system cannot say.
            pub fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                self.source().io().take_error()
            }
        }

        crate::stream::has_descriptor!($listener);
    };
}

pub(super) use listener;
