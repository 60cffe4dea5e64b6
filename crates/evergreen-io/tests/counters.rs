//! Nothing is left behind. Alone in its file: it counts the descriptors of the process.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use common::TestLoop;
use evergreen_io::net::{TcpListener, TcpStream};
use evergreen_task::{sleep, spawn, timeout};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

const CONNECTIONS: usize = 100;

async fn serve(listener: TcpListener) {
    let mut served = Vec::new();
    for _ in 0..CONNECTIONS {
        let (mut stream, _) = listener.accept().await.unwrap();
        served.push(spawn(async move {
            let mut request = String::new();
            timeout(60.0, stream.read_to_string(&mut request)).await.unwrap().unwrap();
            sleep(0.001).await;
            stream.write_all(request.as_bytes()).await.unwrap();
        }));
    }
    for task in served {
        task.await.unwrap();
    }
}

async fn ask(address: std::net::SocketAddr, question: String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(question.as_bytes()).await.unwrap();
    stream.close().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, question);
}

fn serve_all() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = spawn(serve(listener));
        let clients: Vec<_> =
            (0..CONNECTIONS).map(|number| spawn(ask(address, number.to_string()))).collect();
        for client in clients {
            client.await.unwrap();
        }
        server.await.unwrap();
    });
    let metrics = event_loop.metrics();
    assert_eq!((metrics.sources, metrics.timers, metrics.tasks, metrics.queued), (0, 0, 0, 0));
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

// F27
#[test]
fn a_hundred_connections_leave_no_source_timer_task_or_descriptor() {
    // What the standard library opens once, is open by now.
    serve_all();
    let before = descriptors();
    serve_all();
    assert_eq!(descriptors(), before);
}
