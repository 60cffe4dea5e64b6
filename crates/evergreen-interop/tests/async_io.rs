//! The family of async-io on an evergreen loop. Its reactor has a thread of its own, which starts at
//! its first use and stays; the wakes come from there.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use async_io::Async;
use async_process::{Command, Stdio};
use common::{pair, run};
use evergreen::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use evergreen::spawn;
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net as unix;

async fn echo(mut stream: TcpStream) {
    let (mut reader, mut writer) = stream.split();
    evergreen::io::copy(&mut reader, &mut writer).await.unwrap();
}

#[test]
fn clients_of_async_net_talk_to_a_server_of_evergreen() {
    const CLIENTS: usize = 50;
    run(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ask = |number: usize| {
            spawn(async move {
                let mut stream = async_net::TcpStream::connect(address).await.unwrap();
                let question = number.to_string().repeat(1000);
                stream.write_all(question.as_bytes()).await.unwrap();
                stream.shutdown(std::net::Shutdown::Write).unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.unwrap();
                assert!(answer == question);
            })
        };
        let clients: Vec<_> = (0..CLIENTS).map(ask).collect();
        for _ in 0..CLIENTS {
            drop(spawn(echo(listener.accept().await.unwrap().0)));
        }
        for client in clients {
            client.await.unwrap();
        }
    });
}

#[test]
fn children_of_async_process_are_waited_for_on_an_evergreen_loop() {
    run(async || {
        let mut command = Command::new("cat");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let text = "nine lives ".repeat(100_000);
        let write = async {
            input.write_all(text.as_bytes()).await.unwrap();
            drop(input);
        };
        let mut read = String::new();
        future::zip(write, async { output.read_to_string(&mut read).await.unwrap() }).await;
        assert!(read == text);
        assert!(child.status().await.unwrap().success());
    });
}

#[test]
fn a_connection_goes_to_async_io_and_back() {
    run(async || {
        let (mut near, far) = pair().await;
        let descriptor = far.as_raw_fd();
        near.write_all(b"before").await.unwrap();
        let mut theirs = async_net::TcpStream::from(Async::try_from(far).unwrap());
        let mut word = [0; 6];
        theirs.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"before");

        // It waits in async-io's reactor before it comes back.
        assert!(future::poll_once(theirs.read(&mut word)).await.is_none());
        let inside: std::sync::Arc<Async<std::net::TcpStream>> = theirs.into();
        let inside = std::sync::Arc::into_inner(inside).expect("nobody else has it");
        let mut ours = TcpStream::try_from(inside).unwrap();
        assert_eq!(ours.as_raw_fd(), descriptor);
        let (read, written) =
            future::zip(ours.read_exact(&mut word), near.write_all(b"behind")).await;
        read.and(written).unwrap();
        assert_eq!(&word, b"behind");
    });
}

#[test]
fn sockets_of_every_kind_go_there_and_back() {
    run(async || {
        let (one, other) = UnixStream::pair().unwrap();
        let mut back = UnixStream::try_from(Async::<unix::UnixStream>::try_from(one).unwrap());
        back.as_mut().unwrap().write_all(b"!").await.unwrap();
        assert_eq!((&other).read(&mut [0; 2]).await.unwrap(), 1);

        let (one, other) = UnixDatagram::pair().unwrap();
        let there = Async::<unix::UnixDatagram>::try_from(one).unwrap();
        there.send(b"there").await.unwrap();
        assert_eq!(other.recv(&mut [0; 9]).await.unwrap(), 5);
        UnixDatagram::try_from(there).unwrap().send(b"back").await.unwrap();
        assert_eq!(other.recv(&mut [0; 9]).await.unwrap(), 4);

        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let there = Async::<std::net::UdpSocket>::try_from(socket).unwrap();
        there.send_to(b"to myself", address).await.unwrap();
        let back = UdpSocket::try_from(there).unwrap();
        assert_eq!(back.recv(&mut [0; 20]).await.unwrap(), 9);
    });
}

#[test]
fn listeners_accept_on_either_side() {
    run(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let there = async_net::TcpListener::from(Async::try_from(listener).unwrap());
        let (client, accepted) = future::zip(TcpStream::connect(address), there.accept()).await;
        assert_eq!(client.unwrap().local_addr().unwrap(), accepted.unwrap().1);

        let folder = std::env::temp_dir().join(format!("evergreen-interop-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let there = Async::<unix::UnixListener>::bind(folder.join("socket")).unwrap();
        let back = UnixListener::try_from(there).unwrap();
        let connecting = UnixStream::connect(folder.join("socket"));
        let (client, accepted) = future::zip(connecting, back.accept()).await;
        std::fs::remove_dir_all(&folder).unwrap();
        client.and(accepted.map(|(stream, _)| stream)).unwrap();
    });
}

// without a loop there is nothing to register with.
#[test]
fn a_conversion_on_a_thread_without_a_loop_is_an_error() {
    let listener = Async::<std::net::TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
    let error: io::Error = TcpListener::try_from(listener).unwrap_err();
    assert!(error.to_string().contains("loop"), "{error}");
}
