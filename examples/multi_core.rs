//! One loop per core. Each listens on the same port, the system shares the connections out, and the
//! loops talk through their remotes.
//!
//! ```sh
//! cargo run --release --example multi_core
//! ```
//!
//! You should see:
//!
//! ```text
//! 2 loops have answered 200 requests
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::net::{TcpListener, TcpSocket, TcpStream};
use evergreen::{EventLoop, LoopRemote, RemoteTasks, spawn};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use std::{cell::Cell, error::Error, io, net::SocketAddr, sync::mpsc, thread};

const LOOPS: usize = 2;
const REQUESTS: u64 = 200;

thread_local! {
    /// Each loop has its own: nothing is shared, nothing is locked.
    static ANSWERED: Cell<u64> = const { Cell::new(0) };
}

// ANCHOR: listen
/// Several sockets may have the same port, if each says so before it is bound.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}
// ANCHOR_END: listen

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (mut stream, _peer) = listener.accept().await?;
        drop(spawn(async move {
            ANSWERED.with(|answered| answered.set(answered.get() + 1));
            stream.write_all(b"hello").await?;
            stream.close().await
        }));
    }
}

// ANCHOR: core
/// A loop of its own, on a thread of its own, until it is stopped.
fn core(address: SocketAddr, ready: mpsc::Sender<LoopRemote>) -> Result<(), Box<dyn Error>> {
    let event_loop = EventLoop::new()?;
    let listener = event_loop.block_on(async { listen(address) })?;
    ready.send(event_loop.remote())?;
    drop(ready);
    let server = event_loop.run_until(serve(listener));
    drop(server); // stopped from outside
    Ok(())
}
// ANCHOR_END: core

#[evergreen::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Keeps the port while the loops take it.
    let reserved = listen(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = reserved.local_addr()?;
    let (ready, remotes) = mpsc::channel();
    let cores: Vec<_> = (0..LOOPS)
        .map(|_| {
            let ready = ready.clone();
            thread::spawn(move || core(address, ready).expect("a core"))
        })
        .collect();
    drop(ready); // the wait below ends when each core has sent, or failed
    let remotes: Vec<_> = remotes.iter().collect();
    drop(reserved);
    for _ in 0..REQUESTS {
        let mut answer = String::new();
        TcpStream::connect(address).await?.read_to_string(&mut answer).await?;
        assert_eq!(answer, "hello");
    }
    // The loop cannot see what it waits for on other threads.
    let _alive = evergreen::current::event_loop()?.keep_alive();
    let mut answered = 0;
    for remote in &remotes {
        answered += remote.spawn_from_thread(async { ANSWERED.with(Cell::get) })?.await?;
        remote.stop()?;
    }
    cores.into_iter().for_each(|core| core.join().expect("no panic"));
    println!("{LOOPS} loops have answered {answered} requests");
    Ok(())
}
