//! Modules that block or park, as they are patched. Patches are the whole process's: each test has
//! its thread's own choice, or is the only one that patches.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use evergreen::lib::net::{TcpListener, TcpStream};
use evergreen::lib::{patched, thread};
use evergreen::patcher::{self, Module, Provider, original, with_provider};
use evergreen::yield_now;
use evergreen_testing::{TestLoop, must_not_suspend, must_suspend};

const MOMENT: Duration = Duration::from_millis(1);

/// Both ends of a connection, made by who is chosen.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, peer) = listener.accept().await.unwrap();
    assert_eq!(peer, client.local_addr().unwrap());
    assert_eq!(server.local_addr().unwrap(), client.peer_addr().unwrap());
    (server, client)
}

// EV-PAT-01, EV-PAT-02, EV-PAT-04: all in one, since nothing undoes it.
#[test]
fn what_is_patched_parks_and_what_is_not_blocks() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        assert!(Module::ALL.iter().all(|module| !patcher::is_patched(module)));
        must_not_suspend(thread::sleep(MOMENT)).await;
        must_not_suspend(thread::yield_now()).await;
        drop(must_not_suspend(pair()).await);
        assert_eq!(event_loop.metrics().sources, 0);

        for _ in 0..2 {
            patcher::patch(["thread".parse().unwrap()]);
            assert!(patcher::is_patched(Module::Thread) && patcher::is_patched("thread"));
            assert!(!patcher::is_patched(Module::Net));
        }
        must_suspend(thread::sleep(MOMENT)).await;
        must_suspend(thread::yield_now()).await;
        let blocking = must_not_suspend(pair()).await;

        patcher::patch([]);
        assert!(patcher::is_patched("net") && patcher::is_patched("thread"));
        let (server, client) = pair().await;
        assert_eq!(event_loop.metrics().sources, 2);
        echo(server, client).await;
        // What exists stays what it is.
        blocking.0.write_all(b"x").await.unwrap();
        assert_eq!(must_not_suspend(blocking.1.read(&mut [0; 8])).await.unwrap(), 1);
        // The original is untouched: it blocks, and has nothing to do with the loop.
        let (begun, turns) = (original::time::Instant::now(), event_loop.metrics().turns);
        original::thread::sleep(MOMENT);
        assert!(begun.elapsed() >= MOMENT);
        let listener = original::net::TcpListener::bind("127.0.0.1:0").unwrap();
        drop(original::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        listener.accept().unwrap();
        let after = event_loop.metrics();
        assert_eq!((after.turns, after.sources), (turns, 0));
    });
}

/// Each waits for the other, on one thread.
async fn echo(server: TcpStream, client: TcpStream) {
    let serving = evergreen::spawn(async move {
        let mut line = [0; 8];
        let length = must_suspend(server.read(&mut line)).await.unwrap();
        server.write_all(&line[..length]).await.unwrap();
        server.shutdown(std::net::Shutdown::Both).unwrap();
    });
    yield_now().await;
    client.write_all(b"hello").await.unwrap();
    let mut answer = [0; 8];
    assert_eq!(client.read(&mut answer).await.unwrap(), 5);
    assert_eq!(&answer[..5], b"hello");
    assert_eq!(client.read(&mut answer).await.unwrap(), 0);
    serving.await.unwrap();
}

// EV-PAT-02
#[test]
fn an_unknown_module_is_an_error_and_not_patched() {
    assert!(!patcher::is_patched("sockets"));
    let error = "sockets".parse::<Module>().unwrap_err();
    assert_eq!(error.to_string(), "`sockets` cannot be patched: only net and thread can");
}

// EV-PAT-03
#[test]
fn a_provider_is_for_the_calls_of_one_thread_inside_a_closure() {
    let event_loop = TestLoop::new();
    event_loop.block_on(async {
        let nap = || thread::sleep(MOMENT);
        for _ in 0..2 {
            let (parks, blocks) = with_provider(Provider::Cooperative, || {
                let blocks = with_provider(Provider::Blocking, nap);
                (nap(), blocks)
            });
            must_not_suspend(blocks).await;
            must_suspend(parks).await;
        }
        let blocks = with_provider(Provider::Blocking, || {
            let panics = || with_provider(Provider::Cooperative, || panic!("on purpose"));
            assert!(std::panic::catch_unwind(panics).is_err());
            nap()
        });
        must_not_suspend(blocks).await;
        let listener = with_provider(Provider::Cooperative, || TcpListener::bind("127.0.0.1:0"));
        let listener = listener.await.unwrap();
        assert_eq!(event_loop.metrics().sources, 1);
        drop(listener);
    });
}

// EV-PAT-03
#[test]
fn a_source_file_may_take_cooperative_modules_for_those_of_std() {
    use patched::time::Duration;
    use patched::{net, thread as threads};
    TestLoop::new().block_on(async {
        let order = Rc::new(RefCell::new(Vec::new()));
        let note = Rc::clone(&order);
        let handle = threads::spawn(async move {
            must_suspend(threads::sleep(Duration::ZERO)).await;
            note.borrow_mut().push("thread");
        });
        order.borrow_mut().push("main");
        must_suspend(handle).await.unwrap();
        assert_eq!(*order.borrow(), ["main", "thread"]);
        let socket =
            net::UdpSocket::bind(net::SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        assert!(socket.local_addr().unwrap().port() > 0);
    });
}
