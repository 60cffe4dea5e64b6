//! Clients that connect, over real sockets: EV-STR-10, EV-STR-14, EV-TCP-03, EV-PIPE-01.

use std::cell::RefCell;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::rc::Rc;

use evergreen_io::io::{BaseStream, PipeClient, PipeError, StreamError, TcpClient, TcpError};
use evergreen_loop::EventLoop;
use evergreen_task::sleep;
use evergreen_testing::kill_points::{Stage, every_point};
use evergreen_testing::{VirtualClock, settle};

use crate::common::Blackhole;
use crate::common::scratch::Scratch;

/// Any port of this host.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

type Outcomes = Rc<RefCell<Vec<Result<(), StreamError>>>>;

/// Those who connect, and what came of it.
fn connecting<C: Clone + 'static, E: Into<StreamError>>(
    stage: &Stage,
    client: &C,
    connect: impl AsyncFn(&C) -> Result<(), E> + Clone + 'static,
) -> Outcomes {
    let outcomes = Outcomes::default();
    for _ in 0..3 {
        let (client, connect, outcomes) = (client.clone(), connect.clone(), Rc::clone(&outcomes));
        stage.role(async move {
            let outcome = connect(&client).await.map_err(Into::into);
            outcomes.borrow_mut().push(outcome);
        });
    }
    outcomes
}

/// One has connected, and the others were told that it is done.
fn assert_one(stage: &Stage, outcomes: &Outcomes) {
    let (first, others) = outcomes.take().into_iter().partition::<Vec<_>, _>(Result::is_ok);
    assert_eq!((first.len(), others.len()), (1, 2 - usize::from(stage.victim().is_some())));
    let is_told = |other| matches!(other, Err(StreamError::AlreadyConnected));
    assert!(others.into_iter().all(is_told));
}

fn assert_closed(stage: &Stage, outcomes: &Outcomes) {
    assert_eq!(outcomes.borrow().len(), 3 - usize::from(stage.victim().is_some()));
    assert!(outcomes.take().into_iter().all(|it| matches!(it, Err(StreamError::Closed))));
    assert_eq!(sources(), 0);
}

fn sources() -> usize {
    EventLoop::try_current().expect("the loop of the scenario").metrics().sources
}

/// What all connections together have brought, once they have ended.
fn arrived<C: Read>(connections: impl Iterator<Item = C>) -> Vec<u8> {
    let read = |mut connection: C| {
        let mut bytes = Vec::new();
        connection.read_to_end(&mut bytes).expect("it has ended");
        bytes
    };
    connections.flat_map(read).collect()
}

/// What was written before goes out once.
async fn by_tcp(
    stage: &Stage,
    connect: impl AsyncFn(&TcpClient, SocketAddr) -> Result<(), TcpError> + Copy + 'static,
) {
    // The sockets are real.
    let _frozen = VirtualClock::current().freeze();
    let listener = TcpListener::bind(ANY).expect("a free port");
    let server = listener.local_addr().expect("bound");
    let client = TcpClient::new();
    assert!(!client.write(b"written before").expect("held"));
    let outcomes = connecting(stage, &client, async move |client| connect(client, server).await);
    stage.rest_in_order().await;
    assert_one(stage, &outcomes);
    client.flush().await.expect("open");
    client.close();
    assert_eq!(sources(), 0);
    listener.set_nonblocking(true).expect("a listener");
    assert_eq!(arrived(listener.incoming().map_while(Result::ok)), b"written before");
}

/// The client is closed while nobody answers.
async fn tcp_closed(
    stage: &Stage,
    connect: impl AsyncFn(&TcpClient, SocketAddr) -> Result<(), TcpError> + Copy + 'static,
) {
    let blackhole = Blackhole::new();
    let (client, server) = (TcpClient::new(), blackhole.address());
    let outcomes = connecting(stage, &client, async move |client| connect(client, server).await);
    settle().await;
    client.close();
    stage.rest_in_order().await;
    assert_closed(stage, &outcomes);
}

/// A listener at a path, whose queue is full.
fn busy(path: &Path) -> (UnixListener, UnixStream) {
    let listener = UnixListener::bind(path).expect("a name of ours");
    // Linux takes one more than it is told to.
    rustix::net::listen(&listener, 0).expect("bound");
    let first = UnixStream::connect(path).expect("it listens");
    (listener, first)
}

fn to(path: &Rc<Path>) -> impl AsyncFn(&PipeClient) -> Result<(), PipeError> + Clone + use<> {
    let path = Rc::clone(path);
    async move |client: &PipeClient| client.connect(&path).await
}

async fn by_pipe(stage: &Stage) {
    let scratch = Scratch::new();
    let path: Rc<Path> = scratch.join("listener").into();
    let (listener, first) = busy(&path);
    let client = PipeClient::new();
    assert!(!client.write(b"written before").expect("held"));
    let outcomes = connecting(stage, &client, to(&path));
    // Several attempts are in vain.
    sleep(0.01).await;
    drop(first);
    let first = listener.accept().expect("the first");
    stage.rest_in_order().await;
    assert_one(stage, &outcomes);
    client.flush().await.expect("open");
    client.close();
    assert_eq!(sources(), 0);
    listener.set_nonblocking(true).expect("a listener");
    let connections = listener.incoming().map_while(Result::ok).chain([first.0]);
    assert_eq!(arrived(connections), b"written before");
}

async fn pipe_closed(stage: &Stage) {
    let scratch = Scratch::new();
    let path: Rc<Path> = scratch.join("listener").into();
    let _busy = busy(&path);
    let client = PipeClient::new();
    let outcomes = connecting(stage, &client, to(&path));
    settle().await;
    client.close();
    stage.rest_in_order().await;
    assert_closed(stage, &outcomes);
}

#[test]
fn connect() {
    every_point("TcpClient::connect", async |stage| {
        by_tcp(stage, async |client, server| client.connect(server).await).await;
    });
    every_point("TcpClient::connect", async |stage| {
        tcp_closed(stage, async |client, server| client.connect(server).await).await;
    });
}

#[test]
fn connect_from() {
    every_point("TcpClient::connect_from", async |stage| {
        by_tcp(stage, async |client, server| client.connect_from(server, ANY).await).await;
    });
    every_point("TcpClient::connect_from", async |stage| {
        tcp_closed(stage, async |client, server| client.connect_from(server, ANY).await).await;
    });
}

#[test]
fn connect_pipe() {
    every_point("PipeClient::connect", by_pipe);
    every_point("PipeClient::connect", pipe_closed);
}
