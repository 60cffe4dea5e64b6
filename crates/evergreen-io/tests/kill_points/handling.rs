//! What is done with a connection: it is closed with whoever does it.

use std::cell::Cell;
use std::rc::Rc;

use evergreen_io::io::{
    BaseStream, HandleConnection, Outcome, TcpClient, TcpConnection, TcpServer,
};
use evergreen_loop::EventLoop;
use evergreen_sync::queue::Queue;
use evergreen_task::spawn;
use evergreen_testing::VirtualClock;
use evergreen_testing::kill_points::{Stage, every_point};

/// A server that serves no more, and both ends of the connection that it has.
async fn accepted() -> (TcpServer, TcpConnection, TcpClient) {
    let connections = Rc::new(Queue::new(0));
    let handing = Rc::clone(&connections);
    let server = TcpServer::new(move |connection| {
        let handing = Rc::clone(&handing);
        async move { handing.put(connection).await }
    });
    server.bind("127.0.0.1:0").expect("a free port");
    let client = TcpClient::new();
    client.connect(server.local_addr().expect("bound")).await.expect("it is bound");
    let serving = server.clone();
    let serving = spawn(async move { serving.serve().await });
    let connection = connections.get().await;
    serving.kill_and_wait().await.expect("started");
    (server, connection, client)
}

/// Answers twice.
async fn answer(connection: TcpConnection) -> Result<(), evergreen_io::io::TcpError> {
    for _ in 0..2 {
        let line = connection.read_until(b"\n").await?;
        connection.write(&line)?;
    }
    Ok(())
}

async fn lines(stage: &Stage) {
    // The sockets are real.
    let _frozen = VirtualClock::current().freeze();
    let (server, connection, client) = accepted().await;
    let handled = Rc::new(Cell::new(false));
    let tell = Rc::clone(&handled);
    stage.role(async move {
        assert!(answer.handle_connection(connection).await.error().is_none());
        tell.set(true);
    });
    let mut answers = Vec::new();
    for line in [b"one\n", b"two\n"] {
        stage.settle().await;
        if client.write(line).is_err() {
            break;
        }
        match client.read_until(b"\n").await {
            Ok(answer) if !answer.is_empty() => answers.extend(answer),
            _ => break,
        }
    }
    stage.rest().await;
    assert_eq!(handled.get(), stage.victim().is_none());
    let whole = b"one\ntwo\n";
    assert!(whole.starts_with(&answers) && (!handled.get() || answers == whole), "{answers:?}");
    if !client.is_closed() {
        assert_eq!(client.read_bytes(1).await.expect("the end"), b"");
    }
    assert!(server.connections().is_empty());
    server.close();
    assert_eq!(EventLoop::try_current().expect("this loop").metrics().sources, 0);
}

#[test]
fn handle_connection() {
    every_point("HandleConnection::handle_connection", lines);
}
