//! What may be given as an address, and what is said of what may not.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use common::TestLoop;
use common::resolvers::Canned;
use evergreen_io::net::{TcpListener, TcpStream, ToSocketAddrs, lookup_host};
use futures_lite::future::block_on;

/// What an address stands for, found without a loop.
fn alone(what: impl ToSocketAddrs) -> Vec<SocketAddr> {
    block_on(lookup_host(what)).unwrap().collect()
}

fn error_of(what: impl ToSocketAddrs) -> String {
    let error = block_on(lookup_host(what)).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    error.to_string()
}

// AIO-DNS-03: none of them needs a loop, nor a resolver.
#[test]
fn all_forms_of_an_address_are_taken() {
    let (four, six) = (Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
    let four_80 = SocketAddr::from((four, 80));
    let six_80 = SocketAddr::from((six, 80));
    for found in [
        alone("127.0.0.1:80"),
        alone("127.0.0.1:80".to_owned()),
        alone(("127.0.0.1", 80)),
        alone(("127.0.0.1".to_owned(), 80)),
        alone((four, 80)),
        alone((IpAddr::V4(four), 80)),
        alone(SocketAddrV4::new(four, 80)),
        alone(four_80),
        alone(&[four_80][..]),
    ] {
        assert_eq!(found, [four_80]);
    }
    let by_reference = &four_80;
    assert_eq!(alone(by_reference), [four_80]);
    for found in [
        alone("[::1]:80"),
        alone("::1:80"),
        alone(("::1", 80)),
        alone((six, 80)),
        alone((IpAddr::V6(six), 80)),
        alone(SocketAddrV6::new(six, 80, 0, 0)),
    ] {
        assert_eq!(found, [six_80]);
    }
    assert_eq!(alone(&[six_80, four_80][..]), [six_80, four_80]);
    assert_eq!(alone(&[][..]), []);
}

// AIO-DNS-03
#[test]
fn the_zone_of_an_address_is_kept() {
    let ip = "fe80::1".parse().unwrap();
    let zoned = |scope| SocketAddr::from(SocketAddrV6::new(ip, 80, 0, scope));
    assert_eq!(alone("[fe80::1%7]:80"), [zoned(7)]);
    assert_eq!(alone(("fe80::1%7", 80)), [zoned(7)]);
    assert_eq!(alone(SocketAddrV6::new(ip, 80, 0, 7)), [zoned(7)]);
}

// AIO-DNS-03
#[test]
#[cfg(target_os = "linux")]
fn a_zone_may_be_the_name_of_an_interface() {
    let ip = "fe80::1".parse().unwrap();
    let number = std::fs::read_to_string("/sys/class/net/lo/ifindex").unwrap();
    let scope = number.trim().parse().unwrap();
    let zoned = SocketAddr::from(SocketAddrV6::new(ip, 80, 0, scope));
    assert_eq!(alone("[fe80::1%lo]:80"), [zoned]);
    assert_eq!(alone(("fe80::1%lo", 80)), [zoned]);
    let error = error_of("[fe80::1%none]:80");
    assert!(error.starts_with("`fe80::1%none` has a zone that is no interface here: "), "{error}");
    assert_eq!(error_of(("fe80::1%lo\0", 80)), r"`lo\0` has a NUL byte in it");
}

#[test]
fn text_that_is_no_address_is_refused_with_what_to_write() {
    for (text, fault) in [
        ("", "is empty"),
        ("localhost", "has no port"),
        ("127.0.0.1", "has no port"),
        ("::1", "has no port"),
        ("[::1]", "has no port"),
        ("host:", "has no port"),
        (":80", "has no host"),
        ("127.0.0.1:http", "has a port that is no number"),
        ("host:-1", "has a port that is no number"),
        ("host:+80", "has a port that is no number"),
        ("host:80\0", "has a port that is no number"),
        ("host:70000", "has a port above 65535"),
        ("host:99999999999999999999", "has a port above 65535"),
        ("[host]:80", "has brackets around what is no IPv6 address"),
        ("[::1", "has half a pair of brackets"),
        ("::1]:80", "has half a pair of brackets"),
        ("http://host:80/", "has a port that is no number"),
    ] {
        let way_out = "write it as host:port, or as [address]:port for IPv6";
        let expected = format!("`{}` {fault}: {way_out}", text.escape_debug());
        assert_eq!(error_of(text), expected);
    }
}

#[test]
fn names_that_cannot_be_are_refused_without_a_resolver() {
    let long = "a".repeat(254);
    for (host, expected) in [
        ("", "`` is no host name: there is nothing in it"),
        ("no\0name", r"`no\0name` has a NUL byte in it"),
        ("fe80:::1", "`fe80:::1` is no IPv6 address, and a name has no colon"),
        ("127.0.0.1:80", "`127.0.0.1:80` is no IPv6 address, and a name has no colon"),
        ("127.0.0.1\0", r"`127.0.0.1\0` has a NUL byte in it"),
    ] {
        assert_eq!(error_of((host, 80)), expected);
    }
    let shown = format!("`{}...` is no host name: 254 bytes, 253 at most", &long[..80]);
    assert_eq!(error_of((&*long, 80)), shown);
    assert_eq!(error_of(format!("{long}:80")), shown);
    assert_eq!(error_of("no\0name:80"), r"`no\0name` has a NUL byte in it");
}

#[test]
fn the_longest_name_is_asked_for() {
    let event_loop = TestLoop::new();
    let address = SocketAddr::from(([127, 0, 0, 1], 80));
    let resolver = Canned::set(&[address]);
    let longest = format!("{}.", "a".repeat(253));
    let found = event_loop.block_on(lookup_host((&*longest, 80))).unwrap();
    assert_eq!(found.collect::<Vec<_>>(), [address]);
    assert_eq!(resolver.asked()[0].host.as_ref(), Some(&longest));
}

#[test]
fn nothing_to_connect_to_is_an_error() {
    let event_loop = TestLoop::new();
    Canned::set(&[]);
    event_loop.block_on(async {
        let error = TcpStream::connect(&[][..]).await.unwrap_err();
        assert_eq!(error.to_string(), "there is no address to use");
        let error = TcpListener::bind(&[][..]).await.unwrap_err();
        assert_eq!(error.to_string(), "there is no address to use");
        let error = TcpStream::connect("nobody:80").await.unwrap_err();
        assert_eq!(
            (error.kind(), &*error.to_string()),
            (ErrorKind::NotFound, "`nobody` has no address")
        );
    });
}

// EV-LOOP-02
#[test]
fn a_name_needs_a_loop() {
    let error = std::thread::spawn(|| block_on(lookup_host("localhost:80")).map(drop).unwrap_err());
    let error = error.join().unwrap();
    assert!(error.to_string().starts_with("no event loop on this thread"), "{error}");
}
