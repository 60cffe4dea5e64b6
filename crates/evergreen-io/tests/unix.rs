//! Unix connections on one loop. What they share with TCP is tested there.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::{self, SocketAddr};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use common::{TestLoop, beside, content};
use evergreen_io::net::unix::ReuniteError;
use evergreen_io::net::{UnixListener, UnixStream};
use evergreen_task::{spawn, timeout, yield_now};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};

/// A path in the system's directory of temporary files, removed at the end.
struct TempPath(PathBuf);

impl TempPath {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evergreen-unix-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl AsRef<Path> for TempPath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempPath {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

#[test]
fn what_is_written_to_a_path_is_read_behind_it() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let path = TempPath::new();
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(path.as_ref()));
        let server = spawn(async move {
            let (mut stream, peer) = listener.accept().await.unwrap();
            assert!(peer.is_unnamed());
            let mut request = String::new();
            stream.read_to_string(&mut request).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
        });
        let mut client = UnixStream::connect(&path).await.unwrap();
        assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(path.as_ref()));
        client.write_all(b"hello").await.unwrap();
        client.close().await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "hello");
        server.await.unwrap();
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

#[test]
fn a_listener_learns_the_path_that_a_client_is_bound_to() {
    TestLoop::new().block_on(async {
        let (path, clients) = (TempPath::new(), TempPath::new());
        let listener = UnixListener::bind(&path).unwrap();
        let client = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
        let client = client.unwrap();
        client.bind(&socket2::SockAddr::unix(&clients).unwrap()).unwrap();
        client.connect(&socket2::SockAddr::unix(&path).unwrap()).unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        assert_eq!(peer.as_pathname(), Some(clients.as_ref()));
        assert_eq!(stream.peer_addr().unwrap().as_pathname(), Some(clients.as_ref()));
    });
}

#[test]
#[cfg(target_os = "linux")]
fn an_abstract_name_needs_no_file() {
    use std::os::linux::net::SocketAddrExt;
    TestLoop::new().block_on(async {
        let name = format!("evergreen-abstract-{}", std::process::id());
        let listener = UnixListener::bind(format!("\0{name}")).unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(address.as_abstract_name(), Some(name.as_bytes()));
        let mut client = UnixStream::connect_addr(&address).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        client.write_all(b"x").await.unwrap();
        server.read_exact(&mut [0]).await.unwrap();
        let error = UnixListener::bind_addr(&address).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&format!(r"\0{name}")), "{error}");
        drop((listener, server));
        let error = UnixStream::connect_addr(&address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_peer_tells_who_it_is() {
    TestLoop::new().block_on(async {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let peer = ours.peer_cred().unwrap();
        assert_eq!(peer.uid(), rustix::process::geteuid().as_raw());
        assert_eq!(peer.gid(), rustix::process::getegid().as_raw());
        assert_eq!(peer.pid(), i32::try_from(std::process::id()).ok());
    });
}

/// A listener in whose queue there is a place for one.
#[cfg(target_os = "linux")]
fn with_the_shortest_queue(path: &TempPath) -> net::UnixListener {
    let listener = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
    let listener = listener.unwrap();
    listener.bind(&socket2::SockAddr::unix(path).unwrap()).unwrap();
    listener.listen(0).unwrap();
    listener.into()
}

// EV-LOOP-02
#[test]
#[cfg(target_os = "linux")]
fn who_connects_to_a_full_queue_where_there_is_no_loop_is_told_so() {
    let path = TempPath::new();
    let _listener = with_the_shortest_queue(&path);
    let _first = net::UnixStream::connect(&path).unwrap();
    let connecting = std::thread::spawn(move || future::block_on(UnixStream::connect(&path)));
    let error = connecting.join().unwrap().unwrap_err();
    assert!(error.to_string().starts_with("no event loop on this thread"), "{error}");
}

// Such a connect says "would block", and there is nothing to wait for.
#[test]
#[cfg(target_os = "linux")]
fn who_connects_to_a_full_queue_waits_for_a_place() {
    let event_loop = TestLoop::with_virtual_time();
    event_loop.block_on(async {
        let path = TempPath::new();
        let listener = UnixListener::from_std(with_the_shortest_queue(&path)).unwrap();
        let _first = UnixStream::connect(&path).await.unwrap();
        let second = spawn({
            let path = path.0.clone();
            async move { UnixStream::connect(path).await }
        });
        evergreen_task::sleep(10.0).await;
        assert!(!second.is_finished());
        // Once in 128 ms, in the end.
        let attempts = second.task_ref().polls();
        assert!((50..100).contains(&attempts), "{attempts}");
        listener.accept().await.unwrap();
        let mut second = second.await.unwrap().unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        second.write_all(b"x").await.unwrap();
        server.read_exact(&mut [0]).await.unwrap();
    });
    assert_eq!(event_loop.metrics().timers, 0);
}

// F7: partial writes and reads, both ways at once.
#[test]
fn a_mebibyte_goes_both_ways_intact() {
    const LENGTH: usize = 1 << 20;
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (one, other) = UnixStream::pair().unwrap();
        let tasks = [(one, 1), (other, 2)].map(|(stream, seed)| {
            spawn(async move {
                let (mut reader, mut writer) = stream.into_split();
                let write = async {
                    writer.write_all(&content(LENGTH, seed)).await.unwrap();
                    writer.close().await.unwrap();
                };
                let mut received = Vec::new();
                future::zip(write, async { reader.read_to_end(&mut received).await.unwrap() })
                    .await;
                assert!(received == content(LENGTH, 3 - seed), "the content is intact");
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

/// Sends bytes in a message that brings a descriptor along.
#[cfg(target_os = "linux")]
fn send_with_descriptor(stream: &UnixStream, bytes: &[u8]) {
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
    let descriptors = [stream.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    assert!(ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)));
    let pieces = [IoSlice::new(bytes)];
    let sent = sendmsg(stream, &pieces, &mut ancillary, SendFlags::empty());
    assert_eq!(sent, Ok(bytes.len()));
}

// R-5: a read ends behind a message that brings descriptors, whatever lies beyond.
#[test]
#[cfg(target_os = "linux")]
fn what_lies_behind_a_descriptor_is_read() {
    TestLoop::with_virtual_time().block_on(async {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        send_with_descriptor(&theirs, b"first");
        assert_eq!(theirs.try_write(b"second").unwrap(), 6);
        for word in [&b"first"[..], b"second"] {
            let mut received = [0; 64];
            let read = timeout(20.0, ours.read(&mut received)).await.unwrap().unwrap();
            assert_eq!(&received[..read], word);
        }
    });
}

// F9
#[test]
fn halves_end_their_direction_and_reunite() {
    TestLoop::new().block_on(async {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let (mut reader, writer) = ours.into_split();
        let (other, _) = UnixStream::pair().unwrap();
        let (_, other_writer) = other.into_split();
        let ReuniteError(ours, _) = reader.reunite(other_writer).unwrap_err();
        reader = ours;
        drop(writer);
        assert_eq!(theirs.read(&mut [0; 1]).await.unwrap(), 0);
        theirs.write_all(b"still open").await.unwrap();
        let mut answer = [0; 10];
        reader.read_exact(&mut answer).await.unwrap();

        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let (mut reader, mut writer) = ours.split();
        assert!(future::poll_once(reader.read(&mut [0])).await.is_none());
        writer.write_all(b"x").await.unwrap();
        assert_eq!(theirs.try_read(&mut [0; 8]).unwrap(), 1);
        let (reader, writer) = ours.into_split();
        writer.reunite(reader).unwrap().shutdown(Shutdown::Both).unwrap();
        assert_eq!(theirs.try_read(&mut [0; 8]).unwrap(), 0);
    });
}

#[test]
fn a_stream_goes_to_the_standard_library_and_back() {
    TestLoop::new().block_on(async {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut ours = ours.into_std().unwrap();
        ours.write_all(b"std").unwrap();
        let mut word = [0; 3];
        theirs.read_exact(&mut word).await.unwrap();
        let mut ours = UnixStream::from_std(ours).unwrap();
        theirs.write_all(&word).await.unwrap();
        ours.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"std");

        let path = TempPath::new();
        let listener = UnixListener::bind(&path).unwrap().into_std().unwrap();
        let listener = UnixListener::from_std(listener).unwrap();
        let address = SocketAddr::from_pathname(&path).unwrap();
        let _client = UnixStream::connect_addr(&address).await.unwrap();
        listener.accept().await.unwrap();
    });
}

// R-1
#[test]
fn a_stream_may_be_used_and_dropped_on_another_thread() {
    let event_loop = TestLoop::new();
    let (ours, mut theirs) = net::UnixStream::pair().unwrap();
    let mut ours = event_loop.block_on(async { UnixStream::from_std(ours).unwrap() });
    beside(&event_loop, move || {
        let echo = std::thread::spawn(move || {
            let mut word = [0; 5];
            theirs.read_exact(&mut word).unwrap();
            theirs.write_all(&word).unwrap();
            theirs.read(&mut word).unwrap()
        });
        future::block_on(async {
            ours.write_all(b"hello").await.unwrap();
            let mut word = [0; 5];
            ours.read_exact(&mut word).await.unwrap();
            assert_eq!(&word, b"hello");
        });
        drop(ours);
        assert_eq!(echo.join().unwrap(), 0);
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// F16: killed wherever it waits, it leaves the connection to the next.
#[test]
fn a_task_that_accepts_may_be_killed_and_loses_no_connection() {
    TestLoop::new().block_on(async {
        let path = TempPath::new();
        let listener = Rc::new(UnixListener::bind(&path).unwrap());
        let _client = UnixStream::connect(&path).await.unwrap();
        for killed in 0.. {
            let accepting = Rc::clone(&listener);
            let accepting = spawn(async move { accepting.accept().await.map(drop) });
            yield_now().await;
            if accepting.is_finished() {
                return accepting.await.unwrap().unwrap();
            }
            accepting.kill();
            // The poller is asked at least once meanwhile.
            assert!(killed < 1_000, "the connection is lost");
        }
    });
}
