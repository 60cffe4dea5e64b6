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
use evergreen::io::{BaseStream, TcpClient, TcpConnection, TcpError, TcpServer};
use evergreen::spawn;
use std::{error::Error, io, net::SocketAddr};

const PAGES: usize = 300;

#[evergreen::main]
async fn main() -> Result<(), Box<dyn Error>> {
    crawl().await
}

pub(crate) async fn crawl() -> Result<(), Box<dyn Error>> {
    let server = TcpServer::new(answer);
    server.bind("127.0.0.1:0")?;
    let address = server.local_addr()?;
    let serving = spawn({
        let server = server.clone();
        async move { server.serve().await }
    });

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
    server.close();
    Ok(serving.await??)
}

/// The size of what is there.
async fn fetch(address: SocketAddr, path: String) -> io::Result<usize> {
    let client = TcpClient::new();
    client.write(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())?;
    client.connect(address).await?;
    let answer = String::from_utf8_lossy(&client.read_bytes(100_000).await?).into_owned();
    let body = answer.split_once("\r\n\r\n").map(|(_head, body)| body);
    body.map(str::len).ok_or_else(|| io::Error::other(format!("{path}: no answer")))
}

/// Sends a page of as many bytes as its number says, and a hundred.
async fn answer(client: TcpConnection) -> Result<(), TcpError> {
    let request = String::from_utf8_lossy(&client.read_until(b"\r\n\r\n").await?).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let number: usize = path.trim_start_matches("/page/").parse().unwrap_or_default();
    let page = format!("HTTP/1.0 200 OK\r\n\r\n{}", ".".repeat(100 + number));
    client.write(page.as_bytes())?;
    client.flush().await
}
