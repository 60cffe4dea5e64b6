//! The addresses of both ends, asked for once.

use std::cell::OnceCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Weak;

use super::socket::with_socket;
use crate::io::core::StreamCore;
use crate::io::error::TcpError;
use crate::net::TcpStream;

#[derive(Default)]
pub(in crate::io) struct Names {
    local: OnceCell<SocketAddr>,
    peer: OnceCell<SocketAddr>,
}

impl Names {
    /// Those of a connection from there: once it is gone, the system does not know any more.
    pub(super) fn of_peer(peer: SocketAddr) -> Self {
        Self { local: OnceCell::new(), peer: peer.into() }
    }

    pub(super) fn local(
        &self,
        core: &StreamCore,
        socket: &Weak<TcpStream>,
    ) -> Result<SocketAddr, TcpError> {
        ask(&self.local, core, socket, TcpStream::local_addr)
    }

    pub(super) fn peer(
        &self,
        core: &StreamCore,
        socket: &Weak<TcpStream>,
    ) -> Result<SocketAddr, TcpError> {
        ask(&self.peer, core, socket, TcpStream::peer_addr)
    }
}

fn ask(
    known: &OnceCell<SocketAddr>,
    core: &StreamCore,
    socket: &Weak<TcpStream>,
    ask: fn(&TcpStream) -> io::Result<SocketAddr>,
) -> Result<SocketAddr, TcpError> {
    core.check_open()?;
    if let Some(address) = known.get() {
        return Ok(*address);
    }
    let address = with_socket(core, socket, ask)?;
    Ok(*known.get_or_init(|| address))
}
