//! Connections for the tests.
#![allow(dead_code, unused_imports, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

pub(crate) mod handlers;
pub(crate) mod program;

use evergreen::net::{TcpListener, TcpStream};
use evergreen::{Task, spawn, timeout};
use evergreen_interop::http::{Version, serve_one};
pub(crate) use evergreen_testing::TestLoop;

/// Two ends of a connection.
pub(crate) async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

/// A connection to a server, and the task that serves it.
pub(crate) async fn served(version: Version) -> (TcpStream, Task<hyper::Result<()>>) {
    let (client, server) = pair().await;
    (client, spawn(serve_one(server, version)))
}

/// Runs a test on a loop of its own, which must be empty at the end.
pub(crate) fn run<T>(test: impl AsyncFnOnce() -> T) -> T {
    let event_loop = TestLoop::new();
    let output =
        event_loop.block_on(async { timeout(20.0, test()).await.expect("it takes no such time") });
    event_loop.destroy().unwrap();
    let metrics = event_loop.metrics();
    assert_eq!((metrics.sources, metrics.timers, metrics.tasks), (0, 0, 0));
    output
}

/// Content in which every place is different from its neighbours.
pub(crate) fn content(length: usize) -> Vec<u8> {
    let mut state: u32 = 3;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect()
}
