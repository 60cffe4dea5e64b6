//! The system's resolver, on the threads of the loop's pool.

use std::future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use dns_lookup::{AddrInfoHints, LookupError};
use evergreen_loop::{BlockingError, EventLoop, LoopError};

use super::{AddrInfo, Answer, Query, ResolveError, Resolver};
use crate::no_result::no_result;

/// `getaddrinfo` and `getnameinfo` of the C library, on the thread pool of the present thread's
/// loop.
///
/// As any job of the pool a question holds the loop until it is answered, also if nobody waits for
/// the answer any more; one that has not begun by then is not asked.
///
/// ```
/// use evergreen_io::resolve::{Query, Resolver, SystemResolver};
///
/// let query = Query { flags: libc::AI_NUMERICHOST, ..Query::stream("127.1", 80) };
/// let answer = evergreen_loop::block_on(async { SystemResolver.lookup(query).await })?;
/// assert_eq!(answer[0].address, "127.0.0.1:80".parse().expect("an address"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn lookup(&self, query: Query) -> Answer<Vec<AddrInfo>> {
        ask(query.to_string(), move || addresses(&query))
    }

    fn name(&self, address: SocketAddr, flags: i32) -> Answer<(String, String)> {
        ask(address.to_string(), move || dns_lookup::getnameinfo(&address, flags))
    }
}

fn addresses(query: &Query) -> Result<Vec<AddrInfo>, LookupError> {
    let hints = AddrInfoHints {
        flags: query.flags,
        address: query.family,
        socktype: query.socktype,
        protocol: query.protocol,
    };
    let found = dns_lookup::getaddrinfo(query.host.as_deref(), query.service(), Some(hints))?;
    Ok(found.map(|info| info.map(AddrInfo::from)).collect::<io::Result<_>>()?)
}

impl From<dns_lookup::AddrInfo> for AddrInfo {
    fn from(info: dns_lookup::AddrInfo) -> Self {
        Self {
            family: info.address,
            socktype: info.socktype,
            protocol: info.protocol,
            canonical_name: info.canonname,
            address: info.sockaddr,
        }
    }
}

/// Has the pool call `f`, unless nobody waits by the time that a thread is free.
fn ask<T: Send + 'static>(
    asked: String,
    f: impl FnOnce() -> Result<T, LookupError> + Send + 'static,
) -> Answer<T> {
    let event_loop = match EventLoop::current() {
        Ok(event_loop) => event_loop,
        Err(error) => return Box::pin(future::ready(Err(error.into()))),
    };
    let asking = Arc::new(());
    let asker = Arc::downgrade(&asking);
    let job = event_loop.run_blocking(move || asker.upgrade().map(|_| f()));
    Box::pin(async move {
        let answer = job.await;
        drop(asking);
        match answer {
            Ok(Some(Ok(answer))) => Ok(answer),
            Ok(Some(Err(error))) => Err(ResolveError::of(asked, error)),
            Ok(None) | Err(BlockingError::LoopClosed) => Err(LoopError::Closed.into()),
            Err(error) => {
                let why = no_result(error);
                Err(io::Error::new(why.kind(), format!("cannot resolve `{asked}`: {why}")))
            },
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;

    use evergreen_testing::TestLoop;

    use super::*;

    // F28: questions whose time was over do not keep the threads from those of others.
    #[test]
    fn a_question_that_was_dropped_before_its_turn_is_not_asked() {
        let event_loop = EventLoop::builder().blocking_threads(1).build();
        let event_loop = TestLoop::of(event_loop.expect("descriptors"));
        let (release, released) = mpsc::channel::<()>();
        drop(event_loop.run_blocking(move || released.recv().ok()));
        let asked = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let [dropped, kept] = asked.each_ref().map(|asked| {
            let asked = Arc::clone(asked);
            ask("name".to_owned(), move || Ok(asked.swap(true, Ordering::SeqCst)))
        });
        drop(dropped);
        drop(release);
        assert!(!event_loop.block_on(kept).expect("an answer"));
        assert_eq!(asked.map(|asked| asked.load(Ordering::SeqCst)), [false, true]);
    }
}
