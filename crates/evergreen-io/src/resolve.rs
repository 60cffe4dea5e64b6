//! Names and addresses, and who knows the one for the other.
//!
//! What is an address already never leaves the loop's thread. Everything else is asked of the
//! loop's [`Resolver`]: the system's, on the loop's thread pool, unless another one is set. It serves
//! whatever wants an address: [`TcpStream::connect`](crate::net::TcpStream::connect),
//! [`lookup_host`](crate::net::lookup_host), [`getaddrinfo`].
//!
//! ```
//! use evergreen_io::net::lookup_host;
//! use evergreen_io::resolve::{AddrInfo, Answer, Query, Resolver, set_resolver};
//! use std::net::SocketAddr;
//! use std::sync::Arc;
//!
//! /// Has one address for every name.
//! struct Static(SocketAddr);
//!
//! impl Resolver for Static {
//!     fn lookup(&self, _: Query) -> Answer<Vec<AddrInfo>> {
//!         let answer = vec![AddrInfo::from(self.0)];
//!         Box::pin(async { Ok(answer) })
//!     }
//! }
//!
//! evergreen_loop::block_on(async {
//!     let address = SocketAddr::from(([192, 0, 2, 1], 80));
//!     set_resolver(Arc::new(Static(address)))?;
//!     let found: Vec<_> = lookup_host("example.com:80").await?.collect();
//!     assert_eq!(found, [address]);
//!     Ok::<_, std::io::Error>(())
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The shape is that of gevent's resolvers, the questions are those of `getaddrinfo` and
//! `getnameinfo`.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use evergreen_loop::LoopError;
use evergreen_loop::build::LoopId;

mod error;
pub(crate) mod literal;
mod query;
mod system;

pub use error::ResolveError;
pub use query::{AddrInfo, Query};
pub(crate) use query::{number, refused};
pub use system::SystemResolver;

/// What a resolver gives: an answer to be awaited.
pub type Answer<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

/// Who knows the addresses of names. One may serve the loops of several threads.
///
/// An answer that is dropped is not wanted any more.
pub trait Resolver: Send + Sync {
    /// The addresses for a name and a service.
    ///
    /// # Errors
    ///
    /// The error is given to whoever asked as it is. It is to name what was asked for; see
    /// [`ResolveError`].
    fn lookup(&self, query: Query) -> Answer<Vec<AddrInfo>>;

    /// The host and the service for an address, by the flags of `getnameinfo`. Left out, the system
    /// is asked.
    ///
    /// # Errors
    ///
    /// As [`Resolver::lookup`].
    fn name(&self, address: SocketAddr, flags: i32) -> Answer<(String, String)> {
        SystemResolver.name(address, flags)
    }
}

thread_local! {
    /// With the loop that it is for: the next loop of the thread begins with the system's.
    static RESOLVER: RefCell<Option<(LoopId, Arc<dyn Resolver>)>> = const { RefCell::new(None) };
}

/// The resolver of this thread's loop: the system's if none was set.
///
/// # Errors
///
/// [`LoopError::NoLoop`].
pub fn resolver() -> Result<Arc<dyn Resolver>, LoopError> {
    let id = LoopId::current()?;
    let ours = RESOLVER.with_borrow(|slot| {
        slot.as_ref().filter(|(owner, _)| *owner == id).map(|(_, resolver)| Arc::clone(resolver))
    });
    if let Some(resolver) = ours {
        return Ok(resolver);
    }
    let resolver: Arc<dyn Resolver> = Arc::new(SystemResolver);
    set_resolver(Arc::clone(&resolver))?;
    Ok(resolver)
}

/// Sets the resolver of this thread's loop. Answers that are awaited already come from the former.
///
/// # Errors
///
/// [`LoopError::NoLoop`].
pub fn set_resolver(resolver: Arc<dyn Resolver>) -> Result<(), LoopError> {
    let id = LoopId::current()?;
    // The former is dropped when nothing is borrowed.
    drop(RESOLVER.replace(Some((id, resolver))));
    Ok(())
}

/// Goes back to the system's resolver.
///
/// # Errors
///
/// [`LoopError::NoLoop`].
pub fn reset_resolver() -> Result<(), LoopError> {
    set_resolver(Arc::new(SystemResolver))
}

/// The addresses for a host and a service, by the rules of `getaddrinfo`.
///
/// An address with a numeric port that fits the rest of the query is answered at once, without a
/// resolver.
///
/// ```
/// use evergreen_io::resolve::{Query, getaddrinfo};
///
/// evergreen_loop::block_on(async {
///     let found = getaddrinfo(Query::stream("::1", 443)).await?;
///     assert_eq!(found[0].address, "[::1]:443".parse().expect("an address"));
///     Ok::<_, std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// [`io::ErrorKind::InvalidInput`] if there can be no such host or port; what the resolver says,
/// which for the system's is a [`ResolveError`] inside; if this thread has no loop.
///
/// # Kill safety
///
/// The answer is not waited for any more.
pub async fn getaddrinfo(query: Query) -> io::Result<Vec<AddrInfo>> {
    query.check()?;
    if let Some(answer) = literal::answer(&query)? {
        return Ok(answer);
    }
    query.check_name()?;
    let answer = resolver()?.lookup(query);
    answer.await
}

/// The host and the service for an address, by the rules and flags of `getnameinfo`.
///
/// ```
/// use evergreen_io::resolve::getnameinfo;
///
/// let address = "127.0.0.1:9".parse().expect("an address");
/// let flags = libc::NI_NUMERICHOST | libc::NI_NUMERICSERV;
/// let name = evergreen_loop::block_on(getnameinfo(address, flags))?;
/// assert_eq!(name, ("127.0.0.1".to_owned(), "9".to_owned()));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// What the resolver says, which for the system's is a [`ResolveError`] inside; if this thread has
/// no loop.
///
/// # Kill safety
///
/// The answer is not waited for any more.
pub async fn getnameinfo(address: SocketAddr, flags: i32) -> io::Result<(String, String)> {
    let answer = resolver()?.name(address, flags);
    answer.await
}
