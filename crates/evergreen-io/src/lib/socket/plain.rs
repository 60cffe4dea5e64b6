//! What is done at once, as the system does it.

use std::io;

use super::Socket;
use super::address::Address;
use super::options;
use super::side::Side;
use crate::net::bind_error;

/// What is done at once. Each gives [`BadDescriptor`](super::BadDescriptor) once it is closed.
impl Socket {
    /// Takes an address for its own. A name is not looked up.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] for a name; if the address is in use, forbidden, or of no
    /// interface here.
    pub fn bind(&self, address: impl Into<Address>) -> io::Result<()> {
        let address = address.into();
        let Some(known) = address.known(|| self.family())? else {
            let message =
                format!("cannot bind to the name in {address}: look it up by getaddrinfo before");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        };
        let bound = self.with(|io| io.bind(&known));
        bound.map_err(|error| match address {
            Address::Path(_) => bind_error::at_path(&address, error),
            _ => bind_error::at(&address, known.as_socket(), error),
        })
    }

    /// Has it listen. `backlog` is how many connections may wait to be accepted.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn listen(&self, backlog: i32) -> io::Result<()> {
        self.with(|io| io.listen(backlog))?;
        self.0.sides.iter().for_each(Side::renew);
        Ok(())
    }

    /// This end's address.
    ///
    /// # Errors
    ///
    /// What the system says.
    #[doc(alias = "getsockname")]
    pub fn local_addr(&self) -> io::Result<Address> {
        self.with(|io| Address::told(Some(rustix::net::getsockname(io)?)))
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// What the system says: it is not connected.
    #[doc(alias = "getpeername")]
    pub fn peer_addr(&self) -> io::Result<Address> {
        self.with(|io| Address::told(rustix::net::getpeername(io)?))
    }

    /// An option, by its numbers, such as [`SOL_SOCKET`](super::SOL_SOCKET) and [`SO_REUSEADDR`](super::SO_REUSEADDR): one of those that are
    /// known here by name, because any other would need unsafe code.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] if it is another; what the system says.
    #[doc(alias = "getsockopt")]
    pub fn option(&self, level: i32, name: i32) -> io::Result<i32> {
        self.with(|io| options::get(io, level, name))
    }

    /// Sets an option, as [`option`](Self::option) asks for it.
    ///
    /// # Errors
    ///
    /// As [`option`](Self::option); [`io::ErrorKind::InvalidInput`] if it cannot be so.
    #[doc(alias = "setsockopt")]
    pub fn set_option(&self, level: i32, name: i32, value: i32) -> io::Result<()> {
        self.with(|io| options::set(io, level, name, value))
    }

    /// The family it is of, such as [`AF_INET`](super::AF_INET).
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn family(&self) -> io::Result<i32> {
        self.with(|io| Ok(rustix::net::getsockname(io)?.address_family().as_raw().into()))
    }

    /// The kind it is of, such as [`SOCK_STREAM`](super::SOCK_STREAM).
    ///
    /// # Errors
    ///
    /// What the system says.
    #[doc(alias = "type")]
    pub fn kind(&self) -> io::Result<i32> {
        self.with(|io| Ok(io.r#type()?.into()))
    }

    /// The protocol it was made with; zero if it was made from a descriptor.
    #[doc(alias = "proto")]
    pub fn protocol(&self) -> i32 {
        self.0.protocol
    }
}
