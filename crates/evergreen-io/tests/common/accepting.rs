//! Servers that accept, for the tests of what can go wrong there.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net;
use std::rc::Rc;

use evergreen_io::net::{TcpListener, TcpStream};
use evergreen_task::{Task, spawn, yield_now};
use evergreen_testing::Trace;

use super::TestLoop;

/// What a server has accepted and holds.
pub(crate) type Held = Rc<RefCell<Vec<TcpStream>>>;

/// A server with this many clients that wait to be accepted, all of which it holds.
pub(crate) async fn crowded(clients: usize) -> (TcpListener, Vec<net::TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let clients = (0..clients).map(|_| net::TcpStream::connect(address).unwrap()).collect();
    (listener, clients)
}

/// Serves as most programs do: until there is an error.
pub(crate) fn serve(listener: TcpListener, polled: bool) -> (Task<()>, Held) {
    let held = Held::default();
    let holding = Rc::clone(&held);
    let server = spawn(async move {
        loop {
            let accepted = match polled {
                true => poll_fn(|cx| listener.poll_accept(cx)).await,
                false => listener.accept().await,
            };
            let Ok((stream, _)) = accepted else { break };
            holding.borrow_mut().push(stream);
        }
    });
    (server, held)
}

/// Accepts one connection, and gives what the loop was told and how long it took.
pub(crate) fn accept_one() -> io::Result<(Vec<String>, f64)> {
    let event_loop = TestLoop::with_virtual_time();
    let trace = Trace::new().of_errors(&event_loop);
    event_loop.block_on(async {
        let (listener, _clients) = crowded(1).await;
        let start = event_loop.time();
        listener.accept().await?;
        yield_now().await;
        Ok((trace.take(), (event_loop.time() - start).as_secs_f64()))
    })
}
