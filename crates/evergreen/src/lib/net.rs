//! Sockets of `std::net`: they block their thread, or park their task once they are patched by the
//! [`patcher`](crate::patcher).
//!
//! A socket is of the kind that was chosen when it was made. Written once, it serves both kinds of
//! programs; whoever needs only one has more from [`net`](crate::net) or from the standard library.
//!
//! ```
//! use evergreen::lib::net::{TcpListener, TcpStream};
//!
//! async fn greet() -> std::io::Result<Vec<u8>> {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let client = TcpStream::connect(listener.local_addr()?).await?;
//!     let (server, _) = listener.accept().await?;
//!     server.write_all(b"hello").await?;
//!     let mut greeting = vec![0; 5];
//!     let length = client.read(&mut greeting).await?;
//!     greeting.truncate(length);
//!     Ok(greeting)
//! }
//!
//! assert_eq!(evergreen::block_on(greet())?, b"hello");
//! # Ok::<(), std::io::Error>(())
//! ```

use std::io::{self, Read, Write};
use std::net::{self, Shutdown, SocketAddr};

use evergreen_io::{Interest, net as cooperative};

use crate::patcher::{Module, Provider, choose};

/// What both kinds of programs take for an address.
pub trait ToSocketAddrs: net::ToSocketAddrs + cooperative::ToSocketAddrs {}

impl<T: net::ToSocketAddrs + cooperative::ToSocketAddrs> ToSocketAddrs for T {}

/// A TCP connection of either kind.
#[derive(Debug)]
pub struct TcpStream(Stream);

#[derive(Debug)]
enum Stream {
    Blocking(net::TcpStream),
    Cooperative(cooperative::TcpStream),
}

impl TcpStream {
    /// Connects to an address.
    ///
    /// # Errors
    ///
    /// Those of [`net::TcpStream::connect`], or of
    /// [`evergreen::net::TcpStream::connect`](crate::net::TcpStream::connect).
    ///
    /// # Kill safety
    ///
    /// The attempt is given up.
    pub fn connect(address: impl ToSocketAddrs) -> impl Future<Output = io::Result<Self>> {
        let provider = choose(Module::Net);
        async move {
            Ok(Self(match provider {
                Provider::Blocking => Stream::Blocking(net::TcpStream::connect(address)?),
                Provider::Cooperative => {
                    Stream::Cooperative(cooperative::TcpStream::connect(address).await?)
                },
            }))
        }
    }

    /// Waits for bytes. None are the end.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Kill safety
    ///
    /// Nothing is lost.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let stream = match &self.0 {
            Stream::Blocking(stream) => return (&*stream).read(buffer),
            Stream::Cooperative(stream) => stream,
        };
        stream.async_io(Interest::READABLE, || stream.try_read(buffer)).await
    }

    /// Writes what there is room for, and waits if there is none.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Kill safety
    ///
    /// It is written or it is not.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let stream = match &self.0 {
            Stream::Blocking(stream) => return (&*stream).write(bytes),
            Stream::Cooperative(stream) => stream,
        };
        stream.async_io(Interest::WRITABLE, || stream.try_write(bytes)).await
    }

    /// Writes all of it.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Kill safety
    ///
    /// A part of it may have been written.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write(bytes).await {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => bytes = &bytes[length..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {},
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Ends directions of the connection.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match &self.0 {
            Stream::Blocking(stream) => stream.shutdown(how),
            Stream::Cooperative(stream) => stream.shutdown(how),
        }
    }

    /// This end's address.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            Stream::Blocking(stream) => stream.local_addr(),
            Stream::Cooperative(stream) => stream.local_addr(),
        }
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            Stream::Blocking(stream) => stream.peer_addr(),
            Stream::Cooperative(stream) => stream.peer_addr(),
        }
    }
}

/// A TCP listener of either kind. Its connections are of the same.
#[derive(Debug)]
pub struct TcpListener(Listener);

#[derive(Debug)]
enum Listener {
    Blocking(net::TcpListener),
    Cooperative(cooperative::TcpListener),
}

impl TcpListener {
    /// Listens on an address.
    ///
    /// # Errors
    ///
    /// If the address is malformed, unknown, in use or forbidden.
    ///
    /// # Kill safety
    ///
    /// Nothing is bound if it does not return.
    pub fn bind(address: impl ToSocketAddrs) -> impl Future<Output = io::Result<Self>> {
        let provider = choose(Module::Net);
        async move {
            Ok(Self(match provider {
                Provider::Blocking => Listener::Blocking(net::TcpListener::bind(address)?),
                Provider::Cooperative => {
                    Listener::Cooperative(cooperative::TcpListener::bind(address).await?)
                },
            }))
        }
    }

    /// Waits for a connection, and gives it with the peer's address.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Kill safety
    ///
    /// No connection is lost.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        Ok(match &self.0 {
            Listener::Blocking(listener) => {
                let (stream, peer) = listener.accept()?;
                (TcpStream(Stream::Blocking(stream)), peer)
            },
            Listener::Cooperative(listener) => {
                let (stream, peer) = listener.accept().await?;
                (TcpStream(Stream::Cooperative(stream)), peer)
            },
        })
    }

    /// The address it listens on.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.0 {
            Listener::Blocking(listener) => listener.local_addr(),
            Listener::Cooperative(listener) => listener.local_addr(),
        }
    }
}
