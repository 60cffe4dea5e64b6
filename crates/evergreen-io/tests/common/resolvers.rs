//! Resolvers for the tests.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use evergreen_io::resolve::{AddrInfo, Answer, Query, Resolver, set_resolver};
use evergreen_testing::OnDrop;

/// Has the same answer to every question, and remembers them.
pub(crate) struct Canned {
    answer: Vec<SocketAddr>,
    asked: Mutex<Vec<Query>>,
}

impl Canned {
    /// Made, and set for this thread's loop.
    pub(crate) fn set(answer: &[SocketAddr]) -> Arc<Self> {
        let resolver = Arc::new(Self { answer: answer.to_vec(), asked: Mutex::default() });
        set_resolver(Arc::<Self>::clone(&resolver)).expect("a loop");
        resolver
    }

    /// What it was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<Query> {
        std::mem::take(&mut self.asked.lock().expect("no panic"))
    }
}

impl Resolver for Canned {
    fn lookup(&self, query: Query) -> Answer<Vec<AddrInfo>> {
        self.asked.lock().expect("no panic").push(query);
        let answer = self.answer.iter().copied().map(AddrInfo::from).collect();
        Box::pin(async { Ok(answer) })
    }

    fn name(&self, address: SocketAddr, flags: i32) -> Answer<(String, String)> {
        Box::pin(async move { Ok((address.ip().to_string(), flags.to_string())) })
    }
}

/// Cannot answer anything.
pub(crate) struct Failing;

impl Resolver for Failing {
    fn lookup(&self, query: Query) -> Answer<Vec<AddrInfo>> {
        let message = format!("the name server does not like {query}");
        Box::pin(async { Err(io::Error::new(io::ErrorKind::HostUnreachable, message)) })
    }
}

/// Never answers, and counts who waits.
#[derive(Default)]
pub(crate) struct Hanging(Arc<AtomicUsize>);

impl Hanging {
    /// Made, and set for this thread's loop.
    pub(crate) fn set() -> Arc<Self> {
        let resolver = Arc::new(Self::default());
        set_resolver(Arc::<Self>::clone(&resolver)).expect("a loop");
        resolver
    }

    pub(crate) fn waiting(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Resolver for Hanging {
    fn lookup(&self, _: Query) -> Answer<Vec<AddrInfo>> {
        let waiting = Arc::clone(&self.0);
        waiting.fetch_add(1, Ordering::SeqCst);
        let gone = OnDrop::new(move || {
            waiting.fetch_sub(1, Ordering::SeqCst);
        });
        Box::pin(async move {
            let _gone = gone;
            pending().await
        })
    }
}
