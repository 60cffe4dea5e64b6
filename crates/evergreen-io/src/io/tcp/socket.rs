//! The socket below.

use std::io;
use std::rc::Weak;

use crate::io::core::StreamCore;
use crate::io::error::{StreamError, TcpError};
use crate::net::TcpStream;

/// Asks the socket of a connection.
pub(super) fn with_socket<R>(
    core: &StreamCore,
    socket: &Weak<TcpStream>,
    f: impl FnOnce(&TcpStream) -> io::Result<R>,
) -> Result<R, TcpError> {
    core.check_open()?;
    Ok(f(&*socket.upgrade().ok_or(StreamError::NotConnected)?)?)
}
