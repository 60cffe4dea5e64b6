//! An echo server behind TLS, with a certificate that is made when it starts.
//!
//! ```text
//! cd crates/evergreen-interop
//! cargo run --example tls_echo -- 8443
//! openssl s_client -quiet -connect 127.0.0.1:8443
//! ```

use evergreen::net::{TcpListener, TcpStream};
use evergreen::{io::copy, signal, spawn, timeout};
use evergreen_interop::tls;
use futures_lite::AsyncWriteExt;
use futures_rustls::TlsAcceptor;
use std::{error::Error, io};

/// A client that says nothing in TLS is sent away after so many seconds.
const HANDSHAKE_LIMIT: f64 = 10.0;

#[evergreen::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let (acceptor, _connector) = tls::pair()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on {}", listener.local_addr()?);
    let _server = spawn(serve(listener, acceptor)).kill_on_drop();
    signal::ctrl_c().await?;
    Ok(())
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        let echo = echo(stream, acceptor.clone());
        drop(spawn(async move {
            if let Err(error) = echo.await {
                eprintln!("{peer}: {error}");
            }
        }));
    }
}

/// Sends back what comes, and the end of it.
async fn echo(stream: TcpStream, acceptor: TlsAcceptor) -> io::Result<()> {
    let handshake = timeout(HANDSHAKE_LIMIT, acceptor.accept(stream));
    let stream = handshake.await.map_err(io::Error::other)??;
    let (mut reader, mut writer) = futures_lite::io::split(stream);
    copy(&mut reader, &mut writer).await?;
    writer.close().await
}
