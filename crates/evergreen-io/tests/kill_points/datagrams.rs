//! Datagrams, over real sockets: EV-UDP-03, EV-UDP-04, EV-UDP-06.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use evergreen_io::io::{StreamError, UdpEndpoint};
use evergreen_loop::EventLoop;
use evergreen_testing::kill_points::{Stage, every_point};
use evergreen_testing::{VirtualClock, settle};

#[cfg(target_os = "linux")]
use crate::common::child::{injected, made, part, under_strace};

fn bound() -> (UdpEndpoint, SocketAddr) {
    let endpoint = UdpEndpoint::new();
    endpoint.bind("127.0.0.1:0").expect("a free port");
    let address = endpoint.local_addr().expect("bound");
    (endpoint, address)
}

fn sources() -> usize {
    EventLoop::try_current().expect("the loop of the scenario").metrics().sources
}

/// Gives the datagrams that three have received, of which each receives two.
fn receivers(stage: &Stage, endpoint: &UdpEndpoint) -> Rc<RefCell<Vec<Vec<u8>>>> {
    let received = Rc::new(RefCell::new(Vec::new()));
    for _ in 0..3 {
        let (endpoint, received) = (endpoint.clone(), Rc::clone(&received));
        stage.role(async move {
            for _ in 0..2 {
                let (datagram, _) = endpoint.receive().await.expect("open");
                received.borrow_mut().push(datagram);
            }
        });
    }
    received
}

async fn received(stage: &Stage) {
    // The sockets are real.
    let _frozen = VirtualClock::current().freeze();
    let ((client, _), (server, to)) = (bound(), bound());
    let received = receivers(stage, &server);
    for datagram in 0..7 {
        settle().await;
        client.send(&[datagram], to).expect("there is room");
    }
    stage.rest().await;
    let newcomer = server.clone();
    loop {
        let (datagram, _) = newcomer.receive().await.expect("open");
        received.borrow_mut().push(datagram);
        if *received.borrow().last().expect("one") == [6] {
            break;
        }
    }
    assert!(received.borrow().iter().flatten().copied().eq(0..7), "{received:?}");
    client.close();
    server.close();
    assert_eq!(sources(), 0);
}

/// The endpoint is closed while they wait.
async fn closed(stage: &Stage) {
    let (server, _) = bound();
    let told = Rc::new(RefCell::new(0));
    for _ in 0..3 {
        let (server, told) = (server.clone(), Rc::clone(&told));
        stage.role(async move {
            let error = server.receive().await.expect_err("nobody sends");
            assert!(matches!(error.kind(), StreamError::Closed), "{error}");
            *told.borrow_mut() += 1;
        });
    }
    settle().await;
    server.close();
    stage.rest_in_order().await;
    assert_eq!(*told.borrow(), 3 - usize::from(stage.victim().is_some()));
    assert_eq!(sources(), 0);
}

/// There is no room for the first attempt to send each datagram.
async fn flushed(stage: &Stage) {
    let ((client, _), (server, to)) = (bound(), bound());
    client.send(b"held", to).expect("it is held");
    for _ in 0..3 {
        let client = client.clone();
        stage.role(async move { client.flush().await.expect("open") });
    }
    stage.rest_in_order().await;
    let newcomer = client.clone();
    let flush = async move { newcomer.flush().await.expect("open") };
    stage.serves(flush, || client.send(b"held, too", to).expect("it is held")).await;
    for datagram in [&b"held"[..], b"held, too"] {
        assert_eq!(server.receive().await.expect("open").0, datagram);
    }
    client.close();
    server.close();
    assert_eq!(sources(), 0);
}

#[test]
fn receive() {
    every_point("UdpEndpoint::receive", received);
    every_point("UdpEndpoint::receive", closed);
}

#[test]
#[cfg(target_os = "linux")]
fn flush() {
    if part().is_some() {
        every_point("UdpEndpoint::flush", flushed);
        return;
    }
    let calls = under_strace("datagrams::flush", "full", "sendto", "error=EAGAIN:when=1+2");
    // Undisturbed, and at each of 15 points: two datagrams, each sent twice.
    assert_eq!((made(&calls), injected(&calls)), (16 * 4, 16 * 2));
}
