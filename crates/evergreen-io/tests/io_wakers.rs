//! Wakers that look at what wakes them: whoever is told of an end finds it closed.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use common::streams::plain_pair;
use common::{TestLoop, pair_with_std};
use evergreen_io::io::{BaseStream, TcpConnection, TcpServer, UdpEndpoint};
use evergreen_io::net::TcpStream;

thread_local! {
    static SEEN: RefCell<Vec<bool>> = const { RefCell::new(Vec::new()) };
    static LOOK: RefCell<Option<Box<dyn Fn() -> bool>>> = const { RefCell::new(None) };
}

struct Looks;

impl Wake for Looks {
    fn wake(self: Arc<Self>) {
        let seen = LOOK.with_borrow(|look| look.as_ref().unwrap()());
        SEEN.with_borrow_mut(|all| all.push(seen));
    }
}

/// What a waker sees, each time that it is woken, of what ends while something waits for it.
fn seen(waits: impl Future, look: impl Fn() -> bool + 'static, end: impl FnOnce()) -> Vec<bool> {
    LOOK.set(Some(Box::new(look)));
    let mut waits = pin!(waits);
    let waker = Waker::from(Arc::new(Looks));
    assert!(matches!(waits.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Pending));
    end();
    LOOK.take();
    SEEN.take()
}

/// Has a stream of its own, as what a waker wakes may have.
struct Owns(#[expect(dead_code, reason = "it is dropped")] TcpStream);

impl Wake for Owns {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_waker_that_is_replaced_may_own_a_stream_itself() {
    TestLoop::new().block_on(async {
        let (watched, _peer) = pair_with_std();
        for _ in 0..3 {
            let waker = Waker::from(Arc::new(Owns(pair_with_std().0)));
            let polled = watched.poll_read_ready(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
        }
    });
}

// EV-UDP-06
#[test]
fn who_is_woken_by_the_end_of_an_endpoint_finds_it_closed() {
    TestLoop::new().block_on(async {
        let endpoint = UdpEndpoint::new();
        endpoint.bind("127.0.0.1:0").unwrap();
        let looks = endpoint.clone();
        let look = move || looks.is_closed() && looks.bind("127.0.0.1:0").is_err();
        let seen = seen(endpoint.receive(), look, || endpoint.close());
        assert!(!seen.is_empty() && seen.iter().all(|&closed| closed), "{seen:?}");
    });
}

// EV-STR-10
#[test]
fn who_is_woken_by_the_end_of_a_stream_finds_it_closed() {
    TestLoop::new().block_on(async {
        let (ours, _theirs) = plain_pair();
        let looks = ours.clone();
        let look = move || looks.is_closed() && looks.write(b"x").is_err();
        let seen = seen(ours.read_bytes(1), look, || ours.close());
        assert!(!seen.is_empty() && seen.iter().all(|&closed| closed), "{seen:?}");
    });
}

// EV-SRV-05
#[test]
fn who_is_woken_by_the_end_of_a_server_finds_it_closed() {
    TestLoop::new().block_on(async {
        let server = TcpServer::new(async |_: TcpConnection| {});
        server.bind("127.0.0.1:0").unwrap();
        let looks = server.clone();
        let look = move || looks.is_closed() && looks.bind("127.0.0.1:0").is_err();
        let seen = seen(server.serve(), look, || server.close());
        assert!(!seen.is_empty() && seen.iter().all(|&closed| closed), "{seen:?}");
    });
}
