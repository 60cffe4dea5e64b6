//! An echo server on a Unix socket, and a client of it.
//!
//! ```sh
//! cargo run --example pipe_echo
//! cargo run --example pipe_echo -- /tmp/echo.pipe    # and then, elsewhere: nc -U /tmp/echo.pipe
//! ```
//!
//! Without an argument it is its own client. You should see:
//!
//! ```text
//! the path is taken: true
//! a client has come
//! >>> hello through the pipe
//! >>> and once more
//! a client has gone
//! the path is there: false
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::io::{BaseStream, PipeClient, PipeConnection, PipeError, PipeServer};
use evergreen::{current, spawn};
use std::{env, error::Error, path::Path, process};

#[evergreen::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = PipeServer::new(echo);
    if let Some(path) = env::args().nth(1) {
        server.bind(path)?;
        let closing = server.clone();
        // Closed, it takes its path away.
        current::event_loop()?.add_signal_handler(libc::SIGINT, move || closing.close())?;
        return Ok(server.serve().await?);
    }
    let path = env::temp_dir().join(format!("pipe-echo-{}", process::id()));
    server.bind(&path)?;
    println!("the path is taken: {}", PipeServer::new(echo).bind(&path).is_err());
    let serving = spawn({
        let server = server.clone();
        async move { server.serve().await }
    });
    converse(&path).await?;
    server.close();
    serving.await??;
    println!("the path is there: {}", path.exists());
    Ok(())
}

// ANCHOR: echo
async fn echo(client: PipeConnection) -> Result<(), PipeError> {
    println!("a client has come");
    loop {
        let line = client.read_until(b"\n").await?;
        if line.is_empty() {
            println!("a client has gone");
            return Ok(());
        }
        client.write(&line)?;
        client.flush().await?;
    }
}
// ANCHOR_END: echo

async fn converse(path: &Path) -> Result<(), PipeError> {
    let client = PipeClient::new();
    client.connect(path).await?;
    for line in ["hello through the pipe\n", "and once more\n"] {
        client.write(line.as_bytes())?;
        print!(">>> {}", String::from_utf8_lossy(&client.read_until(b"\n").await?));
    }
    client.shutdown().await?;
    // The server has ended, too.
    assert_eq!(client.read_bytes(1).await?, b"");
    Ok(())
}
