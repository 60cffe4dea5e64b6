//! The halves of a TCP connection.

crate::net::halves::halves!(TcpStream, std::net::TcpStream, std::net::SocketAddr);

macro_rules! peeks {
    ($half:ty) => {
        impl $half {
            /// As [`TcpStream::peek`].
            ///
            /// # Errors
            ///
            /// What the system says.
            ///
            /// # Kill safety
            ///
            /// Nothing is lost.
            pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
                self.as_ref().peek(buffer).await
            }
        }
    };
}

peeks!(ReadHalf<'_>);
peeks!(OwnedReadHalf);
