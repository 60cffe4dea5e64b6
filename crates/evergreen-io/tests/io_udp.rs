//! UDP endpoints.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;

use common::child::{alone, part};
#[cfg(target_os = "linux")]
use common::child::{injected, made, under_strace};
use common::{TestLoop, code_inside};
use evergreen_io::io::{StreamError, UdpEndpoint, UdpError};
use evergreen_task::{spawn, yield_now};
#[cfg(target_os = "linux")]
use evergreen_testing::{must_not_suspend, must_suspend};

fn bound() -> (UdpEndpoint, SocketAddr) {
    let endpoint = UdpEndpoint::new();
    endpoint.bind("127.0.0.1:0").unwrap();
    let address = endpoint.local_addr().unwrap();
    (endpoint, address)
}

#[track_caller]
fn kind<T: std::fmt::Debug>(result: Result<T, UdpError>) -> StreamError {
    result.unwrap_err().into()
}

// EV-UDP-01, EV-UDP-05
#[test]
fn an_endpoint_is_bound_to_literals_of_both_families_and_knows_its_name() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        for literal in ["127.0.0.1:0", "[::1]:0"] {
            let endpoint = UdpEndpoint::new();
            assert!(matches!(kind(endpoint.local_addr()), StreamError::NotBound));
            endpoint.bind(literal).unwrap();
            let address = endpoint.local_addr().unwrap();
            assert!(address.ip().is_loopback() && address.port() > 0, "{address}");
            assert!(matches!(kind(endpoint.bind(literal)), StreamError::AlreadyBound));
            let text = UdpEndpoint::new().bind(address).unwrap_err().to_string();
            assert!(text.starts_with("UDP: cannot bind to") && text.contains("another"), "{text}");
        }
        let endpoint = UdpEndpoint::new();
        let text = endpoint.bind("example.com:1").unwrap_err().to_string();
        assert!(text.contains("`example.com` is a name") && text.contains("lookup_host"), "{text}");
        let none: [SocketAddr; 0] = [];
        let text = endpoint.bind(&none[..]).unwrap_err().to_string();
        assert!(text.contains("no address to bind to"), "{text}");
        assert!(matches!(kind(endpoint.bind("192.0.2.1:0")), StreamError::Os(_)));
        endpoint.bind("127.0.0.1:0").unwrap();
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// EV-UDP-02
#[test]
fn an_endpoint_without_an_address_gets_one_of_the_family_that_it_sends_to() {
    TestLoop::new().block_on(async {
        for literal in ["127.0.0.1:0", "[::1]:0"] {
            let server = UdpEndpoint::new();
            server.bind(literal).unwrap();
            let to = server.local_addr().unwrap();
            let client = UdpEndpoint::new();
            assert!(matches!(kind(client.receive().await), StreamError::NotBound));
            client.send(b"hello", to).unwrap();
            let own = client.local_addr().unwrap();
            assert!(own.ip().is_unspecified() && own.is_ipv6() == to.is_ipv6(), "{own}");
            let (datagram, from) = server.receive().await.unwrap();
            assert_eq!((&*datagram, from.port()), (&b"hello"[..], own.port()));
            assert!(matches!(kind(client.bind(literal)), StreamError::AlreadyBound));
        }
    });
}

// EV-UDP-02, EV-UDP-03: an error at once is the caller's, and the endpoint goes on.
#[test]
fn what_cannot_be_sent_is_refused_and_the_endpoint_stays_open() {
    TestLoop::new().block_on(async {
        let (server, address) = bound();
        let (client, own) = bound();
        let text = client.send(&[0; 65_508], address).unwrap_err().to_string();
        assert!(text.starts_with("UDP: ") && text.contains("65507 are the most"), "{text}");
        let other: SocketAddr = "[::1]:9".parse().unwrap();
        let StreamError::Os(error) = kind(client.send(b"x", other)) else { panic!("the system's") };
        let (text, cannot) = (error.to_string(), format!("cannot send to {other} from {own}: "));
        assert!(text.starts_with(&cannot) && text.contains("of the other family"), "{text}");
        assert_eq!(code_inside(&error), Some(libc::EAFNOSUPPORT));
        client.send(&[7; 65_507], address).unwrap();
        assert_eq!(server.receive().await.unwrap(), (vec![7; 65_507], own));
    });
}

// EV-UDP-03
#[test]
fn datagrams_come_one_by_one_also_the_empty_ones() {
    TestLoop::new().block_on(async {
        let ((server, address), (client, own)) = (bound(), bound());
        for datagram in [&b"one"[..], b"", b"three"] {
            client.send(datagram, address).unwrap();
        }
        for datagram in [&b"one"[..], b"", b"three"] {
            assert_eq!(server.receive().await.unwrap(), (datagram.into(), own));
        }
    });
}

// EV-UDP-03
#[test]
fn receivers_are_served_in_the_order_of_their_calls() {
    TestLoop::new().block_on(async {
        let ((server, address), (client, _)) = (bound(), bound());
        let served = Rc::new(RefCell::new(Vec::new()));
        let receivers: Vec<_> = (0..3)
            .map(|number| {
                let (server, served) = (server.clone(), Rc::clone(&served));
                spawn(async move {
                    let (datagram, _) = server.receive().await.unwrap();
                    served.borrow_mut().push((number, datagram[0]));
                })
            })
            .collect();
        yield_now().await;
        for datagram in [b"a", b"b", b"c"] {
            client.send(datagram, address).unwrap();
        }
        for receiver in receivers {
            receiver.await.unwrap();
        }
        assert_eq!(*served.borrow(), [(0, b'a'), (1, b'b'), (2, b'c')]);
    });
}

// EV-UDP-03: one call that is cut short, and one for each that is waited for.
#[test]
#[cfg(target_os = "linux")]
fn nothing_is_read_while_nobody_waits() {
    if part().is_none() {
        let name = "nothing_is_read_while_nobody_waits";
        let calls = under_strace(name, "idle", "recvfrom", "error=EINTR:when=1");
        assert_eq!((made(&calls), injected(&calls)), (3, 1));
        return;
    }
    TestLoop::new().block_on(async {
        let ((server, address), (client, _)) = (bound(), bound());
        client.send(b"first", address).unwrap();
        assert_eq!(server.receive().await.unwrap().0, b"first");
        for number in 0..100 {
            client.send(&[number], address).unwrap();
            yield_now().await;
        }
        assert_eq!(server.receive().await.unwrap().0, [0]);
    });
}

// EV-UDP-06
#[test]
fn all_who_receive_are_told_that_the_endpoint_is_closed() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let (server, address) = bound();
        let receivers: Vec<_> = (0..2)
            .map(|_| {
                let server = server.clone();
                spawn(async move { server.receive().await })
            })
            .collect();
        yield_now().await;
        server.close();
        for receiver in receivers {
            let error = receiver.await.unwrap().unwrap_err();
            assert!(matches!(error.kind(), StreamError::Closed), "{error}");
            assert_eq!(error.to_string(), "UDP: closed");
        }
        server.close();
        assert!(server.is_closed());
        let calls = [
            server.send(b"x", address),
            server.bind("127.0.0.1:0"),
            server.local_addr().map(drop),
            server.flush().await,
            server.receive().await.map(drop),
        ];
        assert!(calls.into_iter().all(|result| matches!(kind(result), StreamError::Closed)));
    });
    assert_eq!(event_loop.metrics().sources, 0);
}

// EV-UDP-06, D-5
#[test]
fn an_endpoint_is_closed_with_its_last_handle_and_keeps_no_loop_alive() {
    if part().is_none() {
        let name = "an_endpoint_is_closed_with_its_last_handle_and_keeps_no_loop_alive";
        return alone(name, "counting");
    }
    let event_loop = TestLoop::new();
    let before = descriptors();
    let (server, address) = event_loop.block_on(async { bound() });
    let other = server.clone();
    drop(server);
    assert_eq!(other.local_addr().unwrap(), address);
    event_loop.run().unwrap();
    assert_eq!((event_loop.metrics().sources, descriptors()), (1, before + 1));
    drop(other);
    assert_eq!((event_loop.metrics().sources, descriptors()), (0, before));
}

/// How many this process has.
fn descriptors() -> usize {
    std::fs::read_dir("/dev/fd").unwrap().count()
}

// EV-STR-25
#[test]
fn a_receiver_that_is_killed_leaves_the_datagram_to_the_next() {
    TestLoop::new().block_on(async {
        let ((server, address), (client, _)) = (bound(), bound());
        let receive = || {
            let server = server.clone();
            spawn(async move { server.receive().await })
        };
        let (killed, next) = (receive(), receive());
        yield_now().await;
        client.send(b"for somebody", address).unwrap();
        killed.kill();
        assert_eq!(next.await.unwrap().unwrap().0, b"for somebody");
    });
}

// EV-UDP-02, EV-UDP-04: the system has room for nothing, once.
#[test]
#[cfg(target_os = "linux")]
fn what_there_is_no_room_for_is_held_and_goes_out_in_order() {
    let name = "what_there_is_no_room_for_is_held_and_goes_out_in_order";
    if part().is_none() {
        let calls = under_strace(name, "full", "sendto", "error=EAGAIN:when=1");
        assert_eq!((calls.len(), injected(&calls)), (4, 1));
        return;
    }
    TestLoop::new().block_on(async {
        let ((server, address), (client, _)) = (bound(), bound());
        must_not_suspend(client.flush()).await.unwrap();
        for datagram in [&b"one"[..], b"", b"three"] {
            client.send(datagram, address).unwrap();
        }
        must_suspend(client.flush()).await.unwrap();
        for datagram in [&b"one"[..], b"", b"three"] {
            assert_eq!(server.receive().await.unwrap().0, datagram);
        }
    });
}

// EV-UDP-02: what is held is bounded, the empty ones included.
#[test]
#[cfg(target_os = "linux")]
fn an_endpoint_holds_so_much_and_no_more() {
    let name = "an_endpoint_holds_so_much_and_no_more";
    if part().is_none() {
        under_strace(name, "full", "sendto", "error=EAGAIN:when=1");
        return;
    }
    TestLoop::new().block_on(async {
        let ((server, address), (client, _)) = (bound(), bound());
        assert!(matches!(kind(client.set_max_buffer(0)), StreamError::Zero));
        client.set_max_buffer(300).unwrap();
        // 100 and 64, 0 and 64: 228 in all.
        client.send(&[7; 100], address).unwrap();
        client.send(b"", address).unwrap();
        let error = client.send(&[0; 8], address).unwrap_err();
        assert!(matches!(error.kind(), StreamError::BufferFull { limit: 300 }), "{error}");
        let error = client.send(&[0; 65_508], address).unwrap_err();
        assert!(error.to_string().contains("65507 are the most"), "{error}");
        client.send(&[7; 7], address).unwrap();
        client.flush().await.unwrap();
        client.send(&[7; 1_000], address).unwrap();
        for length in [100, 0, 7, 1_000] {
            assert_eq!(server.receive().await.unwrap().0, vec![7; length]);
        }
    });
}

// EV-UDP-02: what can never be sent is refused, also while others are held.
#[test]
#[cfg(target_os = "linux")]
fn what_has_no_way_is_refused_while_others_are_held_and_the_endpoint_stays_open() {
    let name = "what_has_no_way_is_refused_while_others_are_held_and_the_endpoint_stays_open";
    if part().is_none() {
        under_strace(name, "full", "sendto", "error=EAGAIN:when=1+2");
        return;
    }
    TestLoop::new().block_on(async {
        let [four, six]: [SocketAddr; 2] = ["127.0.0.1:9", "[::1]:9"].map(|to| to.parse().unwrap());
        for (own, of_other_family) in [(four, six), (six, four)] {
            let client = UdpEndpoint::new();
            client.bind((own.ip(), 0)).unwrap();
            client.send(b"held", own).unwrap();
            let text = client.send(b"x", of_other_family).unwrap_err().to_string();
            assert!(text.contains("of the other family"), "{text}");
            let text = client.send(b"x", SocketAddr::new(own.ip(), 0)).unwrap_err().to_string();
            assert!(text.contains("cannot send to") && text.contains(":0 from"), "{text}");
            assert!(text.ends_with("nobody has port 0"), "{text}");
            must_suspend(client.flush()).await.unwrap();
            assert!(!client.is_closed());
        }
        // An address of no family in particular sends to both; one that stands for one of IPv4 there.
        for own in ["[::]:0", "[::ffff:127.0.0.1]:0"] {
            let (server, address) = bound();
            let client = UdpEndpoint::new();
            client.bind(own).unwrap();
            let mapped = Ipv4Addr::LOCALHOST.to_ipv6_mapped();
            client.send(b"held", address).unwrap();
            client.send(b"too", (mapped, address.port()).into()).unwrap();
            client.send(b"as well", address).unwrap();
            for held in [&b"held"[..], b"too", b"as well"] {
                assert_eq!(server.receive().await.unwrap().0, held);
            }
        }
    });
}

// EV-UDP-02
#[test]
#[cfg(target_os = "linux")]
fn a_failure_of_what_was_held_is_reported_and_closes_the_endpoint() {
    let name = "a_failure_of_what_was_held_is_reported_and_closes_the_endpoint";
    if part().is_none() {
        under_strace(name, "late", "sendto", "error=EAGAIN:when=1");
        return;
    }
    let event_loop = TestLoop::new();
    let told = Rc::new(RefCell::new(Vec::new()));
    let tell = Rc::clone(&told);
    event_loop.set_exception_handler(move |context| tell.borrow_mut().push(context.to_string()));
    event_loop.block_on(async {
        let ((server, address), (client, _)) = (bound(), bound());
        client.send(b"goes out", address).unwrap();
        // Nobody has allowed that.
        client.send(b"does not", "255.255.255.255:9".parse().unwrap()).unwrap();
        let receiving = spawn({
            let client = client.clone();
            async move { client.receive().await }
        });
        assert!(told.borrow().is_empty() && !client.is_closed());
        client.flush().await.unwrap();
        assert!(client.is_closed());
        let error = receiving.await.unwrap().unwrap_err();
        assert!(matches!(error.kind(), StreamError::Closed), "{error}");
        assert_eq!(server.receive().await.unwrap().0, b"goes out");
    });
    let told = told.borrow();
    assert!(
        matches!(&**told, [line] if line.contains("a UDP endpoint is closed: what was")),
        "{told:?}"
    );
    assert_eq!(event_loop.metrics().sources, 0);
}
