//! A server of tasks and a hundred clients of blocking sockets; every byte must come back.
//!
//! ```sh
//! cargo run --release --example echo_demo
//! ```
//!
//! You should see, how much was echoed, what the loop did for it, and that it
//! holds nothing any more:
//!
//! ```text
//! 10000 lines, 9361000 bytes over 100 connections at once: each came back as it was sent
//! the loop ran 10379 entries in 259 turns
//! it holds 0 tasks, 0 timers, 0 sources, 0 blocking jobs
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::net::{TcpListener, TcpStream};
use evergreen::{EventLoop, Metrics, spawn, timeout};
use futures_lite::{AsyncBufReadExt, AsyncWriteExt, io::BufReader};
use std::io::{self, Read, Write};
use std::{error::Error, net, net::SocketAddr};

const CONNECTIONS: usize = 100;
const LINES: usize = 100;

/// Sends each line back until the peer has no more. Gives the number of bytes.
async fn echo(stream: TcpStream) -> io::Result<usize> {
    let mut reader = BufReader::new(&stream);
    let (mut line, mut total) = (Vec::new(), 0);
    while reader.read_until(b'\n', &mut line).await? > 0 {
        (&stream).write_all(&line).await?;
        total += line.len();
        line.clear();
    }
    Ok(total)
}

/// Serves all connections at once, and waits until each has ended.
async fn serve(listener: TcpListener) -> Result<usize, Box<dyn Error>> {
    let mut tasks = Vec::new();
    for _ in 0..CONNECTIONS {
        let (stream, _) = listener.accept().await?;
        tasks.push(spawn(echo(stream)));
    }
    let mut total = 0;
    for task in tasks {
        total += task.await??;
    }
    Ok(total)
}

fn connect(address: SocketAddr) -> io::Result<Vec<net::TcpStream>> {
    (0..CONNECTIONS).map(|_| net::TcpStream::connect(address)).collect()
}

/// A client, on a thread that may block: sends a line, waits for it, compares.
fn converse(mut stream: net::TcpStream, client: usize) -> io::Result<usize> {
    let mut total = 0;
    for number in 0..LINES {
        let line = format!("client {client} line {number}, ").repeat(number) + "\n";
        stream.write_all(line.as_bytes())?;
        let mut reply = vec![0; line.len()];
        stream.read_exact(&mut reply)?;
        assert!(reply == line.as_bytes(), "{line:?} came back changed");
        total += line.len();
    }
    Ok(total)
}

async fn run(event_loop: &EventLoop) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = spawn(serve(listener));

    let streams = event_loop.run_blocking(move || connect(address)).await??;
    let client = |(n, stream)| event_loop.run_blocking(move || converse(stream, n));
    let clients: Vec<_> = streams.into_iter().enumerate().map(client).collect();
    let mut sent = 0;
    for client in clients {
        sent += client.await??;
    }
    assert_eq!(server.await??, sent);
    print!("{} lines, {sent} bytes over {CONNECTIONS} connections at once: ", CONNECTIONS * LINES);
    println!("each came back as it was sent");
    Ok(())
}

#[evergreen::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let event_loop = EventLoop::current()?;
    timeout(60.0, run(&event_loop)).await??;
    let Metrics { turns, entries, tasks, timers, sources, blocking_jobs: jobs, .. } =
        event_loop.metrics();
    println!("the loop ran {entries} entries in {turns} turns");
    println!("it holds {tasks} tasks, {timers} timers, {sources} sources, {jobs} blocking jobs");
    assert_eq!([tasks, timers, sources, jobs], [0; 4]);
    Ok(())
}
