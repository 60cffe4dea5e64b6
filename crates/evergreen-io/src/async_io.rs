//! Sockets to and from `async_io::Async`.

use std::io;
use std::net;
use std::os::unix::net as unix;

use ::async_io::Async;

use crate::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};

macro_rules! conversions {
    ($($socket:ident: $io:ty),* $(,)?) => { $(
        /// Takes the socket out of async-io's reactor, and registers it with the loop of this
        /// thread.
        ///
        /// # Errors
        ///
        /// If it cannot be taken out or registered, or this thread has no loop.
        impl TryFrom<Async<$io>> for $socket {
            type Error = io::Error;

            fn try_from(socket: Async<$io>) -> io::Result<Self> {
                Self::from_std(socket.into_inner()?)
            }
        }

        /// Takes the socket out of its loop, and registers it with async-io's reactor. That one
        /// has a thread of its own, which starts at its first use.
        ///
        /// # Errors
        ///
        /// If it cannot be registered.
        impl TryFrom<$socket> for Async<$io> {
            type Error = io::Error;

            fn try_from(socket: $socket) -> io::Result<Self> {
                Self::new_nonblocking(socket.into_std()?)
            }
        }
    )* };
}

conversions! {
    TcpListener: net::TcpListener,
    TcpStream: net::TcpStream,
    UdpSocket: net::UdpSocket,
    UnixDatagram: unix::UnixDatagram,
    UnixListener: unix::UnixListener,
    UnixStream: unix::UnixStream,
}
