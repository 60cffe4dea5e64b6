//! The race of several addresses (AIO-CONN-08, RFC 8305), in virtual time.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod common;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use common::{Blackhole, Refusing, TestLoop};
use evergreen_io::net::{ConnectError, TcpListener, TcpStream};
use evergreen_loop::EventLoop;
use evergreen_task::{spawn, timeout};
use evergreen_testing::VirtualClock;

const HEAD_START: Duration = Duration::from_millis(250);

async fn listening() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn elapsed() -> Duration {
    VirtualClock::current().elapsed()
}

// AIO-CONN-08
#[test]
fn an_address_that_does_not_answer_has_a_head_start_of_250_ms() {
    let event_loop = TestLoop::with_virtual_time();
    let silent = Blackhole::new();
    event_loop.block_on(async {
        let (_listener, address) = listening().await;
        let stream = TcpStream::connect(&[silent.address(), address][..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        assert_eq!(elapsed(), HEAD_START);
    });
    // The attempt that lost is closed, and its timer gone.
    assert_eq!((event_loop.metrics().sources, event_loop.metrics().timers), (0, 0));
}

// AIO-CONN-08: each attempt has its head start, and those before it go on.
#[test]
fn attempts_begin_one_after_the_other() {
    let event_loop = TestLoop::with_virtual_time();
    let (first, second) = (Blackhole::new(), Blackhole::new());
    event_loop.block_on(async {
        let (_listener, address) = listening().await;
        let both = [first.address(), second.address(), address];
        let stream = TcpStream::connect(&both[..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        assert_eq!(elapsed(), 2 * HEAD_START);
    });
}

// AIO-CONN-08
#[test]
fn a_refused_attempt_is_followed_at_once() {
    let event_loop = TestLoop::with_virtual_time();
    event_loop.block_on(async {
        let (_listener, address) = listening().await;
        let refusing = Refusing::new();
        let both = [refusing.address(), address];
        let stream = TcpStream::connect(&both[..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        assert_eq!(elapsed(), Duration::ZERO);
    });
    assert_eq!((event_loop.metrics().sources, event_loop.metrics().timers), (0, 0));
}

// AIO-CONN-08: the attempt that fails is not the last; the one before it goes on.
#[test]
fn a_failure_beside_an_attempt_that_runs_begins_the_next_at_once() {
    let event_loop = TestLoop::with_virtual_time();
    let (silent, refusing) = (Blackhole::new(), Refusing::new());
    event_loop.block_on(async {
        let (_listener, address) = listening().await;
        let all = [silent.address(), refusing.address(), address];
        let stream = TcpStream::connect(&all[..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        assert_eq!(elapsed(), HEAD_START);
    });
}

// AIO-CONN-08: the first to connect wins, though it began first and others followed.
#[test]
#[cfg(target_os = "linux")]
fn an_attempt_that_answers_late_still_wins() {
    let event_loop = TestLoop::new();
    let (mut late, never) = (Blackhole::new(), Blackhole::new());
    let both = [late.address(), never.address()];
    let connecting = spawn(async move { TcpStream::connect(&both[..]).await.unwrap() });
    event_loop.block_on(async {
        // Both run once there are two sources; then the system tries again within a second.
        while EventLoop::current().unwrap().metrics().sources < 2 {
            evergreen_task::sleep(0.01).await;
        }
        late.answer();
        let stream = timeout(60.0, connecting).await.unwrap().unwrap();
        assert_eq!(stream.peer_addr().unwrap(), both[0]);
    });
    assert_eq!((event_loop.metrics().sources, event_loop.metrics().timers), (0, 0));
}

// The errors of connecting name what was tried, and the kind is the most telling.
#[test]
fn when_all_fail_the_error_names_each() {
    let event_loop = TestLoop::with_virtual_time();
    let refusing = [Refusing::new(), Refusing::new()];
    let [first, second] = refusing.each_ref().map(Refusing::address);
    let error = event_loop.block_on(TcpStream::connect(&[first, second][..])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let text = error.to_string();
    let reason = "Connection refused (os error ";
    assert!(text.starts_with(&format!("cannot connect to {first}: {reason}")), "{text}");
    assert!(text.contains(&format!("; to {second}: {reason}")), "{text}");
    let inside = error.get_ref().unwrap().downcast_ref::<ConnectError>().unwrap();
    let tried: Vec<_> = inside.attempts().iter().map(|(address, _)| *address).collect();
    assert_eq!(tried, [first, second]);
    assert_eq!(event_loop.metrics().sources, 0);
}

#[test]
fn one_address_that_fails_is_named() {
    let refusing = Refusing::new();
    let address = refusing.address();
    let error = TestLoop::new().block_on(TcpStream::connect(address)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let text = error.to_string();
    assert!(text.starts_with(&format!("cannot connect to {address}: ")), "{text}");
}

// Multicast is no place to connect to: the system says so at once, before or after the one that refuses.
#[test]
#[cfg(target_os = "linux")]
fn a_host_that_refused_tells_more_than_one_that_is_not_reachable() {
    let event_loop = TestLoop::with_virtual_time();
    let unreachable = SocketAddr::from(([224, 0, 0, 1], 9));
    let refusing = Refusing::new();
    let refused = refusing.address();
    for both in [[refused, unreachable], [unreachable, refused]] {
        let error = event_loop.block_on(TcpStream::connect(&both[..])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
    }
    let error = event_loop.block_on(TcpStream::connect(unreachable)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NetworkUnreachable, "{error}");
}

// AIO-CONN-08: families take turns, beginning with that of the first.
#[test]
fn families_take_turns() {
    let event_loop = TestLoop::with_virtual_time();
    let four = |last| SocketAddr::from(([127, 0, 0, last], 1));
    let six = |port| SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], port));
    let given = [six(1), six(2), six(3), four(1), four(2)];
    let error = event_loop.block_on(TcpStream::connect(&given[..])).unwrap_err();
    let inside = error.get_ref().unwrap().downcast_ref::<ConnectError>().unwrap();
    let tried: Vec<_> = inside.attempts().iter().map(|(address, _)| *address).collect();
    assert_eq!(tried, [six(1), four(1), six(2), four(2), six(3)]);
    assert_eq!(elapsed_of(&event_loop), Duration::ZERO);
}

fn elapsed_of(event_loop: &EventLoop) -> Duration {
    VirtualClock::of(event_loop).elapsed()
}

// EV-TASK-08
#[test]
fn a_killed_race_closes_all_its_attempts() {
    let event_loop = TestLoop::with_virtual_time();
    let (first, second) = (Blackhole::new(), Blackhole::new());
    let both = [first.address(), second.address()];
    let race = spawn(async move { TcpStream::connect(&both[..]).await.map(drop) });
    event_loop.block_on(async {
        VirtualClock::current().advance(HEAD_START).await;
        assert_eq!(EventLoop::current().unwrap().metrics().sources, 2);
        race.kill();
        race.await.unwrap_err();
    });
    assert_eq!((event_loop.metrics().sources, event_loop.metrics().timers), (0, 0));
    assert_eq!(event_loop.metrics().blocking_jobs, 0);
}

// D-5, EV-TMO-10: a limit on a race that nobody answers.
#[test]
fn a_limit_ends_a_race_that_nobody_answers() {
    let event_loop = TestLoop::with_virtual_time();
    let (first, second) = (Blackhole::new(), Blackhole::new());
    let both = [first.address(), second.address()];
    event_loop.block_on(async {
        assert!(timeout(10.0, TcpStream::connect(&both[..])).await.is_err());
        assert_eq!(elapsed(), Duration::from_secs(10));
    });
    assert_eq!((event_loop.metrics().sources, event_loop.metrics().timers), (0, 0));
}

// EV-LOOP-02: no address is to blame.
#[test]
fn without_a_loop_the_error_says_so() {
    let addresses = [SocketAddr::from(([127, 0, 0, 1], 1)), SocketAddr::from(([127, 0, 0, 1], 2))];
    let connect = move |n| futures_lite::future::block_on(TcpStream::connect(&addresses[..n]));
    for n in [1, 2] {
        let error = std::thread::spawn(move || connect(n).unwrap_err()).join().unwrap();
        assert!(error.to_string().starts_with("no event loop on this thread"), "{error}");
    }
}
