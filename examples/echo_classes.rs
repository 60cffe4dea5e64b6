//! A server that sends every line back, as Python evergreen writes it: a handler, started as a task
//! for each connection. `echo_server` is the same on plain sockets.
//!
//! ```sh
//! cargo run --example echo_classes            # on port 1234
//! cargo run --example echo_classes -- 5000    # on port 5000; 0 is any that is free
//! printf 'one\ntwo\n' | nc -N 127.0.0.1 1234  # from another terminal
//! ```
//!
//! You should see who connects and who leaves:
//!
//! ```text
//! listening on 127.0.0.1:1234
//! 127.0.0.1:40620 connected
//! 127.0.0.1:40620 closed
//! ^Cstopping
//! ```

#![allow(clippy::print_stdout, reason = "an example prints")]

use evergreen::io::{BaseStream, TcpConnection, TcpServer};
use evergreen::{signal, spawn};
use std::{env, error::Error};

// ANCHOR: handler
#[evergreen::task]
async fn handle_connection(client: TcpConnection) {
    let Ok(peer) = client.peer_addr() else { return };
    println!("{peer} connected");
    while let Ok(line) = client.read_until(b"\n").await {
        // An empty line is the end. A client that does not read has its lines held for it, up to a
        // limit.
        if line.is_empty() || client.write(&line).is_err() {
            break;
        }
    }
    println!("{peer} closed");
}
// ANCHOR_END: handler

#[evergreen::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = env::args().nth(1).unwrap_or_else(|| "1234".to_owned());
    // ANCHOR: serve
    let server = TcpServer::new(handle_connection);
    server.bind(format!("127.0.0.1:{port}"))?;
    println!("listening on {}", server.local_addr()?);
    let serving = spawn({
        let server = server.clone();
        async move { server.serve().await }
    });
    signal::ctrl_c().await?;
    println!("stopping");
    // Each handler that waits for a line is told, and so is `serve`.
    server.close();
    serving.await??;
    // ANCHOR_END: serve
    Ok(())
}
