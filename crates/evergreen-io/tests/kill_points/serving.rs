//! Servers, over real sockets: EV-SRV-03, EV-SRV-05.

use std::net::SocketAddr;
use std::rc::Rc;

use evergreen_io::io::{BaseStream, StreamError, TcpClient, TcpConnection, TcpError, TcpServer};
use evergreen_loop::EventLoop;
use evergreen_sync::Event;
use evergreen_sync::queue::Queue;
use evergreen_task::{Task, spawn};
use evergreen_testing::kill_points::{Stage, every_point};
use evergreen_testing::{OnDrop, VirtualClock, settle};

type Served = Result<(), TcpError>;

/// A server that greets, and tells how many connections it has then.
fn greeter() -> (TcpServer, Rc<Queue<usize>>) {
    let accepted = Rc::new(Queue::new(0));
    let telling = Rc::clone(&accepted);
    let server = TcpServer::new(move |connection: TcpConnection| {
        let telling = Rc::clone(&telling);
        async move {
            telling.put(connection.server().expect("open").connections().len()).await;
            connection.write(b"hi").expect("open");
            connection.read_bytes(1).await.expect_err("it is closed");
        }
    });
    server.bind("127.0.0.1:0").expect("a free port");
    (server, accepted)
}

/// Whoever serves when the other is gone.
fn successor(
    server: &TcpServer,
    gone: &Rc<Event>,
    serve: impl AsyncFn(&TcpServer) -> Served + 'static,
) -> Task<Served> {
    let (server, gone) = (server.clone(), Rc::clone(gone));
    spawn(async move {
        gone.wait().await;
        serve(&server).await
    })
}

async fn greeted(server: SocketAddr) -> TcpClient {
    let client = TcpClient::new();
    client.connect(server).await.expect("it is bound");
    client
}

/// Each connection is served once, whoever does it.
async fn connections(stage: &Stage, serve: impl AsyncFn(&TcpServer) -> Served + Copy + 'static) {
    // The sockets are real.
    let _frozen = VirtualClock::current().freeze();
    let (server, accepted) = greeter();
    let gone = Rc::new(Event::new());
    let going = Rc::clone(&gone);
    let tell = OnDrop::new(move || going.set());
    let serving = server.clone();
    stage.role(async move {
        let _tell = tell;
        serve(&serving).await.expect("bound, and nobody else serves");
    });
    let successor = successor(&server, &gone, serve);
    let mut clients = Vec::new();
    for number in 1..=3 {
        settle().await;
        clients.push(greeted(server.local_addr().expect("bound")).await);
        assert_eq!(accepted.get().await, number);
    }
    assert_eq!(server.connections().len(), 3);
    server.close();
    stage.rest().await;
    let succeeded = successor.await.expect("no panic");
    if let Err(error) = succeeded {
        // The other has served to the end.
        assert!(matches!(error.kind(), StreamError::Closed), "{error}");
    }
    for client in clients {
        assert_eq!(client.read_bytes(usize::MAX).await.expect("open"), b"hi");
        assert_eq!(client.read_bytes(1).await.expect("open"), b"");
    }
    assert!(accepted.is_empty());
    assert_eq!(EventLoop::try_current().expect("this loop").metrics().sources, 0);
}

#[test]
fn serve() {
    every_point("TcpServer::serve", async |stage| {
        connections(stage, async |server| server.serve().await).await;
    });
    every_point("TcpServer::serve_with_backlog", async |stage| {
        connections(stage, async |server| server.serve_with_backlog(5).await).await;
    });
}
