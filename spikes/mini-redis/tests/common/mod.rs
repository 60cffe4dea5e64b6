//! Loops and connections for the tests.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::time::Duration;

use evergreen::{spawn_blocking, timeout};
use evergreen_testing::TestLoop;
use tokio::net::{TcpListener, TcpStream};

/// How long anything may take that waits for somebody else.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Runs a test on a loop of its own, which must be empty at the end.
pub(crate) fn run<T>(test: impl AsyncFnOnce() -> T) -> T {
    let event_loop = TestLoop::new();
    let output =
        event_loop.block_on(async { timeout(LIMIT, test()).await.expect("it takes no such time") });
    event_loop.destroy().unwrap();
    let metrics = event_loop.metrics();
    assert_eq!((metrics.sources, metrics.timers, metrics.tasks), (0, 0, 0));
    output
}

/// Runs `f` on a thread that has no loop, while this one runs.
pub(crate) async fn elsewhere<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(f).await.unwrap()
}

/// Two ends of a connection.
pub(crate) async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}
