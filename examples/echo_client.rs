//! Sends lines to an echo server and prints what comes back. Sending and receiving are two tasks: the
//! server may answer late, or in pieces.
//!
//! ```sh
//! cargo run --example echo_client                      # three lines, to a server of its own
//! cargo run --example echo_client -- localhost 1234    # what you type, to `echo_server`
//! ```
//!
//! You should see:
//!
//! ```text
//! one
//! two
//! three
//! 3 lines came back
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::net::{TcpListener, TcpStream};
use evergreen::{spawn, stdio};
use futures_lite::{AsyncBufRead, AsyncBufReadExt, AsyncWriteExt, StreamExt, io::BufReader};
use std::{env, io, net::SocketAddr};

#[evergreen::main]
async fn main() -> io::Result<()> {
    let args: Vec<_> = env::args().skip(1).collect();
    let count = match &args[..] {
        [] => {
            talk(TcpStream::connect(own_server().await?).await?, &b"one\ntwo\nthree\n"[..]).await?
        },
        [host, port] => {
            let stream = TcpStream::connect(format!("{host}:{port}")).await?;
            talk(stream, BufReader::new(stdio::stdin())).await?
        },
        _ => return Err(io::Error::other("usage: echo_client [HOST PORT]")),
    };
    println!("{count} lines came back");
    Ok(())
}

// ANCHOR: talk
/// Sends `lines` while it prints what comes back; how many lines did.
async fn talk(
    stream: TcpStream,
    mut lines: impl AsyncBufRead + Unpin + 'static,
) -> io::Result<usize> {
    let (reader, mut writer) = stream.into_split();
    let sender = spawn(async move {
        let mut line = String::new();
        while lines.read_line(&mut line).await? > 0 {
            writer.write_all(line.as_bytes()).await?;
            line.clear();
        }
        // Half of the connection ends; the other half still brings what is on its way.
        writer.close().await
    });
    let mut answers = BufReader::new(reader).lines();
    let mut count = 0;
    while let Some(answer) = answers.next().await {
        println!("{}", answer?);
        count += 1;
    }
    sender.await.expect("no panic")?;
    Ok(count)
}
// ANCHOR_END: talk

/// A server that echoes one connection.
async fn own_server() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    drop(spawn(async move {
        let (stream, _peer) = listener.accept().await?;
        let (mut reader, mut writer) = stream.into_split();
        futures_lite::io::copy(&mut reader, &mut writer).await?;
        writer.close().await
    }));
    Ok(address)
}
