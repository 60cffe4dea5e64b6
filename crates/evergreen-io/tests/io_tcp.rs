//! The TCP classes.

mod common;

#[cfg(target_os = "linux")]
use common::child::{part, under_strace};
use common::streams::{Plain, reports};
use common::{Refusing, TestLoop};
use evergreen_io::io::{
    BaseStream, HandleConnection, StreamCore, StreamError, TcpClient, TcpConnection, TcpError,
    TcpServer,
};
use evergreen_io::net::TcpStream;
use evergreen_task::{Task, spawn, yield_now};
use evergreen_testing::Trace;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};

async fn echo(client: TcpConnection) -> Result<(), TcpError> {
    loop {
        let line = client.read_until(b"\n").await?;
        if line.is_empty() {
            return Ok(());
        }
        client.write(&line)?;
    }
}

async fn echo_server(address: &str) -> (TcpServer, Task<Result<(), TcpError>>) {
    serving(echo, address).await
}

async fn serving(
    handler: impl HandleConnection<TcpConnection>,
    address: &str,
) -> (TcpServer, Task<Result<(), TcpError>>) {
    let server = TcpServer::new(handler);
    server.bind(address).expect("a free port");
    let serving = spawn({
        let server = server.clone();
        async move { server.serve().await }
    });
    yield_now().await;
    (server, serving)
}

#[test]
fn small_writes_go_out_at_once_where_that_is_set() {
    TestLoop::new().block_on(async {
        let (server, _serving) = echo_server("127.0.0.1:0").await;
        let client = TcpClient::new();
        assert!(matches!(client.set_nodelay(true).unwrap_err().kind(), StreamError::NotConnected));
        client.connect(server.local_addr().unwrap()).await.unwrap();
        client.write(b"x\n").unwrap();
        client.read_until(b"\n").await.unwrap();
        let connection = server.connections().remove(0);
        assert!(!client.nodelay().unwrap() && !connection.nodelay().unwrap());
        client.set_nodelay(true).unwrap();
        assert!(client.nodelay().unwrap() && !connection.nodelay().unwrap());
        connection.set_nodelay(true).unwrap();
        assert!(connection.nodelay().unwrap());
        client.close();
        assert!(matches!(client.nodelay().unwrap_err().kind(), StreamError::Closed));
    });
}

// EV-TCP-01, EV-TCP-04, EV-TCP-06
#[test]
fn what_is_written_comes_back_line_by_line_until_the_end() {
    TestLoop::new().block_on(async {
        let (server, serving) = echo_server("127.0.0.1:0").await;
        let address = server.local_addr().unwrap();
        let client = TcpClient::new();
        assert!(matches!(client.peer_addr().unwrap_err().kind(), StreamError::NotConnected));
        assert!(matches!(client.local_addr().unwrap_err().kind(), StreamError::NotConnected));
        assert!(!client.write(b"early\n").unwrap());
        client.connect(("localhost", address.port())).await.unwrap();
        assert_eq!(client.read_until(b"\n").await.unwrap(), b"early\n");
        assert_eq!(client.peer_addr().unwrap(), address);
        let connection = server.connections().remove(0);
        assert_eq!(connection.peer_addr().unwrap(), client.local_addr().unwrap());
        assert_eq!(connection.local_addr().unwrap(), address);
        client.shutdown().await.unwrap();
        assert_eq!(client.read_bytes(1).await.unwrap(), b"");
        assert!(matches!(client.peer_addr().unwrap_err().kind(), StreamError::Closed));
        assert!(matches!(connection.local_addr().unwrap_err().kind(), StreamError::Closed));
        server.close();
        serving.await.unwrap().unwrap();
    });
}

// R-12, EV-STR-08: `printf .. | nc -N` gets all its echoes.
#[test]
fn who_writes_all_and_ends_gets_all_echoes() {
    TestLoop::new().block_on(async {
        let (server, _serving) = echo_server("127.0.0.1:0").await;
        let stream = TcpStream::connect(server.local_addr().unwrap()).await.unwrap();
        let client = Plain(StreamCore::connected(stream));
        let lines = b"a line that is said again\n".repeat(400_000);
        let writer = spawn({
            let (client, lines) = (client.clone(), lines.clone());
            async move {
                client.write(&lines).unwrap();
                client.shutdown().await.unwrap();
            }
        });
        writer.await.unwrap();
        assert!(client.read_bytes(usize::MAX).await.unwrap() == lines);
    });
}

// EV-TCP-02, EV-STR-14
#[test]
fn a_client_that_could_not_connect_may_try_again() {
    TestLoop::new().block_on(async {
        let (server, _serving) = echo_server("127.0.0.1:0").await;
        let refusing = Refusing::new();
        let client = TcpClient::new();
        client.write(b"for nobody\n").unwrap();
        let error = client.connect(refusing.address()).await.unwrap_err();
        assert_eq!(error.errno(), Some(libc::ECONNREFUSED), "{error}");
        assert!(error.to_string().starts_with("TCP: cannot connect to 127.0.0.1:"), "{error}");
        let error = client.connect(("no-such-host.invalid", 80)).await.unwrap_err();
        assert!(error.to_string().contains("no-such-host.invalid"), "{error}");
        assert!(!client.is_closed());
        // A later address is as good.
        let addresses = [refusing.address(), server.local_addr().unwrap()];
        client.write(b"for the server\n").unwrap();
        client.connect(&addresses[..]).await.unwrap();
        assert_eq!(client.read_until(b"\n").await.unwrap(), b"for the server\n");
    });
}

// EV-STR-14, EV-STR-17
#[test]
fn a_flush_is_told_that_what_was_written_is_lost_with_the_attempt_to_connect() {
    TestLoop::new().block_on(async {
        let client = TcpClient::new();
        client.write(b"for nobody\n").unwrap();
        let flush = spawn({
            let client = client.clone();
            async move { client.flush().await }
        });
        yield_now().await;
        client.connect(Refusing::new().address()).await.unwrap_err();
        let error = flush.await.unwrap().unwrap_err();
        assert!(matches!(error.kind(), StreamError::NotConnected), "{error}");
        client.flush().await.unwrap();
    });
}

// EV-TCP-03
#[test]
fn a_client_connects_once() {
    TestLoop::new().block_on(async {
        let trace = Trace::new();
        let noting = trace.clone();
        let noted_echo = move |client| {
            noting.note("accepted");
            echo(client)
        };
        let (server, _serving) = serving(noted_echo, "127.0.0.1:0").await;
        let address = server.local_addr().unwrap();
        let client = TcpClient::new();
        let connects = [1, 2].map(|_| {
            let client = client.clone();
            spawn(async move { client.connect(address).await })
        });
        let [first, second] = connects;
        first.await.unwrap().unwrap();
        for error in [second.await.unwrap(), client.connect(address).await] {
            let error = error.unwrap_err();
            assert!(matches!(error.kind(), StreamError::AlreadyConnected), "{error}");
        }
        client.close();
        let error = client.connect(address).await.unwrap_err();
        assert!(matches!(error.kind(), StreamError::Closed), "{error}");
        // Who was refused did not even knock: the next is the second whom the server meets.
        let next = TcpClient::new();
        next.connect(address).await.unwrap();
        next.write(b"\n").unwrap();
        assert_eq!(next.read_until(b"\n").await.unwrap(), b"\n");
        trace.assert_eq(["accepted", "accepted"]);
    });
}

// EV-STR-10: also who connects is told.
#[test]
fn whoever_connects_is_told_that_it_is_closed() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let nobody = common::Blackhole::new();
        let client = TcpClient::new();
        let connect = spawn({
            let (client, address) = (client.clone(), nobody.address());
            async move { client.connect(address).await }
        });
        yield_now().await;
        client.close();
        let error = connect.await.unwrap().unwrap_err();
        assert!(matches!(error.kind(), StreamError::Closed), "{error}");
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// EV-TCP-01: the source is bound first.
#[test]
fn a_client_may_say_where_it_connects_from() {
    TestLoop::new().block_on(async {
        let (server, _serving) = echo_server("127.0.0.1:0").await;
        let address = server.local_addr().unwrap();
        let client = TcpClient::new();
        let source: SocketAddr = "127.0.0.5:0".parse().unwrap();
        let error = client.connect_from(address, "[::1]:0".parse().unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("no IPv6 address to connect to"), "{error}");
        let foreign = "192.0.2.1:0".parse().unwrap();
        let error = client.connect_from(address, foreign).await.unwrap_err();
        assert!(error.to_string().contains("192.0.2.1"), "{error}");
        let refusing = Refusing::new();
        let addresses = [refusing.address(), address];
        client.connect_from(&addresses[..], source).await.unwrap();
        assert_eq!(client.local_addr().unwrap().ip(), source.ip());
    });
}

// EV-TCP-07: a zone stays what it is.
#[test]
fn an_address_keeps_its_zone() {
    TestLoop::new().block_on(async {
        let loopback = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 0, 0, 0);
        let (server, _serving) = echo_server(&loopback.to_string()).await;
        let client = TcpClient::new();
        client.connect(("::1%1", server.local_addr().unwrap().port())).await.unwrap();
        client.write(b"there\n").unwrap();
        assert_eq!(client.read_until(b"\n").await.unwrap(), b"there\n");
        // A link-local address of a zone that does not exist is asked for with it.
        let nowhere = TcpClient::new();
        let error = nowhere.connect(("fe80::1%4294967295", 9)).await.unwrap_err();
        assert!(error.to_string().contains("fe80::1%4294967295"), "{error}");
    });
}

// EV-TCP-08, EV-STR-24
#[test]
fn errors_are_of_the_class_and_keep_their_number() {
    TestLoop::new().block_on(async {
        let reports = reports();
        let error: TcpError = std::io::Error::from_raw_os_error(libc::EPIPE).into();
        assert_eq!(error.errno(), Some(libc::EPIPE));
        assert_eq!(error.to_string(), "TCP: Broken pipe (os error 32)");
        let of_no_class = StreamError::from(error);
        assert_eq!(of_no_class.errno(), Some(libc::EPIPE));
        let error = std::io::Error::from(TcpError::from(of_no_class));
        assert_eq!(error.raw_os_error(), Some(libc::EPIPE));
        let closed: std::io::Error = TcpError::from(StreamError::Closed).into();
        assert_eq!((closed.to_string().as_str(), closed.raw_os_error()), ("closed", None));
        assert!(reports.borrow().is_empty());
    });
}

// EV-TCP-01: a port that an earlier connection from there has left may be taken again.
#[test]
#[cfg(target_os = "linux")]
fn a_client_may_connect_from_the_port_of_a_connection_that_has_ended() {
    TestLoop::new().block_on(async {
        let (first, _serving) = echo_server("127.0.0.1:0").await;
        let (second, _serving_too) = echo_server("127.0.0.1:0").await;
        let client = TcpClient::new();
        let any = "127.7.31.9:0".parse().unwrap();
        client.connect_from(first.local_addr().unwrap(), any).await.unwrap();
        let source = client.local_addr().unwrap();
        // Who ends first has to remember it for a minute.
        client.shutdown().await.unwrap();
        assert_eq!(client.read_bytes(1).await.unwrap(), b"");
        let client = TcpClient::new();
        client.connect_from(second.local_addr().unwrap(), source).await.unwrap();
        assert_eq!(client.local_addr().unwrap(), source);
        client.write(b"again\n").unwrap();
        assert_eq!(client.read_until(b"\n").await.unwrap(), b"again\n");
    });
}

// EV-TCP-02: why the address before did not answer is not hidden by the source, which is taken.
#[test]
#[cfg(target_os = "linux")]
fn the_error_of_the_first_address_is_told_also_if_the_next_is_not_tried() {
    let name = "the_error_of_the_first_address_is_told_also_if_the_next_is_not_tried";
    if part().is_none() {
        under_strace(name, "taken", "bind", "error=EADDRINUSE:when=4+");
        return;
    }
    TestLoop::new().block_on(async {
        // Two that are bound, one to connect from, and then no more.
        let addresses = [Refusing::new(), Refusing::new()];
        let addresses = addresses.each_ref().map(Refusing::address);
        let source = "127.0.0.1:0".parse().unwrap();
        let error = TcpClient::new().connect_from(&addresses[..], source).await.unwrap_err();
        assert_eq!(error.errno(), Some(libc::ECONNREFUSED), "{error}");
    });
}
