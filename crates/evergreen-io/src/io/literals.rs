//! Addresses that need not be looked up, for what is bound without waiting.

use std::io;
use std::net::SocketAddr;

use crate::net::{Target, ToSocketAddrs};

pub(super) fn literals(address: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    match address.target()? {
        Target::Addresses(addresses) => Ok(addresses),
        Target::Name(name, _) => {
            let message = format!(
                "`{name}` is a name: resolve it by `net::lookup_host`, and bind to its address"
            );
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        },
    }
}
