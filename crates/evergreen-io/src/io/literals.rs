//! Addresses that need not be looked up, for what is bound without waiting.

use std::io;
use std::net::SocketAddr;

use crate::net::{Target, ToSocketAddrs};

/// Binds to the first address that works.
pub(super) fn bind_first<T>(
    address: impl ToSocketAddrs,
    bind: impl Fn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let none = || io::Error::new(io::ErrorKind::InvalidInput, "there is no address to bind to");
    let mut result = Err(none());
    for address in literals(address)? {
        result = bind(address);
        if result.is_ok() {
            break;
        }
    }
    result
}

fn literals(address: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
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
