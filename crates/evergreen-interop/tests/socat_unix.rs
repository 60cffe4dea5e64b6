//! Unix sockets of evergreen, and socat at the other end.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use common::program::{Name, Program};
use common::{content, run};
use evergreen::net::{UnixDatagram, UnixListener, UnixStream};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};

const LENGTH: usize = 1 << 20;

/// With a file, and without.
fn names(test: &str) -> [Name; 2] {
    ["UNIX", "ABSTRACT"].map(|family| Name::new(family, test))
}

/// What is answered to all of the content.
fn answer() -> Vec<u8> {
    content(LENGTH).into_iter().rev().collect()
}

// F9: the answer begins when the client has closed its half.
#[test]
fn a_client_that_has_sent_its_last_byte_is_answered() {
    for name in names("client") {
        run(async || {
            let listener = UnixListener::bind(name.path()).unwrap();
            let client = Program::socat(&["STDIO", &name.to("CONNECT")]);
            let serving = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut question = Vec::new();
                stream.read_to_end(&mut question).await.unwrap();
                assert!(question == content(LENGTH));
                stream.write_all(&answer()).await.unwrap();
            };
            let ((), received) = future::zip(serving, client.finish(&content(LENGTH))).await;
            assert!(received == answer());
        });
    }
}

// F9
#[test]
fn a_server_sees_the_end_and_answers_it() {
    for name in names("server") {
        run(async || {
            let mut server = Program::socat(&[&name.to("LISTEN"), "STDIO"]);
            server.says("listening on").await;
            let mut stream = UnixStream::connect(name.path()).await.unwrap();
            let asking = async {
                stream.write_all(&content(LENGTH)).await.unwrap();
                stream.close().await.unwrap();
            };
            let ((), received) = future::zip(asking, server.receives(&content(LENGTH))).await;
            assert!(received);
            server.says("is at EOF").await;
            let mut answered = Vec::new();
            let reading = stream.read_to_end(&mut answered);
            let (length, rest) = future::zip(reading, server.finish(&answer())).await;
            assert_eq!((length.unwrap(), rest.len()), (LENGTH, 0));
            assert!(answered == answer());
        });
    }
}

#[test]
fn datagrams_of_a_client_come_with_its_name_and_are_answered() {
    for (ours, theirs) in names("receiver").into_iter().zip(names("sender")) {
        run(async || {
            let socket = UnixDatagram::bind(ours.path()).unwrap();
            let address = format!("{},bind={}", ours.to("SENDTO"), theirs.as_str());
            let mut client = Program::socat(&["STDIO", &address]);
            let mut buffer = vec![0; 4_096];
            for length in [1, 1_400, 4_000] {
                client.send(&content(length)).await;
                let (received, peer) = socket.recv_from(&mut buffer).await.unwrap();
                assert!(buffer[..received] == content(length));
                let peer = peer.as_pathname().map_or(theirs.path(), Into::into);
                assert_eq!(peer, theirs.path());
                socket.send_to(&buffer[..received], peer).await.unwrap();
                assert!(client.receives(&content(length)).await);
            }
            client.child.kill().await.unwrap();
        });
    }
}

#[test]
fn a_datagram_reaches_a_server_and_its_answer_comes_back() {
    for (ours, theirs) in names("asks").into_iter().zip(names("answers")) {
        run(async || {
            let mut server = Program::socat(&[&theirs.to("RECVFROM"), "STDIO"]);
            server.says("receiving on").await;
            let socket = UnixDatagram::bind(ours.path()).unwrap();
            socket.connect(theirs.path()).unwrap();
            assert_eq!(socket.send(&content(1_400)).await.unwrap(), 1_400);
            assert!(server.receives(&content(1_400)).await);
            let mut buffer = [0; 64];
            let (received, rest) =
                future::zip(socket.recv(&mut buffer), server.finish(b"answer")).await;
            assert_eq!((&buffer[..received.unwrap()], rest.len()), (&b"answer"[..], 0));
        });
    }
}
