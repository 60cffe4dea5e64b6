//! Input that no socket can be made of: each with an error that names it, and says what to do.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::net;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net as unix;
use std::path::{Path, PathBuf};

use common::TestLoop;
use evergreen_io::lib::socket;
use evergreen_io::net::{
    TcpListener, TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream,
};
use evergreen_io::pipe::OpenOptions;
use evergreen_io::process::Command;
use evergreen_loop::EventLoop;

/// The error is of this kind, and says all of this.
#[track_caller]
fn assert_error<T: std::fmt::Debug>(result: io::Result<T>, kind: ErrorKind, says: &[&str]) {
    assert_eq!(assert_says(result, says), kind);
}

#[track_caller]
fn assert_says<T: std::fmt::Debug>(result: io::Result<T>, says: &[&str]) -> ErrorKind {
    let error = result.unwrap_err();
    let text = error.to_string();
    assert!(says.iter().all(|part| text.contains(part)), "{text}");
    error.kind()
}

/// A directory of its own, removed at the end.
struct TempDir(PathBuf);

impl TempDir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("evergreen-{}-{name}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn an_address_that_cannot_be_taken_is_named() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap();
        let says = ["cannot bind to", &address.to_string(), "choose another port"];
        assert_error(TcpListener::bind(address).await, ErrorKind::AddrInUse, &says);
        let socket = TcpSocket::new_v4().unwrap();
        assert_error(socket.bind(address), ErrorKind::AddrInUse, &says);
        let nowhere = TcpListener::bind("192.0.2.1:0").await;
        assert_error(nowhere, ErrorKind::AddrNotAvailable, &["192.0.2.1:0", "no interface"]);
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

#[test]
fn an_address_that_does_not_fit_the_socket_is_named() {
    TestLoop::new().block_on(async {
        let [four, six] = ["127.0.0.1:0", "[::1]:0"].map(|address| address.parse().unwrap());
        let (socket, other) = (TcpSocket::new_v4().unwrap(), TcpSocket::new_v6().unwrap());
        assert_says(socket.bind(six), &["cannot bind to [::1]:0", "other version of IP"]);
        assert_says(other.bind(four), &["cannot bind to 127.0.0.1:0", "other version of IP"]);
        socket.bind(four).unwrap();
        assert_says(socket.bind(four), &["cannot bind to 127.0.0.1:0", "bound already"]);
        assert_says(socket.connect(six).await, &["cannot connect to [::1]:0"]);
    });
}

// The system says no more than of a socket that is bound already.
#[test]
#[cfg(target_os = "linux")]
fn a_link_local_address_without_an_interface_is_told_so() {
    TestLoop::new().block_on(async {
        let address: net::SocketAddr = "[fe80::1]:0".parse().unwrap();
        let says = ["cannot bind to [fe80::1]:0", "of an interface", "fe80::1%2"];
        assert_error(TcpListener::bind(address).await, ErrorKind::InvalidInput, &says);
        assert_error(UdpSocket::bind(address).await, ErrorKind::InvalidInput, &says);
        let group = UdpSocket::bind("[ff02::1]:0").await;
        assert_error(group, ErrorKind::InvalidInput, &["of an interface"]);
        let socket = socket::Socket::new(socket::AF_INET6, socket::SOCK_STREAM, 0).unwrap();
        assert_error(socket.bind(address), ErrorKind::InvalidInput, &says);
    });
}

#[test]
fn an_address_without_a_port_is_shown_as_it_was_given() {
    TestLoop::new().block_on(async {
        let connecting = TcpStream::connect("127.0.0.1").await;
        assert_error(connecting, ErrorKind::InvalidInput, &["`127.0.0.1`", "host:port"]);
        let listening = TcpListener::bind("127.0.0.1:65536").await;
        assert_error(listening, ErrorKind::InvalidInput, &["`127.0.0.1:65536`"]);
        let none: [net::SocketAddr; 0] = [];
        assert_error(TcpListener::bind(&none[..]).await, ErrorKind::InvalidInput, &["no address"]);
    });
}

#[test]
fn a_path_that_cannot_be_a_socket_is_named() {
    let dir = TempDir::new("paths");
    TestLoop::new().block_on(async {
        let long = dir.path(&"x".repeat(200));
        let says = ["xxxxx", "bytes", "are the most", "relative"];
        assert_error(UnixListener::bind(&long), ErrorKind::InvalidInput, &says);
        assert_error(UnixStream::connect(&long).await, ErrorKind::InvalidInput, &says);
        let with_zero = Path::new("zero\0inside");
        let says = [r#""zero\0inside""#, "zero byte"];
        assert_error(UnixListener::bind(with_zero), ErrorKind::InvalidInput, &says);
        assert_error(UnixListener::bind(""), ErrorKind::InvalidInput, &["empty"]);
        assert_error(UnixStream::connect("").await, ErrorKind::InvalidInput, &["empty"]);

        let nowhere = dir.path("no/such/directory");
        let says = ["cannot bind", "no/such/directory", "no such directory"];
        assert_error(UnixListener::bind(nowhere), ErrorKind::NotFound, &says);
        fs::write(dir.path("file"), "").unwrap();
        let says = ["file", "remove it first"];
        assert_error(UnixListener::bind(dir.path("file")), ErrorKind::AddrInUse, &says);
        let below = dir.path("file/below");
        assert_error(UnixListener::bind(below), ErrorKind::NotADirectory, &["no directory"]);
    });
}

#[test]
#[cfg(target_os = "linux")]
fn an_abstract_name_that_is_too_long_is_an_error() {
    TestLoop::new().block_on(async {
        let name = format!("\0{}", "x".repeat(108));
        let says = ["xxxxx", "108 bytes", "107"];
        assert_error(UnixListener::bind(&name), ErrorKind::InvalidInput, &says);
        // One byte less fits.
        let listener = UnixListener::bind(&name[..108]).unwrap();
        UnixStream::connect(&name[..108]).await.unwrap();
        listener.accept().await.unwrap();
    });
}

#[test]
fn a_path_behind_which_nobody_listens_is_named() {
    let dir = TempDir::new("left");
    TestLoop::new().block_on(async {
        let left = dir.path("left");
        drop(UnixListener::bind(&left).unwrap());
        let says = ["left", "nobody listens"];
        assert_error(UnixStream::connect(&left).await, ErrorKind::ConnectionRefused, &says);
        let says = ["left", "remove it first"];
        assert_error(UnixListener::bind(&left), ErrorKind::AddrInUse, &says);
        let says = ["nothing", "no such socket"];
        let missing = UnixStream::connect(dir.path("nothing")).await;
        assert_error(missing, ErrorKind::NotFound, &says);
        let below = left.join("below");
        let says = ["left/below", "no directory"];
        assert_error(UnixStream::connect(below).await, ErrorKind::NotADirectory, &says);
        let (one, _other) = unix::UnixStream::pair().unwrap();
        let unnamed = UnixStream::connect_addr(&one.local_addr().unwrap()).await;
        assert_error(unnamed, ErrorKind::InvalidInput, &["no name"]);
    });
}

#[test]
fn a_socket_of_another_kind_is_named() {
    let dir = TempDir::new("kinds");
    TestLoop::new().block_on(async {
        let _listener = UnixListener::bind(dir.path("stream")).unwrap();
        let datagrams = UnixDatagram::bind(dir.path("datagrams")).unwrap();
        let says = ["datagrams", "of another kind"];
        assert_says(UnixStream::connect(dir.path("datagrams")).await, &says);
        let says = ["stream", "of another kind"];
        assert_says(datagrams.connect(dir.path("stream")), &says);
        assert_says(datagrams.send_to(b"x", dir.path("stream")).await, &says);
    });
}

#[test]
fn a_path_that_is_not_unicode_is_shown_byte_by_byte() {
    let dir = TempDir::new("bytes");
    TestLoop::new().block_on(async {
        let path = dir.0.join(OsStr::from_bytes(b"b\xffd"));
        let says = [r"b\xFFd"];
        assert_error(UnixStream::connect(&path).await, ErrorKind::NotFound, &says);
        let fifo = OpenOptions::new().open_receiver(&path);
        assert_error(fifo, ErrorKind::NotFound, &says);
        assert_error(Command::new(&path).spawn(), ErrorKind::NotFound, &says);
        let _listener = UnixListener::bind(&path).unwrap();
        assert_error(UnixListener::bind(&path), ErrorKind::AddrInUse, &says);
    });
}

/// Descriptors of every kind that is wrong somewhere.
fn descriptors() -> [(&'static str, OwnedFd); 7] {
    let tcp = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let tcp_stream = net::TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
    let unix_socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
    let name = format!("\0evergreen-kinds-{}", std::process::id());
    let unix_listener = unix_socket.unwrap();
    if cfg!(target_os = "linux") {
        unix_listener.bind(&socket2::SockAddr::unix(name).unwrap()).unwrap();
        unix_listener.listen(1).unwrap();
    }
    [
        ("file", File::open("/dev/null").unwrap().into()),
        ("udp", net::UdpSocket::bind("127.0.0.1:0").unwrap().into()),
        ("datagrams", unix::UnixDatagram::unbound().unwrap().into()),
        ("tcp listener", tcp.into()),
        ("tcp stream", tcp_stream.into()),
        ("unix listener", unix_listener.into()),
        ("unix stream", unix::UnixStream::pair().unwrap().0.into()),
    ]
}

// F22
#[test]
#[cfg(target_os = "linux")]
fn a_descriptor_of_another_kind_is_told_from_the_right_one() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let try_all = |good: &str, take: &dyn Fn(OwnedFd) -> io::Result<()>| {
            for (kind, descriptor) in descriptors() {
                let result = take(descriptor);
                if kind == good {
                    result.unwrap();
                    continue;
                }
                let says = match kind {
                    "file" => "no socket",
                    "udp" | "datagrams" => "for messages",
                    _ if kind.split(' ').next() == good.split(' ').next() => "listen",
                    _ if kind.starts_with("tcp") => "a TCP socket",
                    _ => "a Unix socket",
                };
                assert_error(result, ErrorKind::InvalidInput, &[says, "the descriptor of this"]);
            }
        };
        try_all("tcp stream", &|fd| TcpStream::from_std(fd.into()).map(drop));
        try_all("tcp listener", &|fd| TcpListener::from_std(fd.into()).map(drop));
        try_all("unix stream", &|fd| UnixStream::from_std(fd.into()).map(drop));
        try_all("unix listener", &|fd| UnixListener::from_std(fd.into()).map(drop));
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// F22
#[test]
fn a_stream_that_is_registered_twice_is_refused() {
    TestLoop::new().block_on(async {
        let (ours, _theirs) = unix::UnixStream::pair().unwrap();
        let event_loop = EventLoop::try_current().unwrap();
        event_loop.add_reader(ours.as_raw_fd(), || ()).unwrap();
        let error = UnixStream::from_std(ours).unwrap_err();
        assert!(error.to_string().contains("is watched already"), "{error}");
    });
}

#[test]
fn a_socket_needs_a_loop() {
    let (ours, _theirs) = unix::UnixStream::pair().unwrap();
    let error = UnixStream::from_std(ours).unwrap_err();
    assert!(error.to_string().contains("no event loop on this thread"), "{error}");
}
