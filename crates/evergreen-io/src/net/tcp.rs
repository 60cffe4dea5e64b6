//! The halves of a TCP connection.

crate::net::halves::halves!(TcpStream, std::net::TcpStream, std::net::SocketAddr);

impl ReadHalf<'_> {
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
        self.0.peek(buffer).await
    }
}

impl OwnedReadHalf {
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
        self.0.peek(buffer).await
    }
}
