//! A server of hyper: HTTP/1 and HTTP/2 on one port, each connection a task of the loop.
//!
//! ```text
//! cd crates/evergreen-interop
//! cargo run --example hyper_server -- 8080
//! curl http://127.0.0.1:8080/page
//! curl --http2-prior-knowledge --data 'sent back' http://127.0.0.1:8080/
//! ```

use evergreen::net::{TcpListener, TcpStream};
use evergreen::{signal, spawn};
use evergreen_interop::http::{Version, serve_one};
use std::{error::Error, io};

#[evergreen::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on {}", listener.local_addr()?);
    let _server = spawn(serve(listener)).kill_on_drop();
    signal::ctrl_c().await?;
    Ok(())
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _peer) = listener.accept().await?;
        drop(spawn(async move {
            if let Err(error) = answer(stream).await {
                eprintln!("{error}");
            }
        }));
    }
}

async fn answer(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let version = version(&stream).await?;
    serve_one(stream, version).await.map_err(io::Error::other)
}

/// The first words that a client of HTTP/2 says without having been asked.
const PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// Looks at the first bytes, and leaves them where they are. Whoever sends fewer at first is taken for
/// a client of HTTP/1.
async fn version(stream: &TcpStream) -> io::Result<Version> {
    let mut begin = [0; PREFACE.len()];
    let length = stream.peek(&mut begin).await?;
    Ok(if begin[..length] == *PREFACE { Version::Two } else { Version::One })
}
