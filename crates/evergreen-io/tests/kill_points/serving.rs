//! Servers, over real sockets: EV-SRV-03, EV-SRV-05, EV-PIPE-03.

use std::fmt::Debug;
use std::rc::Rc;

use evergreen_io::io::{
    BaseStream, HandleConnection, PipeClient, PipeServer, StreamError, TcpClient, TcpServer,
};
use evergreen_loop::EventLoop;
use evergreen_sync::Event;
use evergreen_sync::queue::Queue;
use evergreen_task::spawn;
use evergreen_testing::kill_points::{Stage, every_point};
use evergreen_testing::{OnDrop, VirtualClock, settle};

use crate::common::scratch::Scratch;

/// Who was accepted.
type Accepted = Rc<Queue<()>>;

/// A server of one class, before anybody serves.
struct Class<S> {
    server: S,
    accepted: Accepted,
    close: fn(&S),
}

/// Greets, and waits for what never comes.
fn greeter<C: BaseStream<Error: Debug> + 'static>(accepted: &Accepted) -> impl HandleConnection<C> {
    let accepted = Rc::clone(accepted);
    move |connection: C| {
        let accepted = Rc::clone(&accepted);
        async move {
            accepted.put(()).await;
            connection.write(b"hi").expect("open");
            connection.read_bytes(1).await.expect_err("it is closed");
        }
    }
}

fn tcp() -> Class<TcpServer> {
    let accepted = Rc::new(Queue::new(0));
    let server = TcpServer::new(greeter(&accepted));
    server.bind("127.0.0.1:0").expect("a free port");
    Class { server, accepted, close: TcpServer::close }
}

async fn tcp_client(server: &TcpServer) -> TcpClient {
    let client = TcpClient::new();
    client.connect(server.local_addr().expect("bound")).await.expect("it listens");
    client
}

fn pipe(scratch: &Scratch) -> Class<PipeServer> {
    let accepted = Rc::new(Queue::new(0));
    let server = PipeServer::new(greeter(&accepted));
    server.bind(scratch.join("server")).expect("a name of ours");
    Class { server, accepted, close: PipeServer::close }
}

async fn pipe_client(server: &PipeServer) -> PipeClient {
    let client = PipeClient::new();
    client.connect(server.pipename().expect("bound")).await.expect("it listens");
    client
}

/// Each connection is served once, also by who serves when the other is gone.
async fn connections<S, C, E>(
    stage: &Stage,
    class: Class<S>,
    connect: impl AsyncFn(&S) -> C,
    serve: impl AsyncFn(&S) -> Result<(), E> + Copy + 'static,
) where
    S: Clone + 'static,
    C: BaseStream<Error: Debug>,
    E: Into<StreamError> + Debug + 'static,
{
    // The sockets are real.
    let _frozen = VirtualClock::current().freeze();
    let gone = Rc::new(Event::new());
    let tell = OnDrop::new({
        let gone = Rc::clone(&gone);
        move || gone.set()
    });
    let server = class.server.clone();
    stage.role(async move {
        let _tell = tell;
        serve(&server).await.expect("nobody else serves");
    });
    let server = class.server.clone();
    let successor = spawn(async move {
        gone.wait().await;
        serve(&server).await
    });
    let mut clients = Vec::new();
    for _ in 0..3 {
        settle().await;
        clients.push(connect(&class.server).await);
        class.accepted.get().await;
    }
    (class.close)(&class.server);
    stage.rest().await;
    if let Err(error) = successor.await.expect("no panic") {
        // The other has served to the end.
        assert!(matches!(error.into(), StreamError::Closed));
    }
    for client in clients {
        assert_eq!(client.read_bytes(usize::MAX).await.expect("open"), b"hi");
        assert_eq!(client.read_bytes(1).await.expect("open"), b"");
    }
    assert!(class.accepted.is_empty());
    assert_eq!(EventLoop::try_current().expect("this loop").metrics().sources, 0);
}

#[test]
fn serve() {
    every_point("TcpServer::serve", async |stage| {
        connections(stage, tcp(), tcp_client, async |server| server.serve().await).await;
    });
    let scratch = Scratch::new();
    every_point("PipeServer::serve", async |stage| {
        connections(stage, pipe(&scratch), pipe_client, async |server| server.serve().await).await;
    });
}

#[test]
fn serve_with_backlog() {
    every_point("TcpServer::serve_with_backlog", async |stage| {
        let serve = async |server: &TcpServer| server.serve_with_backlog(5).await;
        connections(stage, tcp(), tcp_client, serve).await;
    });
    let scratch = Scratch::new();
    every_point("PipeServer::serve_with_backlog", async |stage| {
        let serve = async |server: &PipeServer| server.serve_with_backlog(5).await;
        connections(stage, pipe(&scratch), pipe_client, serve).await;
    });
}
