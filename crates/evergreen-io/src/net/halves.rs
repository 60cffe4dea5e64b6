//! The two halves of a connection, written once for both kinds.

/// The halves of a stream, in the module where it stands: `ReadHalf`, `WriteHalf`, their owned
/// kinds and `ReuniteError`.
macro_rules! halves {
    ($stream:ident, $io:ty, $address:ty) => {
        use std::error::Error;
        use std::fmt;
        use std::io;
        use std::sync::Arc;
        use std::sync::atomic::{AtomicBool, Ordering};

        use crate::net::$stream;
        use crate::net::halves::halves;
        use crate::source::Source;

        /// The half of a connection that reads. See
        #[doc = concat!("[`", stringify!($stream), "::split`].")]
        #[derive(Debug)]
        pub struct ReadHalf<'a>(pub(super) &'a $stream);

        /// The half of a connection that writes. See
        #[doc = concat!("[`", stringify!($stream), "::split`].")]
        #[derive(Debug)]
        pub struct WriteHalf<'a>(pub(super) &'a $stream);

        /// The half of a connection that reads, with a life of its own. See
        #[doc = concat!("[`", stringify!($stream), "::into_split`].")]
        #[derive(Debug)]
        pub struct OwnedReadHalf(Arc<$stream>);

        /// The half of a connection that writes, with a life of its own. See
        #[doc = concat!("[`", stringify!($stream), "::into_split`].")]
        #[derive(Debug)]
        pub struct OwnedWriteHalf {
            stream: Arc<$stream>,
            /// Dropping it does not end the direction: it has ended, or is to stay open.
            done: AtomicBool,
        }

        pub(super) fn owned(stream: $stream) -> (OwnedReadHalf, OwnedWriteHalf) {
            let stream = Arc::new(stream);
            let reader = OwnedReadHalf(Arc::clone(&stream));
            (reader, OwnedWriteHalf { stream, done: AtomicBool::new(false) })
        }

        impl OwnedReadHalf {
            /// Puts the two halves together again.
            ///
            /// # Errors
            ///
            /// Both halves, if they are of different connections.
            pub fn reunite(self, writer: OwnedWriteHalf) -> Result<$stream, ReuniteError> {
                if !Arc::ptr_eq(&self.0, &writer.stream) {
                    return Err(ReuniteError(self, writer));
                }
                writer.forget();
                Ok(Arc::into_inner(self.0).expect("the two halves are all there is"))
            }
        }

        impl OwnedWriteHalf {
            /// Puts the two halves together again.
            ///
            /// # Errors
            ///
            /// Both halves, if they are of different connections.
            pub fn reunite(self, reader: OwnedReadHalf) -> Result<$stream, ReuniteError> {
                reader.reunite(self)
            }

            /// Drops the half without ending the direction to the peer.
            pub fn forget(mut self) {
                *self.done.get_mut() = true;
            }

            fn end(&self) -> io::Result<()> {
                self.stream.end()?;
                self.done.store(true, Ordering::Relaxed);
                Ok(())
            }
        }

        impl Drop for OwnedWriteHalf {
            fn drop(&mut self) {
                if !*self.done.get_mut() {
                    // A connection that is gone has ended already.
                    self.stream.end().ok();
                }
            }
        }

        impl WriteHalf<'_> {
            fn end(&self) -> io::Result<()> {
                self.0.end()
            }
        }

        halves!(@half ReadHalf<'_>, $stream, $io, $address, |half| half.0);
        halves!(@half OwnedReadHalf, $stream, $io, $address, |half| &half.0);
        halves!(@half WriteHalf<'_>, $stream, $io, $address, |half| half.0);
        halves!(@half OwnedWriteHalf, $stream, $io, $address, |half| &half.stream);
        crate::stream::reads!(ReadHalf<'_>);
        crate::stream::reads!(OwnedReadHalf);
        crate::stream::writes!(WriteHalf<'_>);
        crate::stream::writes!(OwnedWriteHalf);

        /// The halves are of different connections; here they are.
        #[derive(Debug)]
        pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

        impl fmt::Display for ReuniteError {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the two halves are of different connections")
            }
        }

        impl Error for ReuniteError {}
    };
    (@half $half:ty, $stream:ident, $io:ty, $address:ty, |$this:ident| $whole:expr) => {
        impl AsRef<$stream> for $half {
            fn as_ref(&self) -> &$stream {
                let $this = self;
                $whole
            }
        }

        impl $half {
            fn source(&self) -> &Source<$io> {
                self.as_ref().source()
            }

            /// This end's address.
            ///
            /// # Errors
            ///
            /// What the system says.
            pub fn local_addr(&self) -> io::Result<$address> {
                self.as_ref().local_addr()
            }

            /// The peer's address.
            ///
            /// # Errors
            ///
            /// What the system says: `ENOTCONN` once the connection is gone.
            pub fn peer_addr(&self) -> io::Result<$address> {
                self.as_ref().peer_addr()
            }
        }

        crate::stream::readies!($half);
    };
}

pub(crate) use halves;
