//! TCP connections on one loop.

mod common;

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::{Refusing, TestLoop, content, pair, pair_with_std};
use evergreen_io::net::tcp::ReuniteError;
use evergreen_io::net::{TcpListener, TcpStream};
use evergreen_task::{spawn, yield_now};
use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};

#[test]
fn what_is_written_is_read() {
    TestLoop::new().block_on(async {
        let (mut client, mut server) = pair().await;
        client.write_all(b"hello").await.unwrap();
        let mut request = [0; 5];
        server.read_exact(&mut request).await.unwrap();
        server.write_all(&request).await.unwrap();
        drop(server);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "hello");
    });
}

// F7: partial writes and reads, both ways at once.
#[test]
fn ten_mebibytes_go_both_ways_intact() {
    const LENGTH: usize = 10 << 20;
    async fn send(mut stream: impl AsyncWrite + Unpin, seed: u32) {
        stream.write_all(&content(LENGTH, seed)).await.unwrap();
        stream.close().await.unwrap();
    }
    async fn receive(mut stream: impl AsyncRead + Unpin, seed: u32) {
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.unwrap();
        assert_eq!(received.len(), LENGTH);
        assert!(received == content(LENGTH, seed), "the content is intact");
    }
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (client, server) = pair().await;
        let (client_reads, client_writes) = client.into_split();
        let (server_reads, server_writes) = server.into_split();
        let tasks = [
            spawn(send(client_writes, 1)),
            spawn(send(server_writes, 2)),
            spawn(receive(client_reads, 2)),
            spawn(receive(server_reads, 1)),
        ];
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// F8
#[test]
fn a_writer_whose_peer_does_not_read_waits_and_goes_on() {
    let event_loop = TestLoop::new();
    let (mut stream, mut peer) = pair_with_std();
    event_loop.block_on(async {
        let sent = content(16 << 20, 3);
        let expected = sent.clone();
        let writer = spawn(async move {
            stream.write_all(&sent).await.unwrap();
            stream.close().await.unwrap();
        });
        assert_eq!(writer.join_timeout(0.02).await, Ok(false));
        let job = event_loop.run_blocking(move || {
            let mut received = Vec::new();
            peer.read_to_end(&mut received).map(|_| received)
        });
        assert!(job.await.unwrap().unwrap() == expected);
        writer.await.unwrap();
    });
}

// F9
#[test]
fn after_a_half_close_the_other_way_stays_open() {
    TestLoop::new().block_on(async {
        let (mut client, mut server) = pair().await;
        client.write_all(b"question").await.unwrap();
        client.close().await.unwrap();
        let mut question = String::new();
        server.read_to_string(&mut question).await.unwrap();
        server.write_all(b"answer").await.unwrap();
        server.close().await.unwrap();
        server.close().await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!((question.as_str(), answer.as_str()), ("question", "answer"));
        // Both directions have ended.
        assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
        client.close().await.unwrap();
    });
}

// F9
#[test]
fn a_shutdown_ends_the_waiting_read_of_the_same_stream() {
    TestLoop::new().block_on(async {
        let (client, server) = pair().await;
        let client = Rc::new(client);
        let reading = Rc::clone(&client);
        let reader = spawn(async move { (&*reading).read(&mut [0; 1]).await.unwrap() });
        yield_now().await;
        client.shutdown(Shutdown::Both).unwrap();
        assert_eq!(reader.await.unwrap(), 0);
        assert_eq!((&*client).write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        drop(server);
    });
}

#[test]
fn borrowed_halves_read_and_write_at_once() {
    TestLoop::new().block_on(async {
        let (mut client, mut server) = pair().await;
        let echo = spawn(async move {
            let (mut reader, mut writer) = server.split();
            futures_lite::io::copy(&mut reader, &mut writer).await.unwrap();
        });
        let sent = content(1 << 20, 5);
        let (mut reader, mut writer) = client.split();
        let write = async {
            writer.write_all(&sent).await.unwrap();
            writer.close().await.unwrap();
        };
        let mut received = Vec::new();
        let (_, read) = future::zip(write, reader.read_to_end(&mut received)).await;
        assert_eq!(read.unwrap(), sent.len());
        assert!(received == sent);
        assert_eq!(reader.as_ref().local_addr().unwrap(), client.local_addr().unwrap());
        echo.await.unwrap();
    });
}

#[test]
fn dropping_the_owned_write_half_ends_the_direction() {
    TestLoop::new().block_on(async {
        let (client, mut server) = pair().await;
        let (mut reader, mut writer) = client.into_split();
        writer.write_all(b"last").await.unwrap();
        drop(writer);
        let mut received = String::new();
        server.read_to_string(&mut received).await.unwrap();
        server.write_all(b"still open").await.unwrap();
        let mut answer = [0; 10];
        reader.read_exact(&mut answer).await.unwrap();
        assert_eq!((received.as_str(), &answer), ("last", b"still open"));
    });
}

#[test]
fn halves_of_one_connection_reunite_and_others_do_not() {
    TestLoop::new().block_on(async {
        let (client, mut server) = pair().await;
        let address = client.local_addr().unwrap();
        let (reader, writer) = client.into_split();
        let (other_reader, other_writer) = pair().await.0.into_split();
        let error = reader.reunite(other_writer).unwrap_err();
        assert_eq!(error.to_string(), "the two halves are of different connections");
        let ReuniteError(reader, other_writer) = error;
        drop((other_reader, other_writer));
        let mut client = reader.reunite(writer).unwrap();
        assert_eq!(client.local_addr().unwrap(), address);
        client.write_all(b"x").await.unwrap();
        let mut byte = [0; 1];
        server.read_exact(&mut byte).await.unwrap();
        // A half that is forgotten does not end the direction.
        let (reader, writer) = client.into_split();
        writer.forget();
        let pending_read = future::poll_once(server.read(&mut byte)).await;
        assert!(pending_read.is_none());
        drop(reader);
        assert_eq!(server.read(&mut byte).await.unwrap(), 0);
    });
}

#[test]
fn any_number_may_wait_until_a_stream_is_readable() {
    let event_loop = TestLoop::new();
    let order = Rc::new(RefCell::new(Vec::new()));
    event_loop.block_on(async {
        let (stream, mut peer) = pair_with_std();
        let stream = Rc::new(stream);
        let waiters: Vec<_> = (0..5)
            .map(|number| {
                let (stream, order) = (Rc::clone(&stream), Rc::clone(&order));
                spawn(async move {
                    stream.readable().await.unwrap();
                    order.borrow_mut().push(number);
                })
            })
            .collect();
        let killed = spawn({
            let stream = Rc::clone(&stream);
            async move { stream.readable().await }
        });
        yield_now().await;
        killed.kill();
        // Beside them, one that waits as the stream traits do.
        let reader = spawn({
            let stream = Rc::clone(&stream);
            async move { stream.peek(&mut [0; 8]).await.unwrap() }
        });
        yield_now().await;
        assert!(order.borrow().is_empty());
        peer.write_all(b"four").unwrap();
        for waiter in waiters {
            waiter.await.unwrap();
        }
        assert_eq!(reader.await.unwrap(), 4);
        stream.writable().await.unwrap();
    });
    assert_eq!(*order.borrow(), [0, 1, 2, 3, 4]);
}

// F5
#[test]
fn trying_where_nothing_is_to_be_had_would_block() {
    TestLoop::new().block_on(async {
        let (stream, mut peer) = pair_with_std();
        let mut buffer = [0; 8];
        assert_eq!(stream.try_read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
        peer.write_all(b"four").unwrap();
        stream.readable().await.unwrap();
        assert_eq!(stream.try_read(&mut buffer).unwrap(), 4);
        assert_eq!(stream.try_read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
        let full = loop {
            match stream.try_write(&[0; 65536]) {
                Ok(_) => {},
                Err(error) => break error,
            }
        };
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        assert!(future::poll_once(stream.writable()).await.is_none());
        std::thread::spawn(move || io::copy(&mut peer, &mut io::sink()));
        stream.writable().await.unwrap();
        assert!(stream.try_write(&[0; 1]).is_ok());
        stream.shutdown(Shutdown::Both).unwrap();
    });
}

#[test]
fn what_is_peeked_at_is_still_there() {
    TestLoop::new().block_on(async {
        let (mut stream, mut peer) = pair_with_std();
        let mut buffer = [0; 8];
        assert!(future::poll_once(stream.peek(&mut buffer)).await.is_none());
        peer.write_all(b"four").unwrap();
        for _ in 0..2 {
            assert_eq!(stream.peek(&mut buffer).await.unwrap(), 4);
        }
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 4);
        drop(peer);
        assert_eq!(stream.peek(&mut buffer).await.unwrap(), 0);
    });
}

#[test]
fn a_stream_goes_to_the_standard_library_and_back() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (client, mut server) = pair().await;
        let mut client = client.into_std().unwrap();
        assert_eq!(event_loop.metrics().sources, 1);
        assert_eq!(client.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
        client.write_all(b"std").unwrap();
        let mut word = [0; 3];
        server.read_exact(&mut word).await.unwrap();
        let mut client = TcpStream::from_std(client).unwrap();
        server.write_all(&word).await.unwrap();
        client.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"std");

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap().into_std().unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let connecting = TcpStream::connect(listener.local_addr().unwrap());
        let (accepted, connected) = future::zip(listener.accept(), connecting).await;
        assert_eq!(
            accepted.unwrap().0.peer_addr().unwrap(),
            connected.unwrap().local_addr().unwrap()
        );
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

#[test]
fn options_can_be_set_and_read() {
    TestLoop::new().block_on(async {
        let (client, server) = pair().await;
        assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
        assert!(!client.nodelay().unwrap());
        client.set_nodelay(true).unwrap();
        assert!(client.nodelay().unwrap());
    });
}

#[test]
fn vectored_calls_move_bytes_as_well() {
    TestLoop::new().block_on(async {
        let (mut client, mut server) = pair().await;
        let parts = [io::IoSlice::new(b"two "), io::IoSlice::new(b"parts")];
        assert_eq!(client.write_vectored(&parts).await.unwrap(), 9);
        client.flush().await.unwrap();
        let (mut first, mut second) = ([0; 4], [0; 16]);
        let mut parts = [io::IoSliceMut::new(&mut first), io::IoSliceMut::new(&mut second)];
        assert_eq!(server.read_vectored(&mut parts).await.unwrap(), 9);
        assert_eq!((&first, &second[..5]), (b"two ", b"parts".as_slice()));
    });
}

#[test]
fn a_refused_connection_is_an_error() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let refusing = Refusing::new();
        let error = TcpStream::connect(refusing.address()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        // The next address is tried.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let both = [refusing.address(), listener.local_addr().unwrap()];
        let stream = TcpStream::connect(&both[..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), both[1]);
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

#[test]
fn an_address_in_use_is_an_error() {
    TestLoop::new().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let error = TcpListener::bind(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        // Of several, the first that works is taken.
        let free = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let second = TcpListener::bind(&[address, free][..]).await.unwrap();
        assert_ne!(second.local_addr().unwrap(), address);
        drop(listener);
        TcpListener::bind(address).await.unwrap();
    });
}

// the end of the stream is there when a short read takes the last bytes.
#[test]
fn the_end_behind_a_short_read_is_seen() {
    let event_loop = TestLoop::new();
    let (mut stream, mut peer) = pair_with_std();
    event_loop.block_on(async {
        let mut buffer = [0; 64];
        assert!(future::poll_once(stream.read(&mut buffer)).await.is_none());
        peer.write_all(b"last").unwrap();
        drop(peer);
        // Both are there when the poller tells of them, in one event or two.
        stream.readable().await.unwrap();
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 4);
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 0);
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 0);
    });
}

// the end comes after the short read.
#[test]
fn an_end_that_comes_later_is_seen() {
    let event_loop = TestLoop::new();
    let (mut stream, mut peer) = pair_with_std();
    event_loop.block_on(async {
        peer.write_all(b"first").unwrap();
        let mut buffer = [0; 64];
        assert_eq!(stream.read(&mut buffer).await.unwrap(), 5);
        assert!(future::poll_once(stream.read(&mut buffer)).await.is_none());
        let reader = spawn(async move { stream.read(&mut [0; 8]).await.unwrap() });
        yield_now().await;
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(reader.await.unwrap(), 0);
    });
}

// F3
#[test]
fn a_reset_gives_the_waiting_task_its_error_once() {
    let event_loop = TestLoop::new();
    let (stream, peer) = pair_with_std();
    event_loop.block_on(async {
        let stream = Rc::new(stream);
        let reading = Rc::clone(&stream);
        let reader = spawn(async move { (&*reading).read(&mut [0; 8]).await });
        yield_now().await;
        socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
        drop(peer);
        let error = reader.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert_eq!((&*stream).read(&mut [0; 8]).await.unwrap(), 0);
        // Writing is an error and no signal that ends the process.
        let mut writer = &*stream;
        assert_eq!(writer.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        writer.close().await.unwrap();
        assert_eq!(stream.shutdown(Shutdown::Both).unwrap_err().kind(), ErrorKind::NotConnected);
    });
}

// F9, R-1
#[test]
fn a_stream_used_after_its_loop_says_that_it_is_gone() {
    let event_loop = TestLoop::new();
    let (mut stream, peer) = pair_with_std();
    event_loop.destroy().unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Err(error)) = Pin::new(&mut stream).poll_read(&mut cx, &mut [0; 8]) else {
        panic!("the loop is gone");
    };
    assert_eq!(error.to_string(), "the event loop is destroyed");
    assert!(pin!(stream.readable()).poll(&mut cx).is_ready());
    drop(stream);
    assert_eq!((&peer).read(&mut [0; 8]).unwrap(), 0);
}

// EV-LOOP-02
#[test]
fn sockets_need_a_loop() {
    let error = std::thread::spawn(|| future::block_on(TcpListener::bind("127.0.0.1:0")));
    let error = error.join().unwrap().unwrap_err();
    assert!(error.to_string().starts_with("no event loop on this thread"), "{error}");
}
