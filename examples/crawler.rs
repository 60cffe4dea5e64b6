//! Fetches many pages at a time and tells their sizes in the order of asking. It starts the server
//! itself.
//!
//! ```sh
//! cargo run --example crawler
//! ```
//!
//! You should see:
//!
//! ```text
//! /page/0: 100 bytes
//! /page/1: 101 bytes
//! ...
//! 300 pages, 74850 bytes
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::futures::TaskPoolExecutor;
use evergreen::net::{TcpListener, TcpStream};
use evergreen::spawn;
use futures_lite::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, io::BufReader};
use std::{io, net::SocketAddr};

const PAGES: usize = 300;

#[evergreen::main]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = spawn(serve(listener));

    // ANCHOR: map
    let pool = TaskPoolExecutor::new(100).expect("more than no workers");
    let paths = (0..PAGES).map(|number| format!("/page/{number}"));
    let mut sizes =
        pool.map(paths.clone(), move |path| fetch(address, path)).expect("not shut down");
    let mut sum = 0;
    for path in paths {
        let size = sizes.next().await.expect("one for each").expect("not cancelled")?;
        // ANCHOR_END: map
        match path.as_str() {
            "/page/0" | "/page/1" => println!("{path}: {size} bytes"),
            "/page/2" => println!("..."),
            _ => {},
        }
        sum += size;
    }
    println!("{PAGES} pages, {sum} bytes");
    server.kill();
    Ok(())
}

/// The size of what is there.
async fn fetch(address: SocketAddr, path: String) -> io::Result<usize> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.0\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let body = answer.split_once("\r\n\r\n").map(|(_head, body)| body);
    body.map(str::len).ok_or_else(|| io::Error::other(format!("{path}: no answer")))
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _peer) = listener.accept().await?;
        drop(spawn(answer(stream)));
    }
}

/// Sends a page of as many bytes as its number says, and a hundred.
async fn answer(stream: TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    stream.read_line(&mut request).await?;
    let path = request.split(' ').nth(1).unwrap_or_default();
    let number: usize = path.trim_start_matches("/page/").parse().unwrap_or_default();
    let page = format!("HTTP/1.0 200 OK\r\n\r\n{}", ".".repeat(100 + number));
    stream.get_mut().write_all(page.as_bytes()).await?;
    stream.close().await
}
