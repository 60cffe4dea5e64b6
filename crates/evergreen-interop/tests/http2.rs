//! HTTP/2: hyper with evergreen's executor, and h2 over tokio's traits.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use bytes::Bytes;
use common::{content, pair, run, served};
use evergreen::hyper::{Clock, Exec};
use evergreen::{Task, sleep, spawn};
use evergreen_interop::http::Version;
use h2::{RecvStream, SendStream};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{Builder, SendRequest};
use std::future::poll_fn;
use std::time::Duration;

type Sender = SendRequest<Full<Bytes>>;

/// hyper's client of a server of hyper.
async fn client() -> (Sender, Task<hyper::Result<()>>) {
    let (stream, server) = served(Version::Two).await;
    let (sender, connection) = Builder::new(Exec).timer(Clock).handshake(stream).await.unwrap();
    drop(spawn(connection));
    (sender, server)
}

async fn post(mut sender: Sender, body: Bytes) -> Bytes {
    let request = Request::post("http://here/").body(Full::new(body)).unwrap();
    let response = sender.send_request(request).await.unwrap();
    response.into_body().collect().await.unwrap().to_bytes()
}

#[test]
fn a_hundred_requests_are_under_way_on_one_connection() {
    run(async || {
        let (sender, server) = client().await;
        let ask = |number: usize| {
            let body = Bytes::from(content(1 + number * 1000));
            let asked = post(sender.clone(), body.clone());
            spawn(async move { assert!(asked.await == body) })
        };
        let asked: Vec<_> = (0..100).map(ask).collect();
        for task in asked {
            task.await.unwrap();
        }
        drop(sender);
        server.await.unwrap().unwrap();
    });
}

#[test]
fn a_body_longer_than_the_window_comes_back_as_it_was_sent() {
    run(async || {
        let (sender, _server) = client().await;
        let body = Bytes::from(content(4 << 20));
        assert!(post(sender, body.clone()).await == body);
    });
}

// The peer is silent, and the loop's time virtual: hyper's pings time out by it.
#[test]
fn a_connection_without_life_ends_by_the_loop_s_time() {
    common::TestLoop::with_virtual_time().block_on(async {
        let (near, mut far) = pair().await;
        let mut builder = Builder::new(Exec);
        builder.timer(Clock).keep_alive_while_idle(true);
        builder.keep_alive_interval(Duration::from_secs(3600));
        builder.keep_alive_timeout(Duration::from_secs(60));
        let (sender, connection) = builder.handshake::<_, Full<Bytes>>(near).await.unwrap();
        let begun = evergreen_testing::VirtualClock::current().now();
        assert!(connection.await.unwrap_err().is_timeout());
        let passed = evergreen_testing::VirtualClock::current().now() - begun;
        assert_eq!(passed.as_secs(), 3660);
        drop(sender);
        futures_lite::AsyncReadExt::read(&mut far, &mut [0; 9]).await.unwrap();
    });
}

/// Sends a body as far as the peer's window lets it, until all is sent.
async fn send(mut stream: SendStream<Bytes>, mut body: Bytes) {
    while !body.is_empty() {
        stream.reserve_capacity(body.len());
        let room = poll_fn(|cx| stream.poll_capacity(cx)).await.unwrap().unwrap();
        stream.send_data(body.split_to(room.min(body.len())), false).unwrap();
    }
    stream.send_data(Bytes::new(), true).unwrap();
}

async fn receive(mut stream: RecvStream) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(data) = stream.data().await {
        let data = data.unwrap();
        stream.flow_control().release_capacity(data.len()).unwrap();
        body.extend_from_slice(&data);
    }
    body
}

/// Sends back what each request carries, from tasks of its own.
async fn h2_server(stream: evergreen::net::TcpStream) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(accepted) = connection.accept().await {
        let (request, mut respond) = accepted.unwrap();
        drop(spawn(async move {
            let body = receive(request.into_body()).await;
            let stream = respond.send_response(Response::new(()), false).unwrap();
            send(stream, body.into()).await;
        }));
    }
}

#[test]
fn h2_carries_many_streams_over_the_traits_of_tokio() {
    run(async || {
        let (near, far) = pair().await;
        let server = spawn(h2_server(far));
        let (client, connection) = h2::client::handshake(near).await.unwrap();
        let connection = spawn(connection);
        let ask = |number: usize| {
            let client = client.clone();
            spawn(async move {
                let body = content(number * 10_000);
                let mut client = client.ready().await.unwrap();
                let request = Request::post("http://here/").body(()).unwrap();
                let (response, stream) = client.send_request(request, false).unwrap();
                let sending = spawn(send(stream, body.clone().into()));
                let received = receive(response.await.unwrap().into_body()).await;
                sending.await.unwrap();
                assert!(received == body);
            })
        };
        let asked: Vec<_> = (0..20).map(ask).collect();
        for task in asked {
            task.await.unwrap();
        }
        drop(client);
        connection.await.unwrap().unwrap();
        server.await.unwrap();
        sleep(0.0).await;
    });
}
