//! A socket as a file.

use std::io;
use std::net;
use std::os::fd::OwnedFd;

use evergreen_loop::build::Interest;

use crate::source::Source;

/// A socket as a file, by the stream traits: [`Socket::make_file`](super::Socket::make_file).
///
/// It has a descriptor of its own. The connection is open until both it and the socket are closed;
/// a shutdown of the socket ends both. The socket's limit is not the file's: use
/// [`timeout`](evergreen_task::timeout). Closing the file, as the traits have it, sends nothing.
#[derive(Debug)]
pub struct SocketFile {
    /// All kinds of sockets read and write alike.
    source: Source<net::TcpStream>,
}

impl SocketFile {
    pub(super) fn new(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self { source: Source::packets(fd.into(), Interest::BOTH)?.shared() })
    }

    const fn source(&self) -> &Source<net::TcpStream> {
        &self.source
    }

    /// The connection is the socket's to end.
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "as the macro calls it")]
    const fn end(&self) -> io::Result<()> {
        Ok(())
    }
}

crate::stream::reads!(SocketFile);
crate::stream::writes!(SocketFile);
