//! The pipe classes: clients and servers on Unix sockets.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::os::unix::fs::FileTypeExt;
use std::os::unix::net;
use std::path::Path;
use std::{env, fs};

use common::TestLoop;
use common::child::{alone, part};
use common::scratch::Scratch;
use evergreen_io::io::{
    BaseStream, PipeClient, PipeConnection, PipeError, PipeServer, StreamError,
};
use evergreen_task::{Task, spawn, yield_now};
use evergreen_testing::polled;

async fn echo(client: PipeConnection) -> Result<(), PipeError> {
    loop {
        let line = client.read_until(b"\n").await?;
        if line.is_empty() {
            return Ok(());
        }
        client.write(&line)?;
    }
}

fn serve(server: &PipeServer) -> Task<Result<(), PipeError>> {
    let server = server.clone();
    spawn(async move { server.serve().await })
}

async fn connected(path: &Path) -> PipeClient {
    let client = PipeClient::new();
    client.connect(path).await.unwrap();
    client
}

/// A listener whose queue is full.
fn busy(path: &Path) -> (net::UnixListener, net::UnixStream) {
    let listener = net::UnixListener::bind(path).unwrap();
    // Linux takes one more than it is told to.
    rustix::net::listen(&listener, 0).unwrap();
    let first = net::UnixStream::connect(path).unwrap();
    (listener, first)
}

// EV-PIPE-01, EV-PIPE-02, EV-PIPE-03, EV-STR-14
#[test]
fn lines_come_back_through_a_pipe_with_a_name() {
    let scratch = Scratch::new();
    let path = scratch.join("echo");
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let server = PipeServer::new(echo);
        assert_eq!(server.pipename(), None);
        server.bind(&path).unwrap();
        assert_eq!(server.pipename().as_ref(), Some(&path));
        let serving = serve(&server);
        let client = PipeClient::new();
        assert!(!client.write(b"early\n").unwrap());
        client.connect(&path).await.unwrap();
        assert_eq!(client.read_until(b"\n").await.unwrap(), b"early\n");
        let other = connected(&path).await;
        assert!(other.write(b"of another\n").unwrap());
        assert_eq!(other.read_until(b"\n").await.unwrap(), b"of another\n");
        assert_eq!(server.connections().len(), 2);
        let first = &server.connections()[0];
        assert!(first.server().unwrap().pipename().is_some());
        first.write(b"to the first\n").unwrap();
        assert_eq!(client.read_until(b"\n").await.unwrap(), b"to the first\n");
        let second = server.connections().remove(1);
        server.close();
        serving.await.unwrap().unwrap();
        assert!(second.is_closed() && second.server().is_none() && server.is_closed());
        assert_eq!(other.read_bytes(1).await.unwrap(), b"");
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// EV-PIPE-02
#[test]
fn a_path_in_use_is_refused_and_stays_as_it_is() {
    let scratch = Scratch::new();
    let (path, file) = (scratch.join("socket"), scratch.join("file"));
    fs::write(&file, "text").unwrap();
    TestLoop::new().block_on(async {
        let first = PipeServer::new(echo);
        first.bind(&path).unwrap();
        let second = PipeServer::new(echo);
        for taken in [&path, &file] {
            let text = second.bind(taken).unwrap_err().to_string();
            let says = ["pipe: ", taken.to_str().unwrap(), "remove it first"];
            assert!(says.iter().all(|part| text.contains(part)), "{text}");
        }
        drop(second);
        assert!(fs::metadata(&path).unwrap().file_type().is_socket());
        assert_eq!(fs::read_to_string(&file).unwrap(), "text");
        // Nobody listens there any more, and the file was left.
        let left = scratch.join("left");
        drop(net::UnixListener::bind(&left).unwrap());
        PipeServer::new(echo).bind(&left).unwrap_err();
        assert!(left.exists());
        assert!(connected(&path).await.write(b"x").unwrap());
    });
}

// EV-PIPE-02
#[test]
fn closing_a_server_removes_its_path_and_so_does_dropping_it() {
    let scratch = Scratch::new();
    let path = scratch.join("socket");
    TestLoop::new().block_on(async {
        let server = PipeServer::new(echo);
        server.bind(&path).unwrap();
        let serving = serve(&server);
        yield_now().await;
        server.close();
        assert!(!path.exists());
        assert_eq!(server.pipename(), None);
        serving.await.unwrap().unwrap();
        let server = PipeServer::new(echo);
        server.bind(&path).unwrap();
        drop(server);
        assert!(!path.exists());
    });
}

// EV-PIPE-02: it is the socket that another server has made meanwhile.
#[test]
fn what_has_taken_the_place_of_the_path_is_not_removed() {
    let scratch = Scratch::new();
    let path = scratch.join("socket");
    TestLoop::new().block_on(async {
        let first = PipeServer::new(echo);
        first.bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let second = PipeServer::new(echo);
        second.bind(&path).unwrap();
        first.close();
        assert!(path.exists());
        second.close();
        assert!(!path.exists());
    });
}

// EV-PIPE-02
#[test]
fn a_relative_path_is_removed_from_where_it_was_bound() {
    if part().is_none() {
        return alone("a_relative_path_is_removed_from_where_it_was_bound", "moving");
    }
    let scratch = Scratch::new();
    env::set_current_dir(&*scratch).unwrap();
    TestLoop::new().block_on(async {
        let server = PipeServer::new(echo);
        server.bind("socket").unwrap();
        assert_eq!(server.pipename().as_deref(), Some(Path::new("socket")));
        assert!(scratch.join("socket").exists());
        env::set_current_dir("/").unwrap();
        server.close();
        assert!(!scratch.join("socket").exists());
    });
}

// EV-PIPE-02
#[test]
#[cfg(target_os = "linux")]
fn an_abstract_name_has_no_file() {
    let name = format!("\0evergreen-io-pipe-{}", std::process::id());
    TestLoop::new().block_on(async {
        let server = PipeServer::new(echo);
        server.bind(&name).unwrap();
        assert_eq!(server.pipename().as_deref(), Some(Path::new(&name)));
        let serving = serve(&server);
        let client = connected(Path::new(&name)).await;
        assert!(client.write(b"abstract\n").unwrap());
        assert_eq!(client.read_until(b"\n").await.unwrap(), b"abstract\n");
        server.close();
        serving.await.unwrap().unwrap();
    });
}

// EV-PIPE-02, EV-SRV-02, EV-SRV-04
#[test]
fn a_server_is_bound_once_and_serves_what_is_bound() {
    let scratch = Scratch::new();
    TestLoop::new().block_on(async {
        let server = PipeServer::new(echo);
        let kind = |result: Result<(), PipeError>| StreamError::from(result.unwrap_err());
        assert!(matches!(kind(server.serve().await), StreamError::NotBound));
        let long = "x".repeat(200);
        for bad in ["", &*long, "a\0b", "/nowhere/socket"] {
            assert!(matches!(kind(server.bind(bad)), StreamError::Os(_)), "{bad}");
        }
        server.bind(scratch.join("one")).unwrap();
        assert!(matches!(kind(server.bind(scratch.join("two"))), StreamError::AlreadyBound));
        let serving = serve(&server);
        yield_now().await;
        assert!(matches!(kind(server.serve().await), StreamError::AlreadyServing));
        server.close();
        serving.await.unwrap().unwrap();
        assert!(matches!(kind(server.bind(scratch.join("two"))), StreamError::Closed));
        assert!(matches!(kind(server.serve_with_backlog(1).await), StreamError::Closed));
    });
}

// EV-PIPE-01, EV-PIPE-05
#[test]
fn a_client_that_cannot_connect_is_closed_and_says_why() {
    let scratch = Scratch::new();
    let (path, left) = (scratch.join("nobody"), scratch.join("left"));
    drop(net::UnixListener::bind(&left).unwrap());
    TestLoop::new().block_on(async {
        for (path, reason) in [(&path, "there is no such socket"), (&left, "nobody listens")] {
            let client = PipeClient::new();
            client.write(b"lost").unwrap();
            let error = client.connect(path).await.unwrap_err();
            assert!(error.to_string().starts_with("pipe: cannot connect to"), "{error}");
            assert!(error.to_string().contains(reason), "{error}");
            assert!(client.is_closed());
            let again = client.connect(path).await.unwrap_err();
            assert!(matches!(again.kind(), StreamError::Closed), "{again}");
            assert!(client.write(b"more").is_err());
        }
    });
}

// EV-PIPE-01
#[test]
fn a_client_is_connected_once_also_if_two_connect_it() {
    let scratch = Scratch::new();
    let path = scratch.join("socket");
    TestLoop::new().block_on(async {
        let (listener, _first) = busy(&path);
        let client = PipeClient::new();
        let connect = || {
            let (client, path) = (client.clone(), path.clone());
            spawn(async move { client.connect(path).await })
        };
        let (one, other) = (connect(), connect());
        yield_now().await;
        let _made_room = listener.accept().unwrap();
        one.await.unwrap().unwrap();
        let error = other.await.unwrap().unwrap_err();
        assert!(matches!(error.kind(), StreamError::AlreadyConnected), "{error}");
        assert!(!client.is_closed());
    });
}

// EV-STR-10
#[test]
fn whoever_waits_for_a_busy_server_is_told_that_the_client_is_closed() {
    let scratch = Scratch::new();
    let path = scratch.join("socket");
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (_listener, _first) = busy(&path);
        let client = PipeClient::new();
        let connecting = spawn({
            let (client, path) = (client.clone(), path.clone());
            async move { client.connect(path).await }
        });
        yield_now().await;
        client.close();
        let error = connecting.await.unwrap().unwrap_err();
        assert!(matches!(error.kind(), StreamError::Closed), "{error}");
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// EV-STR-25
#[test]
fn a_connect_that_is_given_up_keeps_what_was_written() {
    let scratch = Scratch::new();
    let path = scratch.join("socket");
    TestLoop::new().block_on(async {
        let (listener, _first) = busy(&path);
        let client = PipeClient::new();
        client.write(b"kept\n").unwrap();
        let mut connecting = Box::pin(client.connect(&path));
        assert!(polled(&mut connecting).await.is_pending());
        drop(connecting);
        drop(listener.accept().unwrap());
        client.connect(&path).await.unwrap();
        client.flush().await.unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let mut kept = [0; 5];
        std::io::Read::read_exact(&mut server, &mut kept).unwrap();
        assert_eq!(&kept, b"kept\n");
    });
}
