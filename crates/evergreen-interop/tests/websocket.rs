//! Web sockets, by async-tungstenite, on streams of evergreen.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use async_tungstenite::tungstenite::Message;
use async_tungstenite::{WebSocketStream, accept_async, client_async};
use common::{pair, run};
use evergreen::{net::TcpStream, spawn};
use futures_util::{SinkExt, StreamExt, future};

const MESSAGES: usize = 10_000;

async fn echo(stream: TcpStream) -> usize {
    let mut socket = accept_async(stream).await.unwrap();
    let mut count = 0;
    while let Some(message) = socket.next().await {
        let message = message.unwrap();
        if message.is_text() || message.is_binary() {
            socket.send(message).await.unwrap();
            count += 1;
        }
    }
    count
}

async fn connected() -> (WebSocketStream<TcpStream>, evergreen::Task<usize>) {
    let (near, far) = pair().await;
    let server = spawn(echo(far));
    (client_async("ws://here/", near).await.unwrap().0, server)
}

/// Texts and bytes of every length up to some kilobytes.
fn message(number: usize) -> Message {
    match number % 2 {
        0 => Message::text(format!("{number:0width$}", width = number % 3000)),
        _ => Message::binary(vec![7; number % 5000]),
    }
}

#[test]
fn ten_thousand_messages_come_back_one_after_the_other() {
    run(async || {
        let (mut client, server) = connected().await;
        for number in 0..MESSAGES {
            client.send(message(number)).await.unwrap();
            assert!(client.next().await.unwrap().unwrap() == message(number), "{number}");
        }
        client.close(None).await.unwrap();
        while client.next().await.is_some() {}
        assert_eq!(server.await.unwrap(), MESSAGES);
    });
}

#[test]
fn ten_thousand_messages_come_back_while_others_are_sent() {
    run(async || {
        let (client, server) = connected().await;
        let (mut sink, mut stream) = client.split();
        let sending = async {
            for number in 0..MESSAGES {
                sink.feed(message(number)).await.unwrap();
            }
            sink.flush().await.unwrap();
        };
        let receiving = async {
            for number in 0..MESSAGES {
                assert!(stream.next().await.unwrap().unwrap() == message(number), "{number}");
            }
        };
        future::join(sending, receiving).await;
        sink.close(None).await.unwrap();
        while stream.next().await.is_some() {}
        assert_eq!(server.await.unwrap(), MESSAGES);
    });
}
