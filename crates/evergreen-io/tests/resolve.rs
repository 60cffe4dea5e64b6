//! Names, and who is asked for them.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;

use common::TestLoop;
use common::resolvers::{Canned, Failing};
use evergreen_io::net::{TcpListener, TcpStream, lookup_host};
use evergreen_io::resolve::{
    AddrInfo, Answer, Query, ResolveError, Resolver, SystemResolver, getaddrinfo, getnameinfo,
    reset_resolver, resolver, set_resolver,
};
use evergreen_loop::{EventLoop, LoopError};
use futures_lite::future;

const TEST_NET: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 7);

fn host_and_service(host: &str, service: &str) -> Query {
    let (host, service) = (Some(host.to_owned()), Some(service.to_owned()));
    Query { host, service, ..Query::default() }
}

// AIO-DNS-03
#[test]
fn a_literal_with_a_numeric_port_is_not_asked_for() {
    let event_loop = TestLoop::new();
    let resolver = Canned::set(&[TEST_NET]);
    event_loop.block_on(async {
        for (query, expected) in [
            (Query::stream("127.0.0.1", 80), "127.0.0.1:80"),
            (Query::stream("::1", 80), "[::1]:80"),
            (host_and_service("127.0.0.1", "80"), "127.0.0.1:80"),
            (host_and_service("127.0.0.1", ""), "127.0.0.1:0"),
            (host_and_service("fe80::1%7", "80"), "[fe80::1%7]:80"),
            (Query { service: None, ..Query::stream("::1", 1) }, "[::1]:0"),
            (Query { family: libc::AF_INET6, ..Query::stream("::1", 1) }, "[::1]:1"),
        ] {
            let found = getaddrinfo(query).await.unwrap();
            assert_eq!(found[0].address, expected.parse().unwrap());
        }
        assert_eq!(lookup_host("127.0.0.1:80").await.unwrap().count(), 1);
        TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    });
    assert_eq!(resolver.asked(), []);
    assert_eq!(event_loop.metrics().blocking_jobs, 0);
}

// AIO-DNS-03: whoever asks cannot tell that nobody was asked.
#[test]
#[cfg(target_os = "linux")]
fn the_answer_to_a_literal_is_the_system_s() {
    let event_loop = TestLoop::new();
    let socktypes = [0, libc::SOCK_STREAM, libc::SOCK_DGRAM, libc::SOCK_RAW, libc::SOCK_SEQPACKET];
    let protocols = [0, libc::IPPROTO_TCP, libc::IPPROTO_UDP, libc::IPPROTO_ICMP];
    let families = [0, libc::AF_INET, libc::AF_INET6];
    let flags = [0, libc::AI_PASSIVE, libc::AI_CANONNAME, libc::AI_NUMERICHOST];
    let ask = |query: Query| {
        let ours = event_loop.block_on(getaddrinfo(query.clone()));
        let systems = event_loop.block_on(SystemResolver.lookup(query.clone()));
        assert_eq!(ours.ok(), systems.ok(), "{query:?}");
    };
    for host in ["127.0.0.1", "::1", "fe80::1%1"] {
        for socktype in socktypes {
            for protocol in protocols {
                for service in ["80", ""] {
                    ask(Query { socktype, protocol, ..host_and_service(host, service) });
                }
            }
        }
        for family in families {
            for flags in flags {
                ask(Query { family, flags, ..host_and_service(host, "80") });
            }
        }
    }
}

// AIO-DNS-01: what does not fit is for the resolver, which knows the flags.
#[test]
fn a_literal_of_the_other_family_is_asked_for() {
    let event_loop = TestLoop::new();
    let mapped = Query {
        family: libc::AF_INET6,
        flags: libc::AI_V4MAPPED,
        ..Query::stream("127.0.0.1", 80)
    };
    let found = event_loop.block_on(getaddrinfo(mapped.clone())).unwrap();
    assert_eq!(found[0].address, "[::ffff:127.0.0.1]:80".parse().unwrap());
    let resolver = Canned::set(&[TEST_NET]);
    event_loop.block_on(getaddrinfo(mapped.clone())).unwrap();
    assert_eq!(resolver.asked(), [mapped]);
}

// AIO-DNS-01: as it was given.
#[test]
fn a_name_or_a_named_service_is_asked_for() {
    let event_loop = TestLoop::new();
    let resolver = Canned::set(&[TEST_NET]);
    let queries = [
        host_and_service("127.0.0.1", "http"),
        host_and_service("example.com", ""),
        Query { host: None, flags: libc::AI_PASSIVE, ..Query::stream("", 80) },
        Query { family: 2, socktype: 3, protocol: 4, flags: 5, ..Query::stream("name", 6) },
    ];
    event_loop.block_on(async {
        for query in queries.clone() {
            assert_eq!(getaddrinfo(query).await.unwrap(), [AddrInfo::from(TEST_NET)]);
        }
    });
    assert_eq!(resolver.asked(), queries);
}

// AIO-DNS-01
#[test]
fn the_system_knows_this_host_by_name_and_by_none() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for found in lookup_host("localhost:80").await.unwrap() {
            assert!(found.ip().is_loopback() && found.port() == 80, "{found}");
        }
        let server = Query { host: None, flags: libc::AI_PASSIVE, ..Query::stream("", 80) };
        for found in getaddrinfo(server).await.unwrap() {
            assert!(found.address.ip().is_unspecified(), "{found:?}");
        }
    });
    assert_eq!(event_loop.metrics().blocking_jobs, 0);
}

// AIO-DNS-02
#[test]
fn names_of_addresses_come_from_the_resolver() {
    let event_loop = TestLoop::new();
    let flags = libc::NI_NUMERICHOST | libc::NI_NUMERICSERV;
    let name = event_loop.block_on(getnameinfo(TEST_NET, flags)).unwrap();
    assert_eq!(name, ("192.0.2.1".to_owned(), "7".to_owned()));
    Canned::set(&[]);
    let name = event_loop.block_on(getnameinfo(TEST_NET, 42)).unwrap();
    assert_eq!(name, ("192.0.2.1".to_owned(), "42".to_owned()));
    // Of a resolver that only knows addresses the system knows the names.
    set_resolver(Arc::new(Failing)).unwrap();
    let name = event_loop.block_on(getnameinfo(TEST_NET, flags)).unwrap();
    assert_eq!(name, ("192.0.2.1".to_owned(), "7".to_owned()));
}

// GEV-RES-01
#[test]
fn one_resolver_serves_all_that_want_an_address() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let resolver = Canned::set(&[address]);
        let stream = TcpStream::connect("server.test:80").await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        assert_eq!(resolver.asked(), [Query::stream("server.test", 80)]);
        drop((listener, stream));
        let listener = TcpListener::bind(("bind.test", 81)).await.unwrap();
        assert_eq!(listener.local_addr().unwrap(), address);
        assert_eq!(resolver.asked(), [Query::stream("bind.test", 81)]);
        let found: Vec<_> = lookup_host("lookup.test:82").await.unwrap().collect();
        assert_eq!(found, [address]);
        assert_eq!(resolver.asked(), [Query::stream("lookup.test", 82)]);
    });
}

// GEV-RES-01
#[test]
fn a_resolver_is_got_set_and_reset() {
    let event_loop = TestLoop::new();
    let default = resolver().unwrap();
    assert!(Arc::ptr_eq(&default, &resolver().unwrap()), "made once");
    let canned: Arc<dyn Resolver> = Canned::set(&[TEST_NET]);
    assert!(Arc::ptr_eq(&canned, &resolver().unwrap()));
    reset_resolver().unwrap();
    assert!(!Arc::ptr_eq(&canned, &resolver().unwrap()));
    assert_eq!(Arc::strong_count(&canned), 1);
    let found: Vec<_> = event_loop.block_on(lookup_host("localhost:80")).unwrap().collect();
    assert!(found.iter().all(|found| found.ip().is_loopback()), "{found:?}");
}

// GEV-RES-01: it belongs to a loop, not to its thread.
#[test]
fn the_next_loop_of_a_thread_begins_with_the_default() {
    let first = TestLoop::new();
    let canned: Arc<dyn Resolver> = Canned::set(&[TEST_NET]);
    drop(first);
    let _second = TestLoop::new();
    assert!(!Arc::ptr_eq(&canned, &resolver().unwrap()));
    assert_eq!(Arc::strong_count(&canned), 1);
}

// EV-LOOP-02
#[test]
fn without_a_loop_there_is_no_resolver() {
    let thread = std::thread::spawn(|| {
        assert!(matches!(resolver().map(drop), Err(LoopError::NoLoop)));
        assert!(matches!(set_resolver(Arc::new(Failing)), Err(LoopError::NoLoop)));
        assert!(matches!(reset_resolver(), Err(LoopError::NoLoop)));
        let error = future::block_on(SystemResolver.lookup(Query::stream("a", 1))).unwrap_err();
        assert!(matches!(LoopError::from(error), LoopError::NoLoop));
    });
    thread.join().unwrap();
}

/// Sets another one while it is dropped.
struct Restless;

impl Resolver for Restless {
    fn lookup(&self, _: Query) -> Answer<Vec<AddrInfo>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

impl Drop for Restless {
    fn drop(&mut self) {
        Canned::set(&[TEST_NET]);
    }
}

#[test]
fn a_resolver_may_set_another_one_while_it_is_dropped() {
    let event_loop = TestLoop::new();
    set_resolver(Arc::new(Restless)).unwrap();
    reset_resolver().unwrap();
    let found: Vec<_> = event_loop.block_on(lookup_host("any:1")).unwrap().collect();
    assert_eq!(found, [TEST_NET]);
}

// GEV-RES-02
#[test]
fn what_a_resolver_says_is_given_on_as_it_is() {
    let event_loop = TestLoop::new();
    set_resolver(Arc::new(Failing)).unwrap();
    let error = event_loop.block_on(TcpStream::connect("name.test:1")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::HostUnreachable);
    assert_eq!(error.to_string(), "the name server does not like name.test");
}

fn error_of(event_loop: &EventLoop, query: Query) -> std::io::Error {
    event_loop.block_on(getaddrinfo(query)).unwrap_err()
}

// AIO-DNS-01
#[test]
fn an_error_of_the_system_has_its_number_and_names_what_was_asked() {
    let event_loop = TestLoop::new();
    // Names of this kind are not looked for anywhere.
    let unknown = Query { flags: libc::AI_NUMERICHOST, ..Query::stream("no.such.name", 1) };
    let error = error_of(&event_loop, unknown);
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().starts_with("cannot resolve `no.such.name`: "), "{error}");
    let inside = error.get_ref().unwrap().downcast_ref::<ResolveError>().unwrap();
    assert_eq!((inside.code(), inside.asked()), (libc::EAI_NONAME, "no.such.name"));
    let service = Query { socktype: libc::SOCK_STREAM, ..host_and_service("127.0.0.1", "none") };
    let error = error_of(&event_loop, service);
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().starts_with("cannot resolve `127.0.0.1:none`: "), "{error}");
}

// Where the system would take the port modulo 65536, or the text up to the NUL.
#[test]
fn questions_without_sense_are_refused_without_a_resolver() {
    let event_loop = TestLoop::new();
    let resolver = Canned::set(&[TEST_NET]);
    for (query, expected) in [
        (Query::default(), "there is neither a host nor a service to look up"),
        (host_and_service("name", "65536"), "`65536` is no port: the last one is 65535"),
        (host_and_service("name", "-1"), "`-1` is no port: the last one is 65535"),
        (host_and_service("127.0.0.1", "8\x000"), r"`8\00` has a NUL byte in it"),
        (host_and_service("na\0me", "80"), r"`na\0me` has a NUL byte in it"),
        (host_and_service("", "80"), "`` is no host name: there is nothing in it"),
    ] {
        let error = error_of(&event_loop, query);
        assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::InvalidInput, expected));
    }
    assert_eq!(resolver.asked(), []);
}
