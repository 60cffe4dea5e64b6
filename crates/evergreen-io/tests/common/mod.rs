//! Connections for the tests.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod accepting;
pub(crate) mod child;

use std::thread;

use evergreen_io::net::{TcpListener, TcpStream};
use evergreen_loop::EventLoop;
#[allow(unused_imports, reason = "each test file uses its part")]
pub(crate) use evergreen_testing::TestLoop;

/// Two ends of a connection, both on this thread's loop.
pub(crate) async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let client = TcpStream::connect(address).await.expect("somebody listens");
    let (server, peer) = listener.accept().await.expect("a connection is there");
    assert_eq!(peer, client.local_addr().expect("connected"));
    (client, server)
}

/// One end on this thread's loop, the other one blocking.
pub(crate) fn pair_with_std() -> (TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let peer = std::net::TcpStream::connect(listener.local_addr().expect("bound"));
    let (stream, _) = listener.accept().expect("a connection is there");
    (TcpStream::from_std(stream).expect("a loop"), peer.expect("somebody listens"))
}

/// Runs the loop until the thread has ended.
pub(crate) fn beside<T: Send + 'static>(
    event_loop: &EventLoop,
    f: impl FnOnce() -> T + Send + 'static,
) -> T {
    let remote = event_loop.remote();
    let keep_alive = event_loop.keep_alive();
    let thread = thread::spawn(move || {
        let stop = StopOnDrop(remote);
        let output = f();
        drop(stop);
        output
    });
    event_loop.run_forever().expect("the poller works");
    drop(keep_alive);
    thread.join().expect("no panic")
}

/// Stops the loop also if the thread panics.
struct StopOnDrop(evergreen_loop::LoopRemote);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop().expect("the loop exists");
    }
}

/// Content in which every place is different from its neighbours.
pub(crate) fn content(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect()
}

/// Whether this process has children, those included that have ended and were not waited for.
#[cfg(target_os = "linux")]
pub(crate) fn has_children() -> bool {
    use rustix::io::Errno;
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::All, options), Err(Errno::CHILD))
}
