//! hyper's HTTP/1, server and client, with evergreen's streams, tasks and time.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use bytes::Bytes;
use common::{TestLoop, content, run, served};
use evergreen::net::TcpStream;
use evergreen::{spawn, timeout};
use evergreen_interop::http::{HEAD_LIMIT, Version};
use evergreen_testing::VirtualClock;
use futures_lite::{AsyncReadExt, AsyncWriteExt, stream};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request};
use std::convert::Infallible;

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

type Sender<B> = SendRequest<B>;

/// hyper's client on a stream; its connection is a task.
async fn client<B>(stream: TcpStream) -> Sender<B>
where
    B: hyper::body::Body<Data = Bytes, Error = Infallible> + 'static,
{
    let (sender, connection) = handshake(stream).await.unwrap();
    drop(spawn(connection));
    sender
}

async fn get(sender: &mut Sender<Full<Bytes>>, path: &str) -> Bytes {
    sender.ready().await.unwrap();
    let request = Request::get(path).body(Full::default()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    response.into_body().collect().await.unwrap().to_bytes()
}

#[test]
fn a_hundred_requests_are_answered_on_one_connection() {
    run(async || {
        let (stream, server) = served(Version::One).await;
        let mut sender = client(stream).await;
        for number in 0..100 {
            let path = format!("/{number}");
            assert_eq!(get(&mut sender, &path).await, format!("this is {path}"));
        }
        assert!(!server.is_finished());
        drop(sender);
        server.await.unwrap().unwrap();
    });
}

#[test]
fn a_body_longer_than_any_buffer_comes_back_as_it_was_sent() {
    run(async || {
        let body = Bytes::from(content(4 << 20));
        let (stream, _server) = served(Version::One).await;
        let mut sender = client(stream).await;
        let request = Request::post("/").body(Full::new(body.clone())).unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert!(response.into_body().collect().await.unwrap().to_bytes() == body);
    });
}

#[test]
fn a_body_of_unknown_length_goes_in_chunks_both_ways() {
    run(async || {
        let parts: Vec<Bytes> = (0..50).map(|length| content(length * 100).into()).collect();
        let frames = parts.clone().into_iter().map(|part| Ok(Frame::data(part)));
        let (stream, _server) = served(Version::One).await;
        let mut sender = client(stream).await;
        let request = Request::builder().method(Method::POST).uri("/");
        let request = request.body(StreamBody::new(stream::iter(frames))).unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.headers()["transfer-encoding"], "chunked");
        assert!(response.into_body().collect().await.unwrap().to_bytes() == parts.concat());
    });
}

/// Requests as a client writes them who waits for no answer.
fn in_one_go(count: usize) -> String {
    (0..count).map(|number| format!("GET /{number} HTTP/1.1\r\nhost: here\r\n\r\n")).collect()
}

#[test]
fn requests_sent_in_one_go_are_answered_in_their_order() {
    const COUNT: usize = 64;
    run(async || {
        let (mut stream, server) = served(Version::One).await;
        stream.write_all(in_one_go(COUNT).as_bytes()).await.unwrap();
        let mut answers = String::new();
        while !answers.ends_with("this is /63") {
            let mut buffer = [0; 512];
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "{answers}");
            answers.push_str(str::from_utf8(&buffer[..read]).unwrap());
        }
        let bodies: Vec<_> = answers.match_indices("this is /").collect();
        assert_eq!(bodies.len(), COUNT);
        for pair in 0..COUNT - 1 {
            let [this, next] = [pair, pair + 1].map(|n| answers.find(&format!("this is /{n}")));
            assert!(this < next, "{pair}");
        }
        assert!(!server.is_finished());
    });
}

// F22
#[test]
fn a_client_that_has_closed_its_half_gets_its_answers() {
    run(async || {
        let (mut stream, server) = served(Version::One).await;
        stream.write_all(in_one_go(3).as_bytes()).await.unwrap();
        stream.close().await.unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).await.unwrap();
        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3);
        assert!(answers.ends_with("this is /2"));
        server.await.unwrap().unwrap();
    });
}

#[test]
fn a_client_that_goes_in_the_middle_of_a_body_is_an_error_of_its_connection_alone() {
    run(async || {
        let (mut stream, server) = served(Version::One).await;
        let head = b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 100\r\n\r\nsome";
        stream.write_all(head).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"some") {
            let mut byte = [0];
            stream.read_exact(&mut byte).await.unwrap();
            answer.push(byte[0]);
        }
        assert!(answer.windows(4).any(|bytes| bytes == END_OF_HEAD));
        drop(stream);
        assert!(server.await.unwrap().is_err());
    });
}

// The timer is the loop's, so that half a minute takes no time where time is virtual.
#[test]
fn a_client_that_does_not_end_its_head_is_sent_away_after_the_limit() {
    let event_loop = TestLoop::with_virtual_time();
    event_loop.block_on(async {
        let (mut stream, server) = served(Version::One).await;
        let begun = VirtualClock::current().now();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: he").await.unwrap();
        let mut answer = Vec::new();
        let reading = timeout(HEAD_LIMIT * 2, stream.read_to_end(&mut answer));
        reading.await.expect("it is sent away").unwrap();
        assert!(server.await.unwrap().unwrap_err().is_timeout());
        assert_eq!(VirtualClock::current().now() - begun, HEAD_LIMIT);
    });
}
