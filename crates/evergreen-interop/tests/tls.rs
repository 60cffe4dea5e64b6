//! rustls, by futures-rustls, on evergreen's streams.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use common::{content, pair, run};
use evergreen::{io::copy_bidirectional, net::UnixStream, spawn};
use evergreen_interop::tls;
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use std::io::ErrorKind;

#[test]
fn what_goes_through_tls_both_ways_at_once_arrives() {
    const LENGTH: usize = 1 << 20;
    run(async || {
        let (acceptor, connector) = tls::pair().unwrap();
        let (near, far) = pair().await;
        let server = spawn(async move {
            let stream = acceptor.accept(far).await.unwrap();
            let (mut reader, mut writer) = futures_lite::io::split(stream);
            evergreen::io::copy(&mut reader, &mut writer).await.unwrap();
            writer.close().await.unwrap();
        });
        let stream = connector.connect(tls::server_name(), near).await.unwrap();
        let (mut reader, mut writer) = futures_lite::io::split(stream);
        let sending = async {
            writer.write_all(&content(LENGTH)).await.unwrap();
            writer.close().await.unwrap();
        };
        let mut received = Vec::new();
        future::zip(sending, async { reader.read_to_end(&mut received).await.unwrap() }).await;
        assert!(received == content(LENGTH));
        server.await.unwrap();
    });
}

// F22: rustls tells an end that was not announced from one that was.
#[test]
fn a_stream_that_is_cut_off_is_no_end_of_the_stream() {
    run(async || {
        let (acceptor, connector) = tls::pair().unwrap();
        let (near, far) = pair().await;
        let server = spawn(async move {
            let mut stream = acceptor.accept(far).await.unwrap();
            stream.write_all(b"half of it").await.unwrap();
            stream.flush().await.unwrap();
        });
        let mut stream = connector.connect(tls::server_name(), near).await.unwrap();
        let error = stream.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        server.await.unwrap();
    });
}

#[test]
fn a_client_that_does_not_trust_the_server_says_so_to_both() {
    run(async || {
        let (acceptor, _) = tls::pair().unwrap();
        let (_, connector) = tls::pair().unwrap();
        let (near, far) = pair().await;
        let server = spawn(async move { acceptor.accept(far).await.map(drop) });
        let refused = connector.connect(tls::server_name(), near).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidData);
        assert!(server.await.unwrap().is_err());
    });
}

// `copy_bidirectional` closes TLS for writing with the message that TLS has for it.
#[test]
fn a_forward_out_of_tls_passes_the_ends_on() {
    run(async || {
        let (acceptor, connector) = tls::pair().unwrap();
        let (near, far) = pair().await;
        let (mut plain, mut backend) = UnixStream::pair().unwrap();
        let forward = spawn(async move {
            let mut secure = acceptor.accept(far).await.unwrap();
            copy_bidirectional(&mut secure, &mut plain).await.unwrap()
        });
        let mut client = connector.connect(tls::server_name(), near).await.unwrap();
        client.write_all(b"question").await.unwrap();
        client.close().await.unwrap();
        let mut question = String::new();
        backend.read_to_string(&mut question).await.unwrap();
        backend.write_all(b"answer").await.unwrap();
        backend.close().await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!((&*question, &*answer), ("question", "answer"));
        assert_eq!(forward.await.unwrap(), (8, 6));
    });
}
