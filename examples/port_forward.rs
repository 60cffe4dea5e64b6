//! A forward from one port to another. When one end has said all, the other is told so, and may still
//! answer.
//!
//! ```text
//! cargo run --example port_forward -- 8080 example.org:80
//! cargo run --example port_forward
//! ```
//!
//! Without arguments it shows the half close: a client that ends its question before it reads.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example prints")]

use evergreen::io::copy_bidirectional;
use evergreen::net::{TcpListener, TcpStream};
use evergreen::{spawn, timeout};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use std::{env, error::Error, io};

#[evergreen::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.as_slice() {
        [] => demonstrate().await?,
        [port, target] => {
            let listener = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
            forward_all(listener, target.clone()).await?;
        },
        _ => return Err("give a port, and the address to forward to".into()),
    }
    Ok(())
}

/// Forwards each connection in a task of its own.
async fn forward_all(listener: TcpListener, target: String) -> io::Result<()> {
    loop {
        let (client, peer) = listener.accept().await?;
        let forward = forward(client, target.clone());
        drop(spawn(async move {
            match forward.await {
                Ok((there, back)) => println!("forwarded {there} bytes there, {back} back"),
                Err(error) => eprintln!("{peer}: {error}"),
            }
        }));
    }
}

// ANCHOR: forward
async fn forward(mut client: TcpStream, target: String) -> io::Result<(u64, u64)> {
    // The listener is a forward's own, the target may be anywhere: do not wait for it for ever.
    let connecting = timeout(10.0, TcpStream::connect(target));
    let mut server = connecting.await.map_err(io::Error::other)??;
    copy_bidirectional(&mut client, &mut server).await
}
// ANCHOR_END: forward

async fn demonstrate() -> io::Result<()> {
    let target = TcpListener::bind("127.0.0.1:0").await?;
    let address = target.local_addr()?.to_string();
    let server = spawn(count_words(target));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut client = TcpStream::connect(listener.local_addr()?).await?;
    let forwarding = spawn(forward_all(listener, address));

    client.write_all(b"how many words are these?").await?;
    client.close().await?;
    let mut answer = String::new();
    client.read_to_string(&mut answer).await?;
    println!("the server says: {answer}");
    server.await.expect("neither killed nor panicked")?;
    forwarding.kill();
    Ok(())
}

/// Answers when the question has ended, and not before.
async fn count_words(listener: TcpListener) -> io::Result<()> {
    let (mut stream, _peer) = listener.accept().await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    let answer = format!("{} words", text.split_whitespace().count());
    stream.write_all(answer.as_bytes()).await?;
    stream.close().await
}
