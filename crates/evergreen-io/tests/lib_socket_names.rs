//! Names, as Python's `socket` module asks for them.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use common::resolvers::{Canned, Failing};
use common::{Blackhole, Refusing, TestLoop};
use evergreen_io::lib::socket::{
    AF_INET, Address, Query, SOCK_STREAM, Socket, create_connection, getaddrinfo, gethostbyname,
    gethostbyname_ex, getnameinfo,
};
use evergreen_io::resolve::set_resolver;
use evergreen_task::spawn;
use evergreen_testing::must_suspend;
use std::sync::Arc;

fn listening() -> (Socket, SocketAddr) {
    let listener = Socket::new(AF_INET, SOCK_STREAM, 0).unwrap();
    listener.bind(("127.0.0.1", 0)).unwrap();
    listener.listen(5).unwrap();
    let Address::Ip(address) = listener.local_addr().unwrap() else { panic!() };
    (listener, address)
}

// EV-LIB-12
#[test]
fn a_question_parks_its_task_and_keeps_the_loop_alive() {
    let event_loop = TestLoop::new();
    let numeric = libc::AI_NUMERICHOST;
    let asking = spawn(must_suspend(async move {
        let query = Query { flags: numeric, ..Query::stream("127.1", 80) };
        getaddrinfo(query).await.unwrap()[0].address
    }));
    let report = event_loop.run().unwrap();
    assert_eq!(report.parked_tasks, 0);
    assert_eq!(event_loop.block_on(asking).unwrap(), SocketAddr::from(([127, 0, 0, 1], 80)));
}

// EV-LIB-12
#[test]
fn names_are_asked_of_the_resolver_and_its_errors_come_back() {
    TestLoop::new().block_on(async {
        let canned =
            Canned::set(&["[::1]:0", "192.0.2.1:0", "192.0.2.2:0"].map(|a| a.parse().unwrap()));
        assert_eq!(gethostbyname("some.host").await.unwrap().to_string(), "192.0.2.1");
        assert_eq!(canned.asked()[0].family, AF_INET);
        let (name, others, addresses) = gethostbyname_ex("some.host").await.unwrap();
        assert_eq!((name.as_str(), others.len(), addresses.len()), ("some.host", 0, 2));
        let named = getnameinfo("192.0.2.1:9".parse().unwrap(), 5).await.unwrap();
        assert_eq!(named, ("192.0.2.1".to_owned(), "5".to_owned()));
        Canned::set(&[]);
        assert!(gethostbyname("some.host").await.unwrap_err().to_string().contains("`some.host`"));
        set_resolver(Arc::new(Failing)).unwrap();
        let own = gethostbyname("some.host").await.unwrap_err();
        assert_eq!(own.kind(), ErrorKind::HostUnreachable);
        let client = Socket::new(AF_INET, SOCK_STREAM, 0).unwrap();
        // EV-LIB-06: this one is no number.
        let own = client.connect_ex(("some.host", 1)).await.unwrap_err();
        assert_eq!(own.kind(), ErrorKind::HostUnreachable);
    });
}

// EV-LIB-06
#[test]
fn a_name_is_looked_up_before_connecting() {
    TestLoop::new().block_on(async {
        let (listener, address) = listening();
        let canned = Canned::set(&[address]);
        let client = Socket::new(AF_INET, SOCK_STREAM, 0).unwrap();
        client.connect(("some.host", address.port())).await.unwrap();
        assert_eq!(canned.asked()[0].host.as_deref(), Some("some.host"));
        assert_eq!(listener.accept().await.unwrap().1, client.local_addr().unwrap());
    });
}

// EV-LIB-13
#[test]
fn each_address_is_tried_until_one_answers() {
    let event_loop = TestLoop::with_virtual_time();
    event_loop.block_on(async {
        let (listener, address) = listening();
        let (refusing, silent) = (Refusing::new(), Blackhole::new());
        Canned::set(&[refusing.address(), silent.address(), address]);
        let before = event_loop.time();
        let source = "127.0.0.1:0".parse().unwrap();
        let client =
            create_connection(("some.host", 1), Some(3.0.into()), Some(source)).await.unwrap();
        assert_eq!(event_loop.time() - before, Duration::from_secs(3));
        assert_eq!(client.timeout(), Some(Duration::from_secs(3)));
        assert_eq!(listener.accept().await.unwrap().1, client.local_addr().unwrap());

        Canned::set(&[silent.address(), refusing.address()]);
        let last = create_connection(("some.host", 1), Some(3.0.into()), None).await.unwrap_err();
        assert_eq!(last.kind(), ErrorKind::ConnectionRefused);
        Canned::set(&[]);
        let none = create_connection(("some.host", 1), None, None).await.unwrap_err();
        assert!(none.to_string().contains("empty list"), "{none}");
        let path = create_connection(std::path::Path::new("/x"), None, None).await.unwrap_err();
        assert_eq!(path.kind(), ErrorKind::InvalidInput);
        let below = create_connection(address, Some((-1.0).into()), None).await.unwrap_err();
        assert_eq!(below.kind(), ErrorKind::InvalidInput);
    });
}
