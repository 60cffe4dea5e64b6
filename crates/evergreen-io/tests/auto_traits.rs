//! Which types may go to other threads.

use std::error::Error;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use evergreen_io::fs::{
    self, DirBuilder, DirEntry, File, OpenOptions, PathError, ReadDir, read_dir,
};
use evergreen_io::io::{
    BaseStream, PipeClient, PipeConnection, PipeError, PipeServer, PipeStream, StreamCore,
    StreamError, TcpClient, TcpConnection, TcpError, TcpServer, TtyError, TtyStream, UdpEndpoint,
    UdpError,
};
use evergreen_io::lib::socket::{Address, BadDescriptor, Socket, SocketFile};
use evergreen_io::net::{
    ConnectError, TcpListener, TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixListener,
    UnixStream, lookup_host, tcp, unix,
};
use evergreen_io::pipe::{Receiver, Sender};
use evergreen_io::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use evergreen_io::resolve::{
    AddrInfo, Query, ResolveError, Resolver, SystemResolver, getaddrinfo, getnameinfo,
};
use evergreen_io::stdio::{Stderr, Stdin, Stdout};
use evergreen_io::{
    AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdRegisterError, TryIoError,
};
use futures_core::Stream;
use futures_io::{AsyncRead, AsyncSeek, AsyncWrite};
use static_assertions::{assert_impl_all, assert_not_impl_any};

// The streams of one loop, by one core: EV-STR-01, R-13.
assert_impl_all!(TcpClient: BaseStream<Error = TcpError>, Clone);
assert_impl_all!(TcpConnection: BaseStream<Error = TcpError>, Clone);
assert_impl_all!(PipeClient: BaseStream<Error = PipeError>, Clone);
assert_impl_all!(PipeConnection: BaseStream<Error = PipeError>, Clone);
assert_impl_all!(PipeStream: BaseStream<Error = PipeError>, Clone);
assert_impl_all!(TtyStream: BaseStream<Error = TtyError>, Clone);
assert_not_impl_any!(StreamCore: Send, Sync);
assert_not_impl_any!(TcpServer: Send, Sync);
assert_not_impl_any!(PipeServer: Send, Sync);
assert_not_impl_any!(UdpEndpoint: Send, Sync);
// Each class has errors of its own, which may go anywhere: EV-TCP-08, EV-PIPE-05, EV-TTY-06, EV-UDP-07.
assert_impl_all!(StreamError: Error, Send, Sync, From<TcpError>, From<PipeError>, From<TtyError>, From<UdpError>);

assert_impl_all!(TcpStream: Send, Sync, Unpin, AsyncRead, AsyncWrite, AsFd, AsRawFd);
assert_impl_all!(&TcpStream: Send, Sync, Unpin, AsyncRead, AsyncWrite);
assert_impl_all!(TcpListener: Send, Sync, Unpin, AsFd, AsRawFd);
assert_impl_all!(TcpSocket: Send, Sync, Unpin, AsFd, AsRawFd);
assert_impl_all!(UnixStream: Send, Sync, Unpin, AsyncRead, AsyncWrite, AsFd, AsRawFd);
assert_impl_all!(&UnixStream: Send, Sync, Unpin, AsyncRead, AsyncWrite);
assert_impl_all!(UnixListener: Send, Sync, Unpin, AsFd, AsRawFd);

assert_impl_all!(UdpSocket: Send, Sync, Unpin, AsFd, AsRawFd);
assert_impl_all!(UnixDatagram: Send, Sync, Unpin, AsFd, AsRawFd);
assert_impl_all!(Sender: Send, Sync, Unpin, AsyncWrite, AsFd, AsRawFd);
assert_impl_all!(&Sender: Send, Sync, Unpin, AsyncWrite);
assert_impl_all!(Receiver: Send, Sync, Unpin, AsyncRead, AsFd, AsRawFd);
assert_impl_all!(&Receiver: Send, Sync, Unpin, AsyncRead);
assert_impl_all!(AsyncFd<OwnedFd>: Send, Sync, Unpin, AsFd, AsRawFd);
assert_impl_all!(AsyncFdReadyGuard<'_, OwnedFd>: Send, Sync);
assert_impl_all!(AsyncFdReadyMutGuard<'_, OwnedFd>: Send, Sync);
assert_impl_all!(AsyncFdRegisterError<OwnedFd>: Send, Sync, Error);
assert_impl_all!(TryIoError: Send, Sync, Error);

macro_rules! assert_halves {
    ($module:ident, $stream:ty) => {
        assert_impl_all!($module::ReadHalf<'_>: Send, Sync, Unpin, AsyncRead, AsRef<$stream>);
        assert_impl_all!($module::WriteHalf<'_>: Send, Sync, Unpin, AsyncWrite, AsRef<$stream>);
        assert_impl_all!($module::OwnedReadHalf: Send, Sync, Unpin, AsyncRead, AsRef<$stream>);
        assert_impl_all!($module::OwnedWriteHalf: Send, Sync, Unpin, AsyncWrite, AsRef<$stream>);
        assert_impl_all!($module::ReuniteError: Send, Sync, Error);
    };
}

assert_halves!(tcp, TcpStream);
assert_halves!(unix, UnixStream);
assert_impl_all!(SocketFile: Send, Sync, Unpin, AsyncRead, AsyncWrite);
assert_impl_all!(Address: Send, Sync, Unpin, Clone);
assert_impl_all!(BadDescriptor: Send, Sync, Error);
assert_not_impl_any!(Socket: Send, Sync);
assert_impl_all!(ConnectError: Send, Sync, Error);
assert_impl_all!(ResolveError: Send, Sync, Error);
assert_impl_all!(Query: Send, Sync, Unpin, Clone);
assert_impl_all!(AddrInfo: Send, Sync, Unpin, Clone);
assert_impl_all!(SystemResolver: Send, Sync, Unpin, Copy, Resolver);
assert_impl_all!(dyn Resolver: Send, Sync);

assert_impl_all!(File: Send, Sync, Unpin, AsyncRead, AsyncWrite, AsyncSeek, AsFd, AsRawFd);
assert_impl_all!(&File: Send, Sync, Unpin, AsyncRead, AsyncWrite, AsyncSeek);
assert_impl_all!(ReadDir: Send, Sync, Unpin, Stream);
assert_impl_all!(DirEntry: Send, Sync, Unpin, Clone);
assert_impl_all!(OpenOptions: Send, Sync, Unpin, Clone);
assert_impl_all!(DirBuilder: Send, Sync, Unpin);
assert_impl_all!(PathError: Send, Sync, Error);

fn sent<F: Future + Send>(_: F) {}

//
const _: fn(TcpStream, TcpStream) = |mut one, mut other| {
    sent(async move {
        evergreen_io::copy(&mut one, &mut other).await.ok();
        evergreen_io::copy_bidirectional(&mut one, &mut other).await
    });
};

//
const _: fn(&TcpStream, &TcpListener) = |stream, listener| {
    sent(stream.readable());
    sent(stream.writable());
    sent(async { stream.peek(&mut [0; 1]).await });
    sent(stream.ready(evergreen_io::Interest::BOTH));
    sent(listener.accept());
};

//
const _: fn(&AsyncFd<OwnedFd>, &Receiver) = |fd, receiver| {
    sent(fd.readable());
    sent(fd.ready(evergreen_io::Interest::BOTH));
    sent(fd.async_io(evergreen_io::Interest::BOTH, |_| Ok(())));
    sent(receiver.readable());
};

//
const _: fn(&UdpSocket, &UnixDatagram) = |udp, unix| {
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    sent(async { udp.recv(&mut [0; 1]).await });
    sent(async { unix.recv_from(&mut [0; 1]).await });
    sent(async { unix.send_to(b"", "name").await });
    sent(async move { udp.try_send_to(b"", address) });
};

//
const _: fn(&File, File, &mut ReadDir, &DirEntry) = |file, other, entries, entry| {
    sent(file.sync_all());
    sent(file.set_len(0));
    sent(file.try_clone());
    sent(other.into_std());
    sent(entries.next_entry());
    sent(entry.metadata());
};

assert_impl_all!(Command: Send, Sync, Unpin);
assert_impl_all!(Child: Send, Sync, Unpin);
assert_impl_all!(ChildStdin: Send, Sync, Unpin, AsyncWrite, AsFd, AsRawFd);
assert_impl_all!(&ChildStdin: Send, Sync, Unpin, AsyncWrite);
assert_impl_all!(ChildStdout: Send, Sync, Unpin, AsyncRead, AsFd, AsRawFd);
assert_impl_all!(&ChildStdout: Send, Sync, Unpin, AsyncRead);
assert_impl_all!(ChildStderr: Send, Sync, Unpin, AsyncRead, AsFd, AsRawFd);
assert_impl_all!(Stdin: Send, Sync, Unpin, AsyncRead, AsFd, AsRawFd);
assert_impl_all!(&Stdin: Send, Sync, Unpin, AsyncRead);
assert_impl_all!(Stdout: Send, Sync, Unpin, AsyncWrite, AsFd, AsRawFd);
assert_impl_all!(&Stdout: Send, Sync, Unpin, AsyncWrite);
assert_impl_all!(Stderr: Send, Sync, Unpin, AsyncWrite, AsFd, AsRawFd);

//
const _: fn(&mut Child, &mut Command, Child) = |child, command, other| {
    sent(child.wait());
    sent(child.kill());
    sent(command.status());
    sent(command.output());
    sent(other.communicate(b""));
};

//
const _: fn(TcpStream, TcpListener) = |stream, listener| {
    sent(async move {
        let asleep = evergreen_task::sleep(0.0);
        let other = listener.accept().await;
        evergreen_task::timeout(1.0, stream.readable()).await.ok();
        asleep.await;
        drop((stream, other));
    });
    sent(evergreen_io::signal::ctrl_c());
};

/// Tells whether a value may be sent, without failing to compile if it may not.
struct Probe<T>(T);

impl<T: Send> Probe<T> {
    #[expect(clippy::unused_self, reason = "found before the method of the trait")]
    const fn may_be_sent(&self) -> bool {
        true
    }
}

trait NotSent {
    fn may_be_sent(&self) -> bool {
        false
    }
}

impl<T> NotSent for Probe<T> {}

//
#[test]
fn the_futures_that_make_a_socket_may_be_sent() {
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    assert!(Probe(()).may_be_sent() && !Probe(std::rc::Rc::new(())).may_be_sent());
    assert!(Probe(TcpStream::connect(address)).may_be_sent());
    assert!(Probe(TcpListener::bind(address)).may_be_sent());
    assert!(Probe(UdpSocket::bind(address)).may_be_sent());
    assert!(Probe(TcpSocket::new_v4().unwrap().connect(address)).may_be_sent());
    assert!(Probe(UnixStream::connect("no socket")).may_be_sent());
    assert!(Probe(lookup_host(address)).may_be_sent());
    assert!(Probe(getaddrinfo(Query::default())).may_be_sent());
    assert!(Probe(getnameinfo(address, 0)).may_be_sent());
}

//
#[test]
fn the_futures_that_take_a_path_may_be_sent() {
    assert!(Probe(File::open("path")).may_be_sent());
    assert!(Probe(OpenOptions::new().open("path")).may_be_sent());
    assert!(Probe(DirBuilder::new().create("path")).may_be_sent());
    assert!(Probe(read_dir("path")).may_be_sent());
    assert!(Probe(fs::read("path")).may_be_sent());
    assert!(Probe(fs::write("path", "bytes")).may_be_sent());
    assert!(Probe(fs::rename("from", "to")).may_be_sent());
}
