//! What every type that moves bytes has, written once: sockets, pipes and their halves.
//!
//! Each such type has a `source()`; what is done there is in [`source`](crate::source).

/// The methods of a type that can be waited for.
macro_rules! readies {
    ($type:ty) => {
        impl $type {
            /// Waits for one of several directions, and says which is ready. It may say so when it
            /// is not.
            ///
            /// # Errors
            ///
            /// If the poller fails, the loop is destroyed, or `interest` is of nothing.
            ///
            /// # Kill safety
            ///
            /// Nothing is lost.
            pub async fn ready(&self, interest: crate::Interest) -> std::io::Result<crate::Ready> {
                self.source().ready_for(interest).await
            }
        }
    };
}

/// The methods of a type that users may make calls on which this crate does not know.
macro_rules! lends {
    ($type:ty) => {
        impl $type {
            /// Makes a call of yours on the descriptor. If that would block, the next wait for
            /// `interest` is a true one; of two directions, for the one that is not ready.
            ///
            /// # Errors
            ///
            /// Those of the call.
            pub fn try_io<R>(
                &self,
                interest: crate::Interest,
                call: impl FnOnce() -> std::io::Result<R>,
            ) -> std::io::Result<R> {
                self.source().try_io_for(interest, call)
            }

            /// Makes a call of yours each time the descriptor is ready, until it does not block.
            ///
            /// # Errors
            ///
            /// Those of the call, and those of waiting.
            ///
            /// # Kill safety
            ///
            /// The call is made or it is not; nothing happens between.
            pub async fn async_io<R>(
                &self,
                interest: crate::Interest,
                call: impl FnMut() -> std::io::Result<R>,
            ) -> std::io::Result<R> {
                self.source().io_for(interest, call).await
            }
        }

        crate::stream::has_descriptor!($type);
    };
}

/// The traits of a type that has a descriptor.
macro_rules! has_descriptor {
    ($type:ty) => {
        impl std::os::fd::AsFd for $type {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.source().io().as_fd()
            }
        }

        impl std::os::fd::AsRawFd for $type {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                self.source().io().as_raw_fd()
            }
        }
    };
}

/// The methods and the trait of a type that bytes are read from.
macro_rules! reads {
    ($type:ty) => {
        impl $type {
            /// Waits until a read is worth trying. It may say so when it is not.
            ///
            /// # Errors
            ///
            /// If the poller fails or the loop is destroyed.
            ///
            /// # Kill safety
            ///
            /// Nothing is lost.
            pub async fn readable(&self) -> std::io::Result<()> {
                self.source().ready(evergreen_loop::build::Direction::Read).await
            }

            /// As `readable`, to be polled. Only the waker of the last poll is woken, be it this
            /// one or a read's.
            pub fn poll_read_ready(
                &self,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                self.source().poll_ready(evergreen_loop::build::Direction::Read, cx)
            }

            /// Reads what is there. Zero is the end of the stream, or says of a FIFO that no sender
            /// has come yet.
            ///
            /// # Errors
            ///
            /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) if nothing is there, and what the
            /// system says.
            pub fn try_read(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.source().try_read(buffer)
            }

            /// Reads what is there into several buffers, one after the other.
            ///
            /// # Errors
            ///
            /// As `try_read`.
            pub fn try_read_vectored(
                &self,
                buffers: &mut [std::io::IoSliceMut<'_>],
            ) -> std::io::Result<usize> {
                self.source().try_read_vectored(buffers)
            }
        }

        crate::stream::reads!(as trait &$type);
        crate::stream::reads!(as trait $type);
    };
    (as trait $type:ty) => {
        impl futures_io::AsyncRead for $type {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.source().poll_read(cx, buffer)
            }

            fn poll_read_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffers: &mut [std::io::IoSliceMut<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.source().poll_read_vectored(cx, buffers)
            }
        }
    };
}

/// The methods and the trait of a type that bytes are written to. Beside its source it has
/// `end()`, which ends the direction to the peer.
macro_rules! writes {
    ($type:ty) => {
        impl $type {
            /// Waits until a write is worth trying. It may say so when it is not.
            ///
            /// # Errors
            ///
            /// If the poller fails or the loop is destroyed.
            ///
            /// # Kill safety
            ///
            /// Nothing is lost.
            pub async fn writable(&self) -> std::io::Result<()> {
                self.source().ready(evergreen_loop::build::Direction::Write).await
            }

            /// As `writable`, to be polled. Only the waker of the last poll is woken, be it this
            /// one or a write's.
            pub fn poll_write_ready(
                &self,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                self.source().poll_ready(evergreen_loop::build::Direction::Write, cx)
            }

            /// Writes what there is room for.
            ///
            /// # Errors
            ///
            /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) if there is none, and what the
            /// system says.
            pub fn try_write(&self, bytes: &[u8]) -> std::io::Result<usize> {
                self.source().try_write(bytes)
            }

            /// Writes what there is room for from several buffers, one after the other.
            ///
            /// # Errors
            ///
            /// As `try_write`.
            pub fn try_write_vectored(
                &self,
                buffers: &[std::io::IoSlice<'_>],
            ) -> std::io::Result<usize> {
                self.source().try_write_vectored(buffers)
            }
        }

        crate::stream::writes!(as trait &$type);
        crate::stream::writes!(as trait $type);
    };
    (as trait $type:ty) => {
        impl futures_io::AsyncWrite for $type {
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                bytes: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.source().poll_write(cx, bytes)
            }

            fn poll_write_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffers: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.source().poll_write_vectored(cx, buffers)
            }

            /// There is nothing to flush: what was written is with the system.
            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::task::Poll::Ready(Ok(()))
            }

            /// Ends the direction to the peer. A connection that is gone has ended already.
            fn poll_close(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::task::Poll::Ready(match self.end() {
                    Err(error) if error.kind() == std::io::ErrorKind::NotConnected => Ok(()),
                    ended => ended,
                })
            }
        }
    };
}

pub(crate) use {has_descriptor, lends, readies, reads, writes};
