//! A client that connects, over real sockets: EV-STR-10, EV-STR-14, EV-TCP-03.

use std::cell::RefCell;
use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;

use evergreen_io::io::{BaseStream, StreamError, TcpClient, TcpError};
use evergreen_loop::EventLoop;
use evergreen_testing::kill_points::{Stage, every_point};
use evergreen_testing::{VirtualClock, settle};

use crate::common::Blackhole;

type Connected = Result<(), TcpError>;

/// Any port of this host.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// Those who connect, and what came of it.
fn connecting(
    stage: &Stage,
    client: &TcpClient,
    server: SocketAddr,
    connect: impl AsyncFn(&TcpClient, SocketAddr) -> Connected + Copy + 'static,
) -> Rc<RefCell<Vec<Connected>>> {
    let outcomes = Rc::new(RefCell::new(Vec::new()));
    for _ in 0..3 {
        let (client, outcomes) = (client.clone(), Rc::clone(&outcomes));
        stage.role(async move {
            let outcome = connect(&client, server).await;
            outcomes.borrow_mut().push(outcome);
        });
    }
    outcomes
}

/// What all connections together have brought, once they have ended.
fn arrived(listener: &TcpListener) -> Vec<u8> {
    listener.set_nonblocking(true).expect("a listener");
    let mut bytes = Vec::new();
    while let Ok((mut connection, _)) = listener.accept() {
        connection.set_nonblocking(false).expect("a connection");
        connection.read_to_end(&mut bytes).expect("ended");
    }
    bytes
}

fn sources() -> usize {
    EventLoop::try_current().expect("the loop of the scenario").metrics().sources
}

/// One connects, and the others are told that it is done. What was written before goes out once.
async fn one_of_several(
    stage: &Stage,
    connect: impl AsyncFn(&TcpClient, SocketAddr) -> Connected + Copy + 'static,
) {
    // The sockets are real.
    let _frozen = VirtualClock::current().freeze();
    let listener = TcpListener::bind(ANY).expect("a free port");
    let server = listener.local_addr().expect("bound");
    let client = TcpClient::new();
    assert!(!client.write(b"written before").expect("held"));
    let outcomes = connecting(stage, &client, server, connect);
    stage.rest_in_order().await;
    let (first, others) = outcomes.take().into_iter().partition::<Vec<_>, _>(Result::is_ok);
    assert_eq!((first.len(), others.len()), (1, 2 - usize::from(stage.victim().is_some())));
    for other in others {
        let error = other.expect_err("one is enough");
        assert!(matches!(error.kind(), StreamError::AlreadyConnected), "{error}");
    }
    client.flush().await.expect("open");
    client.close();
    assert_eq!(sources(), 0);
    assert_eq!(arrived(&listener), b"written before");
}

/// The client is closed while they connect.
async fn closed(
    stage: &Stage,
    connect: impl AsyncFn(&TcpClient, SocketAddr) -> Connected + Copy + 'static,
) {
    let blackhole = Blackhole::new();
    let client = TcpClient::new();
    let outcomes = connecting(stage, &client, blackhole.address(), connect);
    settle().await;
    client.close();
    stage.rest_in_order().await;
    assert_eq!(outcomes.borrow().len(), 3 - usize::from(stage.victim().is_some()));
    for outcome in outcomes.take() {
        let error = outcome.expect_err("it is closed");
        assert!(matches!(error.kind(), StreamError::Closed), "{error}");
    }
    assert_eq!(sources(), 0);
}

#[test]
fn connect() {
    every_point("TcpClient::connect", async |stage| {
        one_of_several(stage, async |client, server| client.connect(server).await).await;
    });
    every_point("TcpClient::connect", async |stage| {
        closed(stage, async |client, server| client.connect(server).await).await;
    });
}

#[test]
fn connect_from() {
    every_point("TcpClient::connect_from", async |stage| {
        one_of_several(stage, async |client, server| client.connect_from(server, ANY).await).await;
    });
    every_point("TcpClient::connect_from", async |stage| {
        closed(stage, async |client, server| client.connect_from(server, ANY).await).await;
    });
}
