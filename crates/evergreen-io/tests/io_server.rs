//! Servers.

mod common;

use common::TestLoop;
use common::streams::{Plain, reports};
use evergreen_io::io::{
    BaseStream, HandleConnection, Outcome, StreamCore, StreamError, TcpClient, TcpConnection,
    TcpError, TcpServer,
};
use evergreen_io::net::TcpStream;
use evergreen_sync::Event;
use evergreen_task::{Task, sleep, spawn, timeout, yield_now};
use evergreen_testing::Trace;
use socket2::SockRef;
use std::cell::RefCell;
use std::error::Error;
use std::future::{Future, pending};
use std::io;
use std::net::{self, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

type Serving = Task<Result<(), TcpError>>;

/// Bound and serving.
async fn serving(handler: impl HandleConnection<TcpConnection>) -> (TcpServer, Serving) {
    let server = TcpServer::new(handler);
    server.bind("127.0.0.1:0").expect("a free port");
    let serving = spawn({
        let server = server.clone();
        async move { server.serve().await }
    });
    yield_now().await;
    (server, serving)
}

async fn connected(server: &TcpServer) -> TcpClient {
    let client = TcpClient::new();
    client.connect(server.local_addr().expect("bound")).await.expect("it serves");
    client
}

/// Until the server has so many.
async fn connections(server: &TcpServer, number: usize) {
    while server.connections().len() != number {
        sleep(0.001).await;
    }
}

/// How many the server has not let go of.
fn kept(server: &TcpServer) -> usize {
    let shown = format!("{server:?}");
    let (_, number) = shown.rsplit_once("connections: ").expect("it shows them");
    number.trim_end_matches([' ', '}', ')']).parse().expect("a number")
}

async fn waits(connection: TcpConnection) -> Result<(), TcpError> {
    connection.read_bytes(1).await.map(drop)
}

// EV-SRV-01, as a type of one's own.
struct Greeter {
    greeting: &'static [u8],
}

impl HandleConnection<TcpConnection> for Greeter {
    fn handle_connection(
        &self,
        connection: TcpConnection,
    ) -> impl Future<Output = impl Outcome> + 'static {
        let greeting = self.greeting;
        async move { connection.write(greeting).map(drop) }
    }
}

// EV-SRV-01
#[test]
fn a_slow_handler_keeps_nobody_from_being_accepted() {
    TestLoop::new().block_on(async {
        let (server, _serving) = serving(Greeter { greeting: b"hi" }).await;
        assert_eq!(connected(&server).await.read_bytes(10).await.unwrap(), b"hi");
        let trace = Trace::new();
        let noting = trace.clone();
        let (server, _serving) = serving(move |connection: TcpConnection| {
            let noting = noting.clone();
            async move {
                noting.note("accepted");
                drop(connection);
                pending::<()>().await;
            }
        })
        .await;
        for _ in 0..3 {
            connected(&server).await.read_bytes(1).await.unwrap();
        }
        trace.assert_eq(["accepted", "accepted", "accepted"]);
    });
}

// EV-SRV-02, EV-TCP-05
#[test]
fn what_cannot_be_bound_is_refused_with_the_reason() {
    TestLoop::new().block_on(async {
        let (server, _serving) = serving(waits).await;
        let address = server.local_addr().unwrap();
        assert_ne!(address.port(), 0);
        let other = TcpServer::new(waits);
        assert!(matches!(other.local_addr().unwrap_err().kind(), StreamError::NotBound));
        let error = other.bind(address).unwrap_err();
        assert!(error.to_string().contains(&address.to_string()), "{error}");
        let error = other.bind("localhost:80").unwrap_err();
        assert!(error.to_string().contains("`localhost` is a name"), "{error}");
        let error = other.bind("nonsense").unwrap_err();
        assert!(error.to_string().contains("has no port"), "{error}");
        other.bind("127.0.0.1:0").unwrap();
        let error = other.bind("127.0.0.1:0").unwrap_err();
        assert!(matches!(error.kind(), StreamError::AlreadyBound));
        other.close();
        let error = other.bind("127.0.0.1:0").unwrap_err();
        assert!(matches!(error.kind(), StreamError::Closed));
    });
}

// EV-SRV-03, EV-SRV-04
#[test]
fn it_serves_once_at_a_time_between_bind_and_close() {
    TestLoop::new().block_on(async {
        let server = TcpServer::new(waits);
        let error = server.serve().await.unwrap_err();
        assert!(matches!(error.kind(), StreamError::NotBound), "{error}");
        server.bind("127.0.0.1:0").unwrap();
        assert!(timeout(0.001, server.serve_with_backlog(0)).await.is_err());
        let first = spawn({
            let server = server.clone();
            async move { server.serve_with_backlog(1).await }
        });
        yield_now().await;
        let error = server.serve().await.unwrap_err();
        assert!(matches!(error.kind(), StreamError::AlreadyServing), "{error}");
        server.close();
        first.await.unwrap().unwrap();
        let error = server.serve().await.unwrap_err();
        assert!(matches!(error.kind(), StreamError::Closed), "{error}");
    });
}

// EV-SRV-03: the backlog is what is asked for. Linux takes one more.
#[cfg(target_os = "linux")]
#[test]
fn the_backlog_is_as_told() {
    TestLoop::new().block_on(async {
        let server = TcpServer::new(waits);
        server.bind("127.0.0.1:0").unwrap();
        let mut serve = std::pin::pin!(server.serve_with_backlog(1));
        assert!(evergreen_testing::polled(&mut serve).await.is_pending());
        let address = server.local_addr().unwrap();
        let connect = || net::TcpStream::connect_timeout(&address, Duration::from_millis(50));
        let connected: Vec<_> = (0..4).map(|_| connect()).collect();
        let number = connected.iter().filter(|connected| connected.is_ok()).count();
        assert_eq!(number, 2);
    });
}

// EV-SRV-05, EV-STR-10
#[test]
fn closing_it_closes_all_connections_and_tells_the_handlers() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let told = Rc::new(RefCell::new(Vec::new()));
        let tell = Rc::clone(&told);
        let (server, serving) = serving(move |connection: TcpConnection| {
            let tell = Rc::clone(&tell);
            async move {
                let error = connection.read_bytes(1).await.unwrap_err();
                tell.borrow_mut().push(error.to_string());
            }
        })
        .await;
        let clients = [connected(&server).await, connected(&server).await];
        connections(&server, 2).await;
        yield_now().await;
        server.close();
        server.close();
        assert!(server.is_closed());
        assert!(server.connections().is_empty());
        serving.await.unwrap().unwrap();
        yield_now().await;
        assert_eq!(*told.borrow(), ["TCP: closed", "TCP: closed"]);
        for client in clients {
            assert_eq!(client.read_bytes(1).await.unwrap(), b"");
        }
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// EV-SRV-05
#[test]
fn a_handler_may_close_its_server() {
    TestLoop::new().block_on(async {
        let (server, serving) = serving(async |connection: TcpConnection| {
            connection.server().expect("open").close();
            assert!(connection.is_closed());
            assert!(connection.server().is_none());
        })
        .await;
        let client = connected(&server).await;
        serving.await.unwrap().unwrap();
        assert_eq!(client.read_bytes(1).await.unwrap(), b"");
    });
}

// EV-SRV-06, EV-SRV-08, EV-SRV-09
#[test]
fn it_knows_its_open_connections_in_the_order_of_accepting() {
    TestLoop::new().block_on(async {
        let known = Rc::new(RefCell::new(Vec::new()));
        let knowing = Rc::clone(&known);
        let (server, _serving) = serving(move |connection: TcpConnection| {
            let server = connection.server().expect("open");
            // It is in the list before its handler runs.
            knowing.borrow_mut().push(server.connections().len());
            waits(connection)
        })
        .await;
        let mut clients = Vec::new();
        for number in 1..=4 {
            clients.push(connected(&server).await);
            connections(&server, number).await;
        }
        yield_now().await;
        assert_eq!(*known.borrow(), [1, 2, 3, 4]);
        let peers = |server: &TcpServer| -> Vec<SocketAddr> {
            server.connections().iter().map(|one| one.peer_addr().unwrap()).collect()
        };
        let locals = |clients: &[TcpClient]| -> Vec<SocketAddr> {
            clients.iter().map(|client| client.local_addr().unwrap()).collect()
        };
        assert_eq!(peers(&server), locals(&clients));
        // Closed by the client.
        clients.remove(1).close();
        connections(&server, 3).await;
        assert_eq!(peers(&server), locals(&clients));
        // Closed here.
        let gone = server.connections().remove(1);
        gone.close();
        gone.close();
        clients.remove(1);
        assert_eq!(peers(&server), locals(&clients));
        assert_eq!(kept(&server), 2);
    });
}

// EV-SRV-06, R-12: who cannot use it any more does not find it, though its last bytes go out yet.
#[test]
fn a_connection_that_has_met_its_end_is_not_in_the_list() {
    const LENGTH: usize = 16 << 20;
    TestLoop::new().block_on(async {
        let ended = Rc::new(Event::new());
        let telling = Rc::clone(&ended);
        let (server, _serving) = serving(move |connection: TcpConnection| {
            let telling = Rc::clone(&telling);
            async move {
                connection.write(&vec![7; LENGTH]).unwrap();
                assert_eq!(connection.read_bytes(1).await.unwrap(), b"");
                telling.set();
                pending::<()>().await;
                drop(connection);
            }
        })
        .await;
        let client = connected(&server).await;
        client.shutdown().await.unwrap();
        ended.wait().await;
        assert_eq!((server.connections().len(), kept(&server)), (0, 1));
        assert_eq!(client.read_bytes(usize::MAX).await.unwrap().len(), LENGTH);
        assert_eq!(kept(&server), 0);
    });
}

// EV-TCP-04, EV-SRV-06: whom it serves is known, though the client has gone without a word.
#[test]
fn a_connection_knows_its_client_also_after_a_reset() {
    TestLoop::new().block_on(async {
        let (known, knows) = (Rc::new(RefCell::new(Vec::new())), Rc::new(Event::new()));
        let (knowing, tell) = (Rc::clone(&known), Rc::clone(&knows));
        let (server, _serving) = serving(move |connection: TcpConnection| {
            knowing.borrow_mut().push(connection.clone());
            tell.set();
            async {}
        })
        .await;
        let client = net::TcpStream::connect(server.local_addr().unwrap()).unwrap();
        let address = client.local_addr().unwrap();
        SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
        drop(client);
        knows.wait().await;
        for connection in [known.take().remove(0), server.connections().remove(0)] {
            assert_eq!(connection.peer_addr().unwrap(), address);
            assert_eq!(connection.local_addr().unwrap(), server.local_addr().unwrap());
        }
    });
}

// EV-SRV-07
#[test]
fn a_connection_knows_its_server_as_long_as_both_are_open() {
    TestLoop::new().block_on(async {
        let (server, _serving) = serving(waits).await;
        let _clients = [connected(&server).await, connected(&server).await];
        connections(&server, 2).await;
        let [first, second] = <[_; 2]>::try_from(server.connections()).unwrap();
        let address = server.local_addr().unwrap();
        assert_eq!(first.server().unwrap().local_addr().unwrap(), address);
        first.close();
        assert!(first.server().is_none());
        assert!(second.server().is_some());
        server.close();
        assert!(second.server().is_none());
    });
}

// EV-SRV-11
#[test]
fn a_handler_that_panics_loses_its_connection_and_no_other() {
    TestLoop::new().block_on(async {
        let reports = reports();
        let (server, _serving) = serving(async |connection: TcpConnection| {
            let order = connection.read_bytes(1).await.unwrap();
            assert_ne!(order, b"p", "told to");
            connection.write(&order).unwrap();
            waits(connection).await.ok();
        })
        .await;
        let [good, bad] = [connected(&server).await, connected(&server).await];
        connections(&server, 2).await;
        // Others that hold the connection find it closed.
        let held = server.connections();
        bad.write(b"p").unwrap();
        assert_eq!(bad.read_bytes(1).await.unwrap(), b"");
        assert_eq!(held.iter().filter(|connection| connection.is_closed()).count(), 1);
        good.write(b"g").unwrap();
        assert_eq!(good.read_bytes(1).await.unwrap(), b"g");
        let reports = reports.borrow();
        assert_eq!(reports.len(), 1, "{reports:?}");
        assert!(reports[0].contains("told to"), "{reports:?}");
    });
}

#[test]
fn an_error_of_a_handler_is_reported() {
    TestLoop::new().block_on(async {
        let reports = reports();
        let (server, _serving) = serving(waits).await;
        let client = connected(&server).await;
        connections(&server, 1).await;
        yield_now().await;
        server.connections()[0].close();
        assert_eq!(client.read_bytes(1).await.unwrap(), b"");
        let reports = reports.borrow();
        assert_eq!(reports.len(), 1, "{reports:?}");
        assert!(reports[0].contains("not handled to its end: TCP: closed"), "{reports:?}");
    });
}

// EV-SRV-05: to be told that it is closed is what a handler expects then, and no fault of it.
#[test]
fn a_handler_that_ends_because_its_server_is_closed_is_not_reported() {
    TestLoop::new().block_on(async {
        let reports = reports();
        let in_words = async |connection: TcpConnection| -> Result<(), Box<dyn Error>> {
            Ok(waits(connection).await?)
        };
        let as_of_the_system =
            async |connection: TcpConnection| -> io::Result<()> { Ok(waits(connection).await?) };
        let of_no_class = async |connection: TcpConnection| -> Result<(), StreamError> {
            Ok(waits(connection).await?)
        };
        let other = async |connection: TcpConnection| -> Result<(), Box<dyn Error>> {
            Err(waits(connection).await.map_or_else(|_| "another fault", |()| "none").into())
        };
        let servers = [
            serving(waits).await.0,
            serving(in_words).await.0,
            serving(as_of_the_system).await.0,
            serving(of_no_class).await.0,
            serving(other).await.0,
        ];
        for server in servers {
            let client = connected(&server).await;
            connections(&server, 1).await;
            yield_now().await;
            server.close();
            drop(server);
            assert_eq!(client.read_bytes(1).await.unwrap(), b"");
        }
        let reports = reports.borrow();
        assert_eq!(reports.len(), 1, "{reports:?}");
        assert!(reports[0].contains("another fault"), "{reports:?}");
    });
}

// EV-SRV-03: given up, it may serve again, and has lost nobody.
#[test]
fn whoever_connects_while_nobody_serves_is_served_later() {
    TestLoop::new().block_on(async {
        let served = Rc::new(Event::new());
        let tell = Rc::clone(&served);
        let server = TcpServer::new(move |_: TcpConnection| {
            tell.set();
            async {}
        });
        server.bind("127.0.0.1:0").unwrap();
        let serve = |server: TcpServer| spawn(async move { server.serve().await });
        let killed = serve(server.clone());
        yield_now().await;
        assert_eq!(killed.task_ref().polls(), 1);
        // The loop is not asked who has come before it is killed.
        let client = net::TcpStream::connect(server.local_addr().unwrap()).unwrap();
        let client = Plain(StreamCore::connected(TcpStream::from_std(client).unwrap()));
        killed.kill();
        killed.join().await.unwrap();
        assert!(!served.is_set());
        let serving = serve(server.clone());
        served.wait().await;
        assert_eq!(client.read_bytes(1).await.unwrap(), b"");
        server.close();
        serving.await.unwrap().unwrap();
    });
}

// Dropping the last handle of a server closes it.
#[test]
fn a_server_without_a_handle_is_closed() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let server = TcpServer::new(waits);
        server.bind("127.0.0.1:0").unwrap();
        let mut waiting = net::TcpStream::connect(server.local_addr().unwrap()).unwrap();
        waiting.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        drop(server);
        let error = io::Read::read(&mut waiting, &mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
    });
    assert_eq!(event_loop.metrics().sources, 0);
}
