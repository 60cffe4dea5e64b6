//! Connections for the tests.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod accepting;
pub(crate) mod busy_pool;
pub(crate) mod child;
pub(crate) mod pty;
pub(crate) mod resolvers;
pub(crate) mod scratch;
pub(crate) mod streams;
pub(crate) mod watched;
pub(crate) mod wire;

use std::net::SocketAddr;
use std::thread;

use evergreen_io::net::{TcpListener, TcpStream};
use evergreen_loop::EventLoop;
#[allow(unused_imports, reason = "each test file uses its part")]
pub(crate) use evergreen_testing::TestLoop;
use socket2::{Domain, Socket, Type};

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

/// The number of the system's error that another one has inside.
pub(crate) fn code_inside(error: &std::io::Error) -> Option<i32> {
    let inside = error.get_ref().and_then(std::error::Error::source);
    inside.and_then(|error| error.downcast_ref::<std::io::Error>()?.raw_os_error())
}

/// Whether this process has children, those included that have ended and were not waited for.
#[cfg(target_os = "linux")]
pub(crate) fn has_children() -> bool {
    use rustix::io::Errno;
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::All, options), Err(Errno::CHILD))
}

/// A port that refuses connections, and that nobody else can take meanwhile.
pub(crate) struct Refusing(Socket);

impl Refusing {
    pub(crate) fn new() -> Self {
        Self(bound_socket())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        address_of(&self.0)
    }
}

fn bound_socket() -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
    socket
}

fn address_of(socket: &Socket) -> SocketAddr {
    socket.local_addr().ok().and_then(|own| own.as_socket()).expect("bound")
}

/// Somebody who listens and never answers: the queue of connections to accept is full.
pub(crate) struct Blackhole {
    listener: Socket,
    first: Option<std::net::TcpStream>,
}

impl Blackhole {
    pub(crate) fn new() -> Self {
        let listener = bound_socket();
        // Linux takes one more than it is told to.
        listener.listen(0).expect("bound");
        let mut blackhole = Self { listener, first: None };
        blackhole.first = std::net::TcpStream::connect(blackhole.address()).ok();
        blackhole
    }

    pub(crate) fn address(&self) -> SocketAddr {
        address_of(&self.listener)
    }

    /// Makes room for one connection; the system of who connects tries again within a second.
    pub(crate) fn answer(&mut self) {
        self.first = self.listener.accept().ok().map(|(accepted, _)| accepted.into());
    }
}
